"""One BLAS call from inside a kernel, on parts of matrices, where np.dot takes whole contiguous arrays only.

So a large product can be cut by columns, and each thread reads its own part of W only. The addresses are those of
SciPy's BLAS, which Numba's np.dot calls too.
"""

from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numba import types
from numba.extending import get_cython_function_address

from ..policy import JIT, kernel

if not JIT:

    def product(c, a, b, transpose_a, transpose_b):
        c[...] = np.dot(a.T if transpose_a else a, b.T if transpose_b else b)

else:
    for _name in ("sgemm", "dgemm"):
        llvm.add_symbol(f"minimalbp_{_name}", get_cython_function_address("scipy.linalg.cython_blas", _name))
    _SIGNATURE = types.void(*[types.voidptr] * 13)
    _sgemm: Any = types.ExternalFunction("minimalbp_sgemm", _SIGNATURE)
    _dgemm: Any = types.ExternalFunction("minimalbp_dgemm", _SIGNATURE)

    @kernel
    def product(c, a, b, transpose_a, transpose_b):
        """c = a b, with aᵀ for a, or bᵀ for b, if asked. Each row is contiguous; rows may lie at any distance.

        Fortran sees each matrix transposed, so it is asked for cᵀ = bᵀ aᵀ.
        """
        letters = np.array([ord("N"), ord("T")], np.uint8)
        k = a.shape[0] if transpose_a else a.shape[1]
        sizes = np.array([c.shape[1], c.shape[0], k], np.int32)
        steps = np.array([_step(b), _step(a), _step(c)], np.int32)
        one_zero = np.array([1, 0], c.dtype)
        letter_b, letter_a = letters[int(transpose_b) :].ctypes, letters[int(transpose_a) :].ctypes
        m, n, depth = sizes.ctypes, sizes[1:].ctypes, sizes[2:].ctypes
        one, zero = one_zero.ctypes, one_zero[1:].ctypes
        if c.itemsize == 4:
            _sgemm(letter_b, letter_a, m, n, depth, one, b.ctypes, steps.ctypes, a.ctypes, steps[1:].ctypes,
                   zero, c.ctypes, steps[2:].ctypes)  # fmt: skip
        else:
            _dgemm(letter_b, letter_a, m, n, depth, one, b.ctypes, steps.ctypes, a.ctypes, steps[1:].ctypes,
                   zero, c.ctypes, steps[2:].ctypes)  # fmt: skip

    @kernel
    def _step(a):
        """Elements from row to row. BLAS demands at least the width, even for a single row."""
        return max(a.strides[0] // a.itemsize, a.shape[1], 1)
