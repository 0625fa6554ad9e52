"""Whether there is a GPU to use, asked of the driver alone: no Python binding, no CUDA runtime, no context.

Without a driver some of NVIDIA's libraries crash the process instead of saying so; therefore this is asked before any of them is touched.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

DRIVER = "libcuda.so.1"
INSTALL_DRIVER = "install NVIDIA's driver (on a Jetson it comes with JetPack); nvidia-smi shows whether it works"


@dataclass(frozen=True, slots=True)
class Probe:
    """How many devices there are; where none, ``why`` and what to do."""

    devices: int
    why: str = ""


def probe(library: str = DRIVER) -> Probe:
    """Ask the driver for its devices. Makes no context; about a millisecond where there is no driver, some tens where there is."""
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        return Probe(0, f"no NVIDIA driver here ({library} cannot be loaded); {INSTALL_DRIVER}")
    count = ctypes.c_int(0)
    code = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    if code:
        return Probe(0, f"the NVIDIA driver finds no GPU: {_text(driver, code)}; {INSTALL_DRIVER}")
    if not count.value:
        return Probe(0, f"the NVIDIA driver is there, but no GPU; {INSTALL_DRIVER}")
    return Probe(count.value)


def _text(driver: ctypes.CDLL, code: int) -> str:
    text = ctypes.c_char_p()
    driver.cuGetErrorString(code, ctypes.byref(text))
    return f"{(text.value or b'unknown').decode()} (CUresult {code})"
