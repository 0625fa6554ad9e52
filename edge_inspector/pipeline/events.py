"""What the pipeline's threads tell the line's main loop. Events are facts; the main loop alone decides what follows."""

from __future__ import annotations

from dataclasses import dataclass

from edge_inspector.judge import Judge
from edge_inspector.pipeline.counts import Slip


@dataclass(frozen=True, slots=True)
class EngineReady:
    """The engine is loaded and warm."""

    judge: Judge


@dataclass(frozen=True, slots=True)
class EngineFailed:
    """The engine could not be loaded or warmed up."""

    error: Exception


@dataclass(frozen=True, slots=True)
class EngineLost:
    """The engine that ran can no more, whatever is loaded in this process; every part from now on is missed."""

    error: Exception


@dataclass(frozen=True, slots=True)
class EngineTrouble:
    """Parts are missed because the engine fails on them; None: the newest part was inspected."""

    detail: str | None


@dataclass(frozen=True, slots=True)
class EngineSlow:
    """The engine is slower than the line; None: it keeps up again."""

    detail: str | None


@dataclass(frozen=True, slots=True)
class CameraOpen:
    """A camera is connected."""

    camera: str = ""


@dataclass(frozen=True, slots=True)
class CameraLost:
    """A camera is not there; its thread keeps trying."""

    error: Exception
    camera: str = ""


@dataclass(frozen=True, slots=True)
class Exhausted:
    """A replayed source has delivered its last part."""

    detail: str


@dataclass(frozen=True, slots=True)
class CountSlip:
    """Another's trigger count and ours disagree; the camera thread takes no further part where it was the camera's."""

    slip: Slip


@dataclass(frozen=True, slots=True)
class SlipsHidden:
    """A trigger that this camera misses would not show while parts come as they do; ``hidden`` False: it would again."""

    hidden: bool
    camera: str = ""


PipelineEvent = (
    EngineReady | EngineFailed | EngineLost | EngineTrouble | EngineSlow | CameraOpen | CameraLost | Exhausted | CountSlip | SlipsHidden
)
