"""One BLAS call from inside a kernel, on parts of matrices: np.dot there wants whole contiguous arrays.

A large product can so be cut by columns, and each thread reads its own part of W only. The addresses are those of
SciPy's BLAS, the one that Numba's np.dot calls too.
"""

from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numba import types
from numba.extending import get_cython_function_address

from ..policy import JIT, kernel

if not JIT:

    def product(c, a, b, turn_a, turn_b):
        c[...] = np.dot(a.T if turn_a else a, b.T if turn_b else b)

else:
    for _name in ("sgemm", "dgemm"):
        llvm.add_symbol(f"minimalbp_{_name}", get_cython_function_address("scipy.linalg.cython_blas", _name))
    _SIGNATURE = types.void(*[types.voidptr] * 13)
    _sgemm: Any = types.ExternalFunction("minimalbp_sgemm", _SIGNATURE)
    _dgemm: Any = types.ExternalFunction("minimalbp_dgemm", _SIGNATURE)

    @kernel
    def product(c, a, b, turn_a, turn_b):
        """c = a b, either turned (transposed) on demand. Rows are contiguous; the way from row to row is free.

        Fortran sees each matrix turned, so it is asked for cᵀ = bᵀ aᵀ.
        """
        letters = np.array([ord("N"), ord("T")], np.uint8)
        k = a.shape[0] if turn_a else a.shape[1]
        sizes = np.array([c.shape[1], c.shape[0], k], np.int32)
        steps = np.array([_step(b), _step(a), _step(c)], np.int32)
        one_zero = np.array([1, 0], c.dtype)
        turned_b, turned_a = letters[int(turn_b) :].ctypes, letters[int(turn_a) :].ctypes
        m, n, depth = sizes.ctypes, sizes[1:].ctypes, sizes[2:].ctypes
        one, zero = one_zero.ctypes, one_zero[1:].ctypes
        if c.itemsize == 4:
            _sgemm(turned_b, turned_a, m, n, depth, one, b.ctypes, steps.ctypes, a.ctypes, steps[1:].ctypes,
                   zero, c.ctypes, steps[2:].ctypes)  # fmt: skip
        else:
            _dgemm(turned_b, turned_a, m, n, depth, one, b.ctypes, steps.ctypes, a.ctypes, steps[1:].ctypes,
                   zero, c.ctypes, steps[2:].ctypes)  # fmt: skip

    @kernel
    def _step(a):
        """Elements from row to row; BLAS wants at least the width, also where there is only one row."""
        return max(a.strides[0] // a.itemsize, a.shape[1], 1)
