"""The specification: each kernel as the formula in the paper, in plain NumPy, with no eye to speed."""
