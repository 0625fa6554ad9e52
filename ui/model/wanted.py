"""Which parts the review screen lists: its filters, the questions to the history they make, and whether a part that comes in fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from enum import Enum
from typing import Any

from ui.model.live import Kind, kind_of
from ui.model.part_facts import largest_area, near_threshold

Part = Mapping[str, Any]
Params = dict[str, Any]

BORDERLINE = 0.1  # of the threshold: an accepted part that near deserves a look
PAGE = 100  # rows a question


class Span(str, Enum):
    """Back to when."""

    HOUR = "hour"
    SHIFT = "shift"  # 8 h
    TODAY = "today"
    WEEK = "week"
    RANGE = "range"  # from - to


class Which(str, Enum):
    """By the machine's verdict and the part's outcome."""

    ATTENTION = "attention"  # whatever was not accepted, and what was accepted near the threshold
    NOT_ACCEPTED = "not_accepted"
    REJECTED = "rejected"
    REVIEW = "review"
    MISSED = "missed"
    ACCEPTED = "accepted"
    ALL = "all"


_LENGTHS = {Span.HOUR: timedelta(hours=1), Span.SHIFT: timedelta(hours=8), Span.WEEK: timedelta(days=7)}
_BAD = {"outcomes": ["rejected", "missed"]}
_GOOD = {"outcomes": ["accepted"]}
_ASKED: dict[Which, tuple[Params, ...]] = {
    Which.ATTENTION: (_BAD, {**_GOOD, "borderline": BORDERLINE}),
    Which.NOT_ACCEPTED: (_BAD,),
    Which.REJECTED: ({"outcomes": ["rejected"], "verdict": "reject"},),
    Which.REVIEW: ({"outcomes": ["rejected"], "verdict": "review"},),
    Which.MISSED: ({"outcomes": ["missed"]},),
    Which.ACCEPTED: (_GOOD,),
    Which.ALL: ({},),
}
_KINDS = {
    Which.NOT_ACCEPTED: (Kind.REJECT, Kind.REVIEW, Kind.MISSED),
    Which.REJECTED: (Kind.REJECT,),
    Which.REVIEW: (Kind.REVIEW,),
    Which.MISSED: (Kind.MISSED,),
    Which.ACCEPTED: (Kind.ACCEPT,),
    Which.ALL: (Kind.ACCEPT, Kind.REJECT, Kind.REVIEW, Kind.MISSED),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters; each narrows what the others let through.

    ``since`` and ``until`` are of ``Span.RANGE``, aware. ``recipe`` is a name; empty: any. Areas are px of the largest region, both
    included. ``borderline`` is a share of the threshold, 0..1. ``person`` is a person's verdict, "none" what nobody has judged; empty: any.
    """

    span: Span = Span.TODAY
    since: datetime | None = None
    until: datetime | None = None
    which: Which = Which.ATTENTION
    recipe: str = ""
    area_min: int | None = None
    area_max: int | None = None
    borderline: float | None = None
    person: str = ""

    def begin(self, now: datetime) -> datetime | None:
        """The earliest moment; today began at midnight of this machine's zone. None: no limit."""
        if self.span is Span.RANGE:
            return self.since
        if self.span is Span.TODAY:
            # From the naive midnight: on the day the clocks change its offset is not that of now
            return datetime.combine(now.astimezone().date(), time()).astimezone()
        return now - _LENGTHS[self.span]

    def questions(self, now: datetime, limit: int = PAGE) -> tuple[Params, ...]:
        """Parameters of ``history.query`` whose answers, newest first, make the list together; no part answers two of them."""
        begin, end = self.begin(now), self.until if self.span is Span.RANGE else None
        narrowed = {
            "since": _text(begin),
            "until": _text(end),
            "recipe": self.recipe or None,
            "area_min": self.area_min,
            "area_max": self.area_max,
            "borderline": self.borderline,
            "person": self.person or None,
            "limit": limit,
        }
        kept = {name: value for name, value in narrowed.items() if value is not None}
        return tuple(_both(kept, asked) for asked in _ASKED[self.which])

    def fits(self, part: Part, now: datetime) -> bool:
        """Whether a part that the line has just told of belongs to the list; nobody has judged it yet."""
        return (
            (self.span is not Span.RANGE or ((self.since is None or self.since <= now) and (self.until is None or now < self.until)))
            and self.person in ("", "none")
            and (not self.recipe or str(part.get("recipe", "")).partition(":")[0] == self.recipe)
            and (self.area_min is None or largest_area(part) >= self.area_min)
            and (self.area_max is None or largest_area(part) <= self.area_max)
            and (self.borderline is None or near_threshold(part, self.borderline))
            and self._is_one(part)
        )

    def _is_one(self, part: Part) -> bool:
        if self.which is Which.ATTENTION:
            return kind_of(part) is not Kind.ACCEPT or near_threshold(part, BORDERLINE)
        return kind_of(part) in _KINDS[self.which]


def _both(kept: Params, asked: Params) -> Params:
    """Two limits of how near the threshold: the narrower one."""
    nearest = [limit["borderline"] for limit in (kept, asked) if "borderline" in limit]
    return {**kept, **asked, **({"borderline": min(nearest)} if nearest else {})}


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(timezone.utc).isoformat()
