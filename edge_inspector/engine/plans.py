"""TensorRT plans: which package reads them, the key under which one is kept, and why there is none for this device.

The package is `tensorrt` (NVIDIA's, JetPack's) or `tensorrt_rtx` (TensorRT for RTX: a wheel for GeForce and RTX cards), which share the API
that is used here, of 10.x and 11.x alike, but not their plans: the key's version says which.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from edge_inspector.engine.bundle import Bundle, bundle_hash
from edge_inspector.engine.cuda.base import Device
from edge_inspector.engine.forms import Form, find_form, forms_of, key_of
from edge_inspector.errors import EngineError, FormError, FormMissing
from edge_inspector.settings.certificate import FormKey, Precision

log = logging.getLogger(__name__)

BACKEND, PLAN = "tensorrt", "model.plan"
PACKAGES = ("tensorrt", "tensorrt_rtx")
INSTALL = 'pip install "edge-inspector[gpu]"; on a Jetson take JetPack\'s own package (docs/engines-gpu.md)'
# The first compute capability that computes in the precision; int8 by DP4A, fp16 by half arithmetic.
_NEEDS: dict[Precision, tuple[int, int]] = {"fp16": (5, 3), "int8": (6, 1)}
_LOG_ERROR = 1  # ILogger.Severity.ERROR; 0 is INTERNAL_ERROR, 2 WARNING
_KEPT_ERRORS = 4


@dataclass(frozen=True, slots=True)
class TensorRt:
    """The package. ``version`` names it for the key: 10.9.0.34, or rtx-1.7.1.116."""

    module: Any
    version: str
    rtx: bool


def present() -> tuple[str, ...]:
    """The packages of `PACKAGES` that are installed; imports none."""
    return tuple(name for name in PACKAGES if find_spec(name) is not None)


def load_tensorrt() -> TensorRt:
    """Import the package. Only its builder may be used without a driver: other calls crash the process. EngineError where there is none."""
    name = next(iter(present()), "")
    if not name:
        raise EngineError(f"TensorRT is not installed (looked for {' and '.join(PACKAGES)}); {INSTALL}")
    try:
        module = import_module(name)
    except (ImportError, OSError, RuntimeError) as error:  # RuntimeError: the wheel's own, where its libraries are absent
        raise EngineError(f"TensorRT ({name}) cannot be imported: {error}; {INSTALL}") from error
    rtx = name != PACKAGES[0]
    return TensorRt(module, f"{'rtx-' if rtx else ''}{module.__version__}", rtx)


class Messages:
    """What TensorRT logs: errors are kept, to be told with the failure that they explain; the rest goes to the debug log."""

    def __init__(self, trt: Any) -> None:  # noqa: ANN401 - the module
        self._errors: deque[str] = deque(maxlen=_KEPT_ERRORS)
        messages = self

        class Logger(trt.ILogger):  # type: ignore[misc]
            def __init__(self) -> None:
                trt.ILogger.__init__(self)

            def log(self, severity: Any, text: str) -> None:  # noqa: ANN401 - TensorRT's enum
                messages.note(int(severity), text)

        self.logger = Logger()

    def note(self, severity: int, text: str) -> None:
        """Called by TensorRT, on any of its threads."""
        if severity <= _LOG_ERROR:
            self._errors.append(text.strip())
        log.debug("TensorRT: %s", text)

    def take(self) -> str:
        """The errors since the last call, as one text."""
        text = " | ".join(dict.fromkeys(self._errors))
        self._errors.clear()
        return text or "TensorRT gives no reason"


def device_name(trt: TensorRt, device: Device) -> str:
    """The key's device: TensorRT compiles for one model of GPU; TensorRT for RTX for every one of its compute capability."""
    return device.sm if trt.rtx else f"{device.name} {device.sm}"


def unsupported(trt: TensorRt, capability: tuple[int, int]) -> str:
    """Why this TensorRT builds nothing for a compute capability; empty where it does. TensorRT for RTX lists those that it knows."""
    known = [name for name in dir(trt.module.ComputeCapability) if name.startswith("SM")] if trt.rtx else []
    if not trt.rtx or f"SM{capability[0]}{capability[1]}" in known:
        return ""
    offered = ", ".join(f"{name[2:-1]}.{name[-1]}" for name in known)
    return f"TensorRT {trt.version} builds for no device of compute capability {capability[0]}.{capability[1]}; it knows {offered}"


def plan_key(bundle: Bundle, trt: TensorRt, device: str, precision: Precision) -> FormKey:
    """The key of a plan."""
    return key_of(bundle, BACKEND, trt.version, device, precision)


def check_precision(device: Device, precision: Precision) -> None:
    """Raises FormError where the device does not compute in ``precision``."""
    needed = _NEEDS.get(precision)
    if needed is not None and device.compute_capability < needed:
        raise FormError(
            f"{device.name} ({device.sm}) does not compute in {precision}, which needs sm{needed[0]}{needed[1]} or newer; choose f32"
        )


def require_plan(bundle: Bundle, key: FormKey) -> Form:
    """The plan, verified. Raises FormMissing where nobody has built one, FormError where it is damaged, or there are others' only."""
    form = find_form(bundle, key)
    if form is not None:
        return form
    others = [f.record.key for f in forms_of(bundle, BACKEND) if f.record.key.precision == key.precision]
    command = f"edge-inspector models build {bundle.folder} --backend {BACKEND} --precision {key.precision}"
    wanted = f"no plan for bundle {key.bundle}, {key.precision}, {key.device}, TensorRT {key.version}"
    if not others:
        raise FormMissing(f"{wanted}; build it: {command}")
    raise FormError(f"{wanted}; there is one {', one '.join(_difference(o, key) for o in others)}; build it again: {command}")


def current(bundle: Bundle, key: FormKey) -> bool:
    """Whether a form is of the bundle as it is now."""
    return key.bundle_hash == bundle_hash(bundle.manifest)


def _difference(other: FormKey, key: FormKey) -> str:
    """How another plan's key differs, for people."""
    reasons = [
        text
        for differs, text in (
            (other.bundle_hash != key.bundle_hash, "of the bundle before it was changed"),
            (other.device != key.device, f"for another device ({other.device})"),
            (other.version != key.version, f"by another version (TensorRT {other.version})"),
        )
        if differs
    ]
    return " and ".join(reasons)
