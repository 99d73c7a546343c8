"""What a measurement ran on: versions, processor, threads."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any

from .. import __version__
from ..backend import cores
from ..errors import BadInput

LIBRARIES = ("numpy", "numba", "scipy", "scikit-learn")


def machine() -> dict[str, Any]:
    """The processor, its cores, the system, and the versions of the libraries that compute.

    Returns
    -------
    dict of str to str, int or None
        Ready for JSON. The version of a library that is not installed is None.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> list(mbp.machine())
    ['minimalbp', 'python', 'numpy', 'numba', 'scipy', 'scikit-learn', 'system', 'cpu', 'cores']
    """
    return {
        "minimalbp": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cores": cores(),
    }


def check_memory(need: float, what: str, remedy: str) -> None:
    """Raise BadInput where `what` needs more bytes than this machine has: the system would end the process."""
    have = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else need
    if need > have:
        raise BadInput(
            f"{what} needs {need / 1e9:.0f} GB of memory, but there are {have / 1e9:.0f}; use {remedy}"
        )


def peak_memory() -> int | None:
    """The most bytes that this process has held; None where the system does not say."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def version(package: str) -> str | None:
    """The version of an installed package, or None.

    Parameters
    ----------
    package : str
        Its name in the package index, such as "scikit-learn".

    Returns
    -------
    str or None

    Examples
    --------
    >>> from minimalbp.measure import version
    >>> print(version("no-such-package"))
    None
    """
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def thread_pools() -> list[dict[str, Any]]:
    """The BLAS and OpenMP libraries loaded in this process, and Numba: name, version, threads."""
    import numba
    import numpy  # noqa: F401  both bring a BLAS of their own
    import scipy.linalg.cython_blas  # noqa: F401
    from threadpoolctl import threadpool_info

    pools = [
        {"pool": p["internal_api"], "version": p.get("version"), "kernels": p.get("architecture"),
         "threads": p["num_threads"], "library": Path(p["filepath"]).name}
        for p in threadpool_info()
    ]  # fmt: skip
    numba_pool = {"pool": "numba", "version": numba.__version__, "kernels": None,
                  "threads": numba.get_num_threads(), "library": "its own threading layer"}  # fmt: skip
    return [*pools, numba_pool]


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
