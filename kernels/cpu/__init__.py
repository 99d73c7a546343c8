"""Numba kernels, and BLAS called from inside them. One file per module of the contract.

`products/` holds the matrix products, `recurrence/` the loops of an LSTM, `normalisation/` those of norm.py.
policy.py decides how all of them are compiled, and cache.py when what was compiled earlier is still right.
"""
