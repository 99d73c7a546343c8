"""The arithmetic of minimalbp, once for each backend: the contract.

`reference` is plain NumPy and THE SPECIFICATION; `cpu` is Numba and BLAS. Each backend is a package with the
same modules, the same functions and the same parameters (`tests/kernels/test_contract.py` compares the signatures):

    linear      y = x Wᵀ + b, also of several layers, and the backward products: all units, shared rows, or chosen
                per example
    sparse      the same where W has entries on the edges of a graph only
    conv        the same for the windows of pictures
    packed      the same with some columns of W only
    sparse_conv the same where filters read some channels only, those of a graph
    pool        the largest entry, or the mean, of windows of pictures
    norm        batch normalisation, local response normalisation
    select      which units get a gradient
    activation  element-wise forward and backward, dropout
    embedding   rows of tables by ids, and the gradient of the rows that occur
    lstm        the loops of an LSTM over time, forward and backward, with the choice at each step
    loss        softmax with cross-entropy
    update      SGD, AdaGrad, Adam: one pass over the rows they touch

Rules
-----
* Outputs come first and the caller allocates them. Nothing is returned, except by `embedding.forward`: the index
  of the first id outside its table, or -1. Outputs never overlap inputs, except where a docstring says "in place".
* Arrays are C-contiguous and of one floating type (float32 or float64); indices, labels and sizes are int32.
* A matrix of weights is (n_out, n_in): one contiguous row per output unit.
* `work` is scratch memory, of the shape that a docstring gives; what it holds afterwards is undefined.
* Kernels are given random numbers and never draw them. They check nothing: the engine has checked.
* NaN and infinity travel as in NumPy: no kernel may assume that they do not occur.
"""
