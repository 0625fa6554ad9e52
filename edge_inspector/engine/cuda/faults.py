"""What the driver's errors mean, by the driver's own texts: the two bindings pass on the same ones, with different codes.

NVIDIA's CUDA Runtime API says of the sticky ones that they leave the process in an inconsistent state, in which any further CUDA work
returns the same error: "To continue using CUDA, the process must be terminated and relaunched."
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_inspector.errors import CudaError


@dataclass(frozen=True, slots=True)
class Fault:
    """``remedy`` is what to do; ``sticky``: only a new process can use the device again."""

    remedy: str
    sticky: bool = False


RESTART = "only a new process can use the GPU again: restart the line"
_DIED = Fault(RESTART, sticky=True)
_LOST = Fault(f"the GPU or its driver is gone: look at dmesg and nvidia-smi; {RESTART}", sticky=True)
_BROKEN = Fault(f"the GPU reports a hardware error: look at dmesg (Xid) and nvidia-smi -q; {RESTART}", sticky=True)
_NO_DRIVER = Fault("install NVIDIA's driver for this GPU (on a Jetson it comes with JetPack), or one as new as the CUDA package asks for")

FAULTS: dict[str, Fault] = {
    "out of memory": Fault("end other programs on the GPU, or build the plan for smaller batches (--batch)"),
    "illegal memory access": _DIED,
    "illegal instruction": _DIED,
    "misaligned address": _DIED,
    "invalid program counter": _DIED,
    "global/shared address space": _DIED,
    "device-side assert": _DIED,
    "unspecified launch failure": _DIED,
    "launch timed out": _DIED,
    "tensor memory not completely freed": _DIED,
    "context is destroyed": _DIED,
    "ecc error": _BROKEN,
    "nvlink error": _BROKEN,
    "hardware stack error": _BROKEN,
    "a hardware error": _BROKEN,
    "driver shutting down": _LOST,
    "unknown error": _LOST,
    "no cuda-capable device": Fault("no NVIDIA GPU is seen: look at nvidia-smi, and whether this container or service may use it"),
    "busy or unavailable": Fault("another process holds the GPU for itself: look at nvidia-smi -q -d COMPUTE"),
    "driver version is insufficient": _NO_DRIVER,
    "display driver / cuda driver combination": _NO_DRIVER,
    "no kernel image": Fault("what was compiled is not for this GPU: build the plan again, on it"),
}
_UNKNOWN = Fault("the engine is built anew at the next part")


def known(text: str) -> bool:
    """Whether a text tells of a fault of the device or its driver: another library's failure may be theirs."""
    return _fault(text) is not None


def cuda_error(what: str, text: str) -> CudaError:
    """The error for a failed call: ``what`` was done, and the driver's text."""
    fault = _fault(text) or _UNKNOWN
    return CudaError(f"{what}: {text}; {fault.remedy}", sticky=fault.sticky)


def _fault(text: str) -> Fault | None:
    lower = text.lower()
    return next((fault for fragment, fault in FAULTS.items() if fragment in lower), None)
