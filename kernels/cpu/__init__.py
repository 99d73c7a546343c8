"""Numba kernels, and BLAS called from inside them. One file per module of the contract.

Functions that call each other stay in one file: numba's cache does not notice a change in another file. The
exceptions are `product` (blas.py), all of tile.py, `dot_block`, `panel_block` and `add_bias` (dense.py), chain.py,
flag.py, cell.py, `look_up` (embedding.py), `times_dense_shared` (sparse.py), `choose`, `room` and `score_units`
(select.py), `sum_rows` and `steps_of` (recurrent_sparse.py), and what policy.py decides: after a change
there delete the cached files.
"""
