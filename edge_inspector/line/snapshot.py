"""What the line says of itself, as one immutable record."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from edge_inspector.records import Condition, State
from edge_inspector.service import utc_text

RULES = ("accept_threshold", "reject_threshold", "region_threshold", "minimum_area_px", "reject_area_px", "roi", "dont_care")


@dataclass(frozen=True, slots=True)
class CameraState:
    """A camera: whether it is open, and the trigger count it took last (None: none yet)."""

    name: str
    connected: bool
    last_count: int | None


@dataclass(frozen=True, slots=True)
class PlcState:
    """A gate client that is there, or was: how long ago it was last heard, ms."""

    name: str
    connected: bool
    silent_ms: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The line at one moment. ``counts`` are of this run of the process: triggers, accepted, rejected, review, missed, late, open.

    ``thresholds`` are the rules (``RULES``) of the recipe that decides, as JSON values. ``certificate`` sums up the proof that the engine
    decides as torch does (`Certificate.summary`), or that one that was refused does not; None where there is none.
    """

    station: str
    state: State
    epoch: int
    recipe: str
    bundle: str
    backend: str
    precision: str
    gates: tuple[str, ...]
    counts: dict[str, int]
    last_seq: int
    trigger_count: int
    waiting: int
    exhausted: bool
    conditions: tuple[Condition, ...]
    cameras: tuple[CameraState, ...] = ()
    plc: tuple[PlcState, ...] = ()
    thresholds: dict[str, Any] = field(default_factory=dict)
    certificate: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON values, for control and status."""
        values = asdict(self)
        values["state"] = self.state.value
        for name in ("gates", "cameras", "plc"):
            values[name] = list(values[name])
        values["conditions"] = [
            {
                "name": c.name,
                "severity": c.severity.value,
                "message": c.message,
                "since_utc": utc_text(c.since_utc),
                "active": c.active,
                "acknowledged": c.acknowledged,
                "confirmed_by": c.confirmed_by,
            }
            for c in self.conditions
        ]
        return values
