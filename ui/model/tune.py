"""Thresholds and areas while somebody tunes them: what is in force, what is proposed, and what lies between. Nothing here takes effect."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any

from ui.model.shapes import Polygons, area_of, polygons_from

UNDO_MOST = 200
STALE_S = 2.0  # so long after a change of ours a message of the line may still speak of what was before


@dataclass(frozen=True, slots=True)
class Rules:
    """What the control method ``threshold`` can change. Scores and map values 0..1; areas and polygons in pixels of the camera image.

    ``reject_area_px`` None: no region rejects whatever the score.
    """

    accept_threshold: float
    reject_threshold: float
    region_threshold: float
    minimum_area_px: float = 0.0
    reject_area_px: float | None = None
    roi: Polygons = ()
    dont_care: Polygons = ()


KEYS = tuple(field.name for field in fields(Rules))
UNSCORED_KEYS = frozenset({"region_threshold", "minimum_area_px", "roi", "dont_care"})
"""What changes the scores themselves: stored scores cannot tell its effect."""


def rules_from(told: Mapping[str, Any] | None) -> Rules | None:
    """The rules that the line's state or a recipe's ``decision`` tells; None where a threshold is missing."""
    told = told or {}
    if any(told.get(key) is None for key in KEYS[:3]):
        return None
    limit = told.get("reject_area_px")
    return Rules(
        accept_threshold=float(told["accept_threshold"]),
        reject_threshold=float(told["reject_threshold"]),
        region_threshold=float(told["region_threshold"]),
        minimum_area_px=float(told.get("minimum_area_px") or 0.0),
        reject_area_px=None if limit is None else float(limit),
        roi=polygons_from(told.get("roi")),
        dont_care=polygons_from(told.get("dont_care")),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """One key, from ``old`` to ``new``."""

    key: str
    old: Any
    new: Any


def changes(base: Rules, draft: Rules) -> tuple[Change, ...]:
    """What differs, in the order of the rules."""
    pairs = ((key, getattr(base, key), getattr(draft, key)) for key in KEYS)
    return tuple(Change(key, old, new) for key, old, new in pairs if old != new)


def request(base: Rules, draft: Rules) -> dict[str, Any]:
    """The parameters of ``threshold``: every changed key, as JSON has it."""
    return {change.key: _listed(change.new) if isinstance(change.new, tuple) else change.new for change in changes(base, draft)}


def _listed(polygons: Polygons) -> list[list[list[float]]]:
    return [[list(point) for point in polygon] for polygon in polygons]


class Problem(str, Enum):
    """Why rules cannot be applied."""

    ORDER = "order"  # the reject threshold is below the accept threshold
    RANGE = "range"  # a threshold is not within 0..1, or an area not from 0
    FLAT = "flat"  # a polygon encloses nothing
    NOTHING = "nothing"  # ROI and don't-care areas leave nothing to inspect, so that every part would be rejected


def problems(rules: Rules, inspected_share: float | None = None) -> tuple[Problem, ...]:
    """What the line would refuse, and what would reject every part. ``inspected_share`` of the picture, 0..1, where one is known."""
    thresholds = (rules.accept_threshold, rules.reject_threshold, rules.region_threshold)
    in_range = all(0.0 <= value <= 1.0 for value in thresholds) and rules.minimum_area_px >= 0.0
    found = {
        Problem.ORDER: rules.reject_threshold < rules.accept_threshold,
        Problem.RANGE: not in_range or (rules.reject_area_px is not None and not rules.reject_area_px > 0.0),
        Problem.FLAT: any(area_of(polygon) <= 0.0 for polygon in (*rules.roi, *rules.dont_care)),
        Problem.NOTHING: inspected_share is not None and inspected_share <= 0.0,
    }
    return tuple(problem for problem, there in found.items() if there)


@dataclass(frozen=True, slots=True)
class Base:
    """Rules in force, and the recipe version (``name:version``) they are of."""

    label: str
    rules: Rules

    @property
    def name(self) -> str:
        """Of the recipe, without its version."""
        return self.label.rpartition(":")[0] or self.label


class TuneModel:
    """What is in force (``base``), what somebody proposes (``draft``), and what has been put in force elsewhere meanwhile (``newer``)."""

    def __init__(self) -> None:
        self.base: Base | None = None
        self.draft: Rules | None = None
        self.newer: Base | None = None
        self._past: list[Rules] = []
        self._gesture = ""
        self._stale = ("", -math.inf)
        self._known: dict[str, Rules] = {}  # by the label of every version that was told of

    @property
    def changed(self) -> tuple[Change, ...]:
        """What applying would change."""
        return changes(self.base.rules, self.draft) if self.base and self.draft else ()

    def told(self, label: str, rules: Rules, now_s: float) -> bool:
        """What the line says is in force; whether that changes anything here. ``now_s`` is monotonic."""
        said = Base(label, rules)
        self._known[label] = rules
        if label == self._stale[0] and now_s < self._stale[1]:
            return False
        before = (self.base, self.draft, self.newer)
        if self.base is None or not self.changed or rules in (self.draft, self.base.rules):
            keep = self.draft if self.base is not None and rules == self.base.rules else rules
            self._begin(said, keep or rules)
        else:
            self.newer = said
        return before != (self.base, self.draft, self.newer)

    def scored_alike(self, label: str) -> bool:
        """Whether scores that version ``label`` gave are those the version in force would give, as far as is known; empty: not told."""
        base, rules = self.base, self._known.get(label)
        if base is None or label in ("", base.label):
            return True
        return rules is not None and not UNSCORED_KEYS & {change.key for change in changes(base.rules, rules)}

    def applied(self, label: str, rules: Rules, now_s: float) -> None:
        """The line has taken the proposal as ``label``."""
        if self.base is not None and self.base.label != label:
            self._stale = (self.base.label, now_s + STALE_S)
        self._known[label] = rules
        self._begin(Base(label, rules), rules)

    def change(self, draft: Rules, gesture: str = "") -> bool:
        """Propose; changes of one ``gesture`` in a row are one step to undo. Whether it differs from before."""
        if self.draft is None or draft == self.draft:
            return False
        if not gesture or gesture != self._gesture:
            self._past = [*self._past, self.draft][-UNDO_MOST:]
        self._gesture = gesture
        self.draft = draft
        return True

    def settle(self) -> None:
        """A gesture is over."""
        self._gesture = ""

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._past)

    def undo(self) -> None:
        """Take back the last step."""
        self.settle()
        if self._past:
            self.draft = self._past.pop()

    def discard(self) -> None:
        """Back to what is in force, the newest of it."""
        base = self.newer or self.base
        if base is not None:
            self._begin(base, base.rules)
        self._past.clear()

    def rebase(self) -> None:
        """The newer rules as the base, with one's own changes on top of them."""
        if self.newer is None:
            return
        own = {change.key: change.new for change in self.changed}
        self._begin(self.newer, replace(self.newer.rules, **own))

    def _begin(self, base: Base, draft: Rules) -> None:
        if self.base is None or base.rules != self.base.rules:  # steps from another base would bring its values back
            self._past.clear()
        self.base, self.draft, self.newer = base, draft, None
        self.settle()
