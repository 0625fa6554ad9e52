"""Engines by name, imported when first asked for, so that a missing driver breaks only its user."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import cast

from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.certified import open_certified
from edge_inspector.errors import EngineError

# name: (package it drives or "", module, class, how to install it); `auto` takes the first that is present, the stub only by name
_ENGINES = {
    "openvino": ("openvino", "edge_inspector.engine.openvino", "OpenVinoEngine", "pip install openvino"),
    "onnxruntime": ("onnxruntime", "edge_inspector.engine.onnxruntime", "OnnxRuntimeEngine", 'pip install "edge-inspector[onnxruntime]"'),
    "stub": ("", "edge_inspector.engine.stub", "StubEngine", ""),
}
AUTO = ("openvino", "onnxruntime")
NAMES = tuple(_ENGINES)


def available() -> tuple[str, ...]:
    """The backends whose packages are installed, best first; the stub is always last."""
    return tuple(name for name in NAMES if _present(name))


def open_engine(bundle: Bundle, backend: str = "auto", threads: int = 0, precision: str = "auto") -> Engine:
    """Load a bundle on a backend.

    ``backend`` is one of `NAMES` or ``auto``, the best present; ``threads`` 0 leaves the number to the backend; ``precision`` ``auto`` is
    float32 until a faster one has passed its certificate (`engine.certified`). Raises EngineError for an unknown or absent backend (naming
    what installs it) or an unknown precision, BundleError for a graph that is not as its manifest says, FormError for a compiled form that
    is missing or damaged.
    """
    name = chosen(backend)
    opener = partial(_load(name), bundle, threads)
    return open_certified(bundle, name, opener) if precision == "auto" else opener(precision)


def chosen(backend: str) -> str:
    """The backend that a setting names; of ``auto`` the best present. Raises EngineError where none is."""
    return _best() if backend == "auto" else backend


def _best() -> str:
    name = next((name for name in AUTO if _present(name)), None)
    if name is None:
        raise EngineError(f"no inference backend is installed; {_ENGINES['openvino'][3]}, or {_ENGINES['onnxruntime'][3]}")
    return name


def _present(name: str) -> bool:
    package = _ENGINES[name][0]
    return not package or find_spec(package) is not None


def _load(name: str) -> Callable[[Bundle, int, str], Engine]:
    if name not in _ENGINES:
        raise EngineError(f"unknown backend '{name}'; one of auto, {', '.join(NAMES)}")
    package, module, kind, install = _ENGINES[name]
    try:
        return cast("Callable[[Bundle, int, str], Engine]", getattr(import_module(module), kind))
    except ImportError as error:
        raise EngineError(f"backend {name} needs {package}, which cannot be imported ({error}); {install}") from error
