"""What the line says of itself, as one immutable record."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from edge_inspector.records import Condition, State
from edge_inspector.service import utc_text


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The line at one moment. ``counts`` are of this run of the process: triggers, accepted, rejected, review, missed, late, open."""

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

    def to_json(self) -> dict[str, Any]:
        """As JSON values, for control and status."""
        values = asdict(self)
        values["state"] = self.state.value
        values["gates"] = list(self.gates)
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
