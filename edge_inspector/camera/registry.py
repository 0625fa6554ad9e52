"""Cameras by driver name, imported when asked for: a missing vendor package breaks only its own driver."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from edge_inspector.camera.base import Camera
from edge_inspector.errors import CameraError
from edge_inspector.settings.cameras import CameraSettings

# driver -> module with ``build(settings) -> Camera``, and the extra that brings what it needs ("" : nothing beyond the core)
DRIVERS: dict[str, tuple[str, str]] = {
    "basler": ("edge_inspector.camera.basler", "basler"),
    "folder": ("edge_inspector.camera.folder", ""),
    "genicam": ("edge_inspector.camera.genicam", "genicam"),
    "opencv": ("edge_inspector.camera.opencv", ""),
    "simulated": ("edge_inspector.camera.simulated", ""),
}


def open_camera(settings: CameraSettings) -> Camera:
    """The camera that the settings name, built but not connected: its own thread calls ``open``.

    Raises CameraError for an unknown driver, or one whose package is not installed, naming the extra to install.
    """
    if settings.driver not in DRIVERS:
        raise CameraError(f"camera {settings.name}: no driver '{settings.driver}'; there are: {', '.join(sorted(DRIVERS))}")
    module, extra = DRIVERS[settings.driver]
    try:
        build = cast(Callable[[CameraSettings], Camera], import_module(module).build)
    except ImportError as error:
        hint = f'pip install "edge-inspector[{extra}]"' if extra else "reinstall edge-inspector"
        raise CameraError(f"camera {settings.name}: driver '{settings.driver}' cannot be loaded ({error}); {hint}") from error
    return build(settings)
