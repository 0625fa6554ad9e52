"""openvino, imported without its telemetry: the one place that imports it."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

__all__ = ["opset", "ov"]
_TELEMETRY = "openvino_telemetry"


def _import_quietly(name: str) -> ModuleType:
    """Import openvino, or a module of it, without its telemetry.

    Importing it reports the import to its maker over the network, from a thread of its own, and writes into the home folder; a line does
    neither. While it is imported its telemetry package looks absent, for which it has a stand-in that does nothing.
    """
    present = sys.modules.get(_TELEMETRY)
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
    try:
        return import_module(name)
    finally:
        del sys.modules[_TELEMETRY]
        if present is not None:
            sys.modules[_TELEMETRY] = present


if TYPE_CHECKING:
    import openvino as ov
    from openvino import opset13 as opset
else:
    ov, opset = _import_quietly("openvino"), _import_quietly("openvino.opset13")
