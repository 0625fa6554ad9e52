"""openvino, imported without its telemetry: the one place that imports it."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

__all__ = ["ov"]
_TELEMETRY = "openvino_telemetry"


def _import_quietly() -> ModuleType:
    """Import openvino without its telemetry.

    Importing it reports the import to its maker over the network, from a thread of its own, and writes into the home folder; a line does
    neither. While it is imported its telemetry package looks absent, for which it has a stand-in that does nothing.
    """
    present = sys.modules.get(_TELEMETRY)
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
    try:
        return import_module("openvino")
    finally:
        del sys.modules[_TELEMETRY]
        if present is not None:
            sys.modules[_TELEMETRY] = present


if TYPE_CHECKING:
    import openvino as ov
else:
    ov = _import_quietly()
