"""Numba kernels, and BLAS called from inside them. One file for each module of the contract.

`products` and `recurrence` do the work of `linear` and `lstm`. policy.py decides everything about Numba.
"""
