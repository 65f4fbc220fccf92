"""Ruach Studio: raw multicam footage in; synced, assembled, rendered and published artifacts out."""

import os

# Before NumPy is loaded: nothing here is worth a second BLAS thread, and those that NumPy and SciPy start wait in a loop
# (a fifth of a second at each start, more between calls); sums are also the same on every machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
