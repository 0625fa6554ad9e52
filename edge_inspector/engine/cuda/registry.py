"""The two bindings by name, imported when first asked for, and only once the driver has said that there is a device."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import cast

from edge_inspector.engine.cuda.base import Cuda
from edge_inspector.engine.cuda.probe import probe
from edge_inspector.errors import CudaError

CHOICE = "EDGE_INSPECTOR_CUDA"
"""The environment variable that chooses a binding; `auto` takes the first that is installed."""
INSTALL = 'pip install "edge-inspector[gpu]" (docs/engines-gpu.md says what a Jetson needs)'
# name: (package, module, class); the first has CUDA graphs
_BINDINGS = {
    "cuda-bindings": ("cuda.bindings", "edge_inspector.engine.cuda.bindings", "BindingsCuda"),
    "pycuda": ("pycuda", "edge_inspector.engine.cuda.pycuda", "PyCuda"),
}
NAMES = tuple(_BINDINGS)


def installed() -> tuple[str, ...]:
    """The bindings whose packages are here, best first. Imports none of them."""
    return tuple(name for name in NAMES if _present(name))


def open_cuda(name: str = "", index: int = 0) -> Cuda:
    """The device's primary context through a binding: ``name``, else what $EDGE_INSPECTOR_CUDA names, else the first installed.

    Raises CudaError: unknown binding, none installed, no driver, no such device; each says what to install or set.
    """
    chosen = _choose(name or os.environ.get(CHOICE, "") or "auto")
    found = probe()
    if not found.devices:
        raise CudaError(found.why)
    if index >= found.devices:
        raise CudaError(f"CUDA device {index}: there are {found.devices}, counted from 0; look at nvidia-smi -L")
    _package, module, kind = _BINDINGS[chosen]
    try:
        return cast("type[Cuda]", getattr(import_module(module), kind))(index)
    except ImportError as error:
        raise CudaError(f"CUDA binding {chosen} cannot be imported ({error}); {INSTALL}") from error


def _choose(name: str) -> str:
    if name not in ("auto", *NAMES):
        raise CudaError(f"unknown CUDA binding '{name}'; one of auto, {', '.join(NAMES)} (${CHOICE})")
    here = installed()
    if name == "auto" and here:
        return here[0]
    if name not in here:
        wanted = " or ".join(NAMES) if name == "auto" else name
        raise CudaError(f"the GPU is reached through {wanted}, which is not installed; {INSTALL}")
    return name


def _present(name: str) -> bool:
    try:
        return find_spec(_BINDINGS[name][0]) is not None
    except ModuleNotFoundError:  # the package around it is absent
        return False
