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
from edge_inspector.engine.cuda.probe import probe
from edge_inspector.errors import EngineError

# name: (packages, one of which it drives, module, class, how to install it); `auto` takes the first that is present, the stub only by name
_ENGINES: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    "tensorrt": (("tensorrt", "tensorrt_rtx"), "edge_inspector.engine.tensorrt", "TensorRtEngine", 'pip install "edge-inspector[gpu]"'),
    "openvino": (("openvino",), "edge_inspector.engine.openvino", "OpenVinoEngine", "pip install openvino"),
    "onnxruntime": (
        ("onnxruntime",),
        "edge_inspector.engine.onnxruntime",
        "OnnxRuntimeEngine",
        'pip install "edge-inspector[onnxruntime]"',
    ),
    "stub": ((), "edge_inspector.engine.stub", "StubEngine", ""),
}
AUTO = ("tensorrt", "openvino", "onnxruntime")
NAMES = tuple(_ENGINES)


def available() -> tuple[str, ...]:
    """The backends whose packages are installed, and whose device is there, best first; the stub is always last. Imports none of them."""
    return tuple(name for name in NAMES if not why_not(name))


def why_not(name: str) -> str:
    """What keeps a backend from running on this machine, and what to install; empty where nothing does."""
    return missing(name) or (probe().why if name == "tensorrt" else "")


def missing(name: str) -> str:
    """What is not installed for a backend, and how it comes here; empty where all is. Its device may be absent all the same."""
    packages, _module, _kind, install = _ENGINES[name]
    if packages and not any(find_spec(package) is not None for package in packages):
        return f"{' or '.join(packages)} is not installed; {install}"
    return ""


def open_engine(bundle: Bundle, backend: str = "auto", threads: int = 0, precision: str = "auto") -> Engine:
    """Load a bundle on a backend.

    ``backend`` is one of `NAMES` or ``auto``, the best present (of TensorRT's packages only the full one: the one for RTX runs by name);
    ``threads`` 0 leaves the number to the backend; ``precision`` ``auto`` is float32 until a faster one has passed its certificate
    (`engine.certified`). Raises EngineError for an unknown or absent backend (naming what installs it) or an unknown precision, BundleError
    for a graph that is not as its manifest says, FormMissing and FormError for a compiled form that is not there, or not as it was built.
    """
    name = chosen(backend)
    opener = partial(_load(name), bundle, threads)
    return open_certified(bundle, name, opener) if precision == "auto" else opener(precision)


def chosen(backend: str) -> str:
    """The backend that a setting names; of ``auto`` the best present. Raises EngineError where none is."""
    return _best() if backend == "auto" else backend


def engine_class(name: str) -> Callable[[Bundle, int, str], Engine]:
    """The class of a backend, imported. Raises EngineError where it is unknown or absent, naming what installs it."""
    return _load(name)


def _best() -> str:
    name = next((name for name in AUTO if _wanted(name) and not why_not(name)), None)
    if name is None:
        raise EngineError(f"no inference backend is installed; {_ENGINES['openvino'][3]}, or {_ENGINES['onnxruntime'][3]}")
    return name


def _wanted(name: str) -> bool:
    """TensorRT for RTX comes with our tests, too (docs/decisions/0014), so that to find it installed does not say that it is to run."""
    return name != "tensorrt" or find_spec("tensorrt") is not None


def _load(name: str) -> Callable[[Bundle, int, str], Engine]:
    if name not in _ENGINES:
        raise EngineError(f"unknown backend '{name}'; one of auto, {', '.join(NAMES)}")
    packages, module, kind, install = _ENGINES[name]
    try:
        return cast("Callable[[Bundle, int, str], Engine]", getattr(import_module(module), kind))
    except ImportError as error:
        raise EngineError(f"backend {name} needs {' or '.join(packages)}, which cannot be imported ({error}); {install}") from error
