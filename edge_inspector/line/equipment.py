"""What a line is built on: the machine's own, unless a rehearsal puts something in between to make it fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Engine as Database

from edge_inspector.camera.base import Camera
from edge_inspector.camera.registry import open_camera
from edge_inspector.engine.registry import open_engine
from edge_inspector.engine.shared import EngineOpener
from edge_inspector.service import Clock, SystemClock
from edge_inspector.settings.cameras import CameraSettings
from edge_inspector.store.database import open_database


@dataclass(frozen=True, slots=True)
class Equipment:
    """How clock, cameras, engines and the database are come by."""

    clock: Clock = field(default_factory=SystemClock)
    camera: Callable[[CameraSettings], Camera] = open_camera
    engine: EngineOpener = open_engine
    database: Callable[[str], Database] = open_database
