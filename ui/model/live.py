"""What the live screen shows: the verdict, the trend, the last rejects, the counters."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ui.model.part_facts import local_time

Part = dict[str, Any]

TREND = 200  # parts
REJECTS = 12
HOLD_S = 1.5  # so long a reject stays on the banner of a fast line
RATE_S = 10.0  # over so long parts a second are counted


class Kind(str, Enum):
    """What a banner can say. Each has its word, its symbol and its colour."""

    ACCEPT = "accept"
    REJECT = "reject"
    REVIEW = "review"
    MISSED = "missed"
    IDLE = "idle"  # the line inspects, no part has come yet
    STOPPED = "stopped"  # the line does not inspect
    OFFLINE = "offline"  # nobody knows


SEVERITIES = ("failure", "check_function", "out_of_specification", "maintenance_required")  # NAMUR NE 107, the worst first
INSPECTING = ("Ready", "SingleExecution", "ContinuousExecution")


def kind_of(part: Mapping[str, Any]) -> Kind:
    """What a part's verdict is called: a missed part is missed, whatever its verdict message says."""
    if part.get("outcome") == "missed":
        return Kind.MISSED
    return {"accept": Kind.ACCEPT, "review": Kind.REVIEW}.get(str(part.get("verdict")), Kind.REJECT)


@dataclass(frozen=True, slots=True)
class Banner:
    """The one thing seen from three metres. ``part`` is what it speaks of; ``recent`` rejects of the last ``HOLD_S``."""

    kind: Kind
    part: Part | None = None
    recent: int = 0


@dataclass(frozen=True, slots=True)
class Counters:
    """Of this run of the line. ``good`` is accepted over all triggers with an outcome, 0..1; None before the first."""

    triggers: int = 0
    accepted: int = 0
    rejected: int = 0
    review: int = 0
    missed: int = 0
    late: int = 0
    good: float | None = None


class LiveModel:
    """Fed with parts and states; asked by the screen whenever it paints. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.connected = False
        self.state: dict[str, Any] = {}
        self._trend: deque[Part] = deque(maxlen=TREND)
        self._rejects: deque[Part] = deque(maxlen=REJECTS)
        self._by_number: dict[int, Part] = {}
        self._last_bad: tuple[float, Part] | None = None
        self._bad_times: deque[float] = deque(maxlen=TREND)
        self._times: deque[float] = deque(maxlen=2000)

    def take(self, parts: Iterable[Part], now_s: float) -> None:
        """New parts, oldest first; those that come together, as after a gap, keep their distance in time."""
        parts = list(parts)
        for part, age_s in zip(parts, _ages(parts), strict=True):
            if self._trend and part["n"] <= self._trend[-1]["n"]:  # another run of the line
                self.forget()
            self._trend.append(part)
            self._times.append(now_s - age_s)
            if kind_of(part) is not Kind.ACCEPT:
                self._rejects.append(part)
                self._last_bad = (now_s - age_s, part)
                self._bad_times.append(now_s - age_s)
        self._by_number = {part["n"]: part for part in self._trend}

    def forget(self) -> None:
        """All parts: the line has begun anew, or another one is shown."""
        for kept in (self._trend, self._rejects, self._times, self._bad_times):
            kept.clear()
        self._by_number = {}
        self._last_bad = None

    def part(self, number: int) -> Part | None:
        """One of the last ``TREND`` parts by its number."""
        return self._by_number.get(number)

    @property
    def newest(self) -> Part | None:
        """The last part; None before the first."""
        return self._trend[-1] if self._trend else None

    @property
    def rejects(self) -> list[Part]:
        """The last parts that were not accepted, newest first."""
        return list(reversed(self._rejects))

    def holds(self, now_s: float) -> bool:
        """Whether a part that was not accepted is to stay in sight."""
        return self._last_bad is not None and now_s - self._last_bad[0] < HOLD_S

    def banner(self, now_s: float) -> Banner:
        """A reject stays for ``HOLD_S``, so that nobody overlooks it on a fast line."""
        if not self.connected:
            return Banner(Kind.OFFLINE)
        if self.state.get("state") not in INSPECTING:
            return Banner(Kind.STOPPED)
        recent = sum(1 for at in self._bad_times if now_s - at < HOLD_S)
        if self._last_bad is not None and self.holds(now_s):
            return Banner(kind_of(self._last_bad[1]), self._last_bad[1], recent)
        newest = self.newest
        return Banner(kind_of(newest), newest) if newest else Banner(Kind.IDLE)

    def scores(self) -> tuple[list[int], list[float], list[Kind]]:
        """Numbers, scores (NaN where there was none) and kinds of the last ``TREND`` parts, oldest first."""
        parts = list(self._trend)
        values = [math.nan if part.get("score") is None else float(part["score"]) for part in parts]
        return [int(part["n"]) for part in parts], values, [kind_of(part) for part in parts]

    @property
    def thresholds(self) -> tuple[float | None, float | None]:
        """Accept and reject threshold of the recipe that decides, as the line tells them; else the last part's own."""
        told = self.state.get("thresholds") or {}
        newest = self.newest or {}
        return told.get("accept_threshold", newest.get("threshold")), told.get("reject_threshold")

    @property
    def region_threshold(self) -> float | None:
        """Map value from which a pixel belongs to a region; None where the line does not say."""
        value = (self.state.get("thresholds") or {}).get("region_threshold")
        return None if value is None else float(value)

    def counters(self) -> Counters:
        """Of this run of the line."""
        counts = self.state.get("counts") or {}
        names = ("triggers", "accepted", "rejected", "review", "missed", "late")
        values = {name: int(counts.get(name, 0)) for name in names}
        done = values["accepted"] + values["rejected"] + values["missed"]
        return Counters(**values, good=values["accepted"] / done if done else None)

    def rate(self, now_s: float) -> float:
        """Parts a second over the last ``RATE_S``."""
        recent = sum(1 for at in self._times if now_s - at < RATE_S)
        return recent / RATE_S

    def latency_ms(self) -> float | None:
        """Median time from trigger to verdict over the trend; None where no part tells."""
        values = sorted(float(part["latency_ms"]) for part in self._trend if part.get("latency_ms") is not None)
        return values[len(values) // 2] if values else None

    def conditions(self) -> list[dict[str, Any]]:
        """What stands, the worst class first, the newest first within it."""
        listed = sorted(self.state.get("conditions") or (), key=lambda c: str(c.get("since_utc")), reverse=True)
        return sorted(
            listed, key=lambda c: (not c.get("active", True), SEVERITIES.index(c["severity"]) if c.get("severity") in SEVERITIES else 9)
        )


def _ages(parts: list[Part]) -> list[float]:
    """Seconds by which each part was triggered before the last of them; 0 where it does not say."""
    moments = [local_time(part.get("triggered_utc")) for part in parts]
    newest = max((moment for moment in moments if moment is not None), default=None)
    return [0.0 if moment is None or newest is None else (newest - moment).total_seconds() for moment in moments]
