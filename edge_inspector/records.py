"""The vocabulary: frozen records that stages hand to each other, and the enums they speak in.

Units are in the names: ``_ns`` is CLOCK_MONOTONIC nanoseconds (durations and deadlines), ``_utc`` is for people. Boxes are in pixels of the
camera image, origin top left. Anomaly maps are float32 (h, w) in 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import numpy as np
from numpy.typing import NDArray

NEVER_NS = 2**62  # a deadline by the clock that does not come: what counts is the belt's encoder

Image = NDArray[np.uint8]  # (H, W, 3) RGB or (H, W, 1) grey
AnomalyMap = NDArray[np.float32]  # (h, w), 0..1
Mask = NDArray[np.bool_]  # (H, W), True where something is marked


class Decision(str, Enum):
    """What the rules say of a part. ``review`` is gated as a reject and awaits a person."""

    ACCEPT = "accept"
    REJECT = "reject"
    REVIEW = "review"


class Outcome(str, Enum):
    """How a trigger ended. Every trigger has exactly one: triggers = accepted + rejected + missed."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    MISSED = "missed"


class PersonVerdict(str, Enum):
    """What a person says of a part that has its verdict; ``none`` withdraws what was said before."""

    CONFIRM = "confirm"  # the verdict was right
    FALSE_REJECT = "false_reject"  # a good part was not accepted
    ESCAPE = "escape"  # a bad part was accepted
    NONE = "none"


class Reason(str, Enum):
    """Why a part was not accepted: the first rule that fired, or what kept it from being inspected."""

    NONE = "none"
    SCORE = "score"
    REGION = "region"
    NOT_FINITE = "not_finite"
    COUNTER_GAP = "counter_gap"
    GRAB_FAILED = "grab_failed"
    FROZEN_FRAME = "frozen_frame"
    BLACK_FRAME = "black_frame"
    SATURATED_FRAME = "saturated_frame"
    WRONG_SHAPE = "wrong_shape"
    QUEUE_FULL = "queue_full"
    ENGINE_ERROR = "engine_error"
    DECISION_ERROR = "decision_error"
    LATE = "late"
    NOT_JOURNALED = "not_journaled"  # the disk took no record of it; nothing is accepted that is not on record
    RESTART = "restart"
    STOPPED = "stopped"


class State(str, Enum):
    """OPC 40100-1 machine vision states."""

    PREOPERATIONAL = "Preoperational"
    HALTED = "Halted"
    ERROR = "Error"
    INITIALIZED = "Initialized"
    READY = "Ready"
    SINGLE_EXECUTION = "SingleExecution"
    CONTINUOUS_EXECUTION = "ContinuousExecution"


class Role(str, Enum):
    """What a person may do; each role may do what those below it may."""

    OPERATOR = "operator"  # runs the line: start, stop, acknowledge, confirm, judge parts
    ENGINEER = "engineer"  # changes what is decided: recipes, thresholds, labels
    ADMIN = "admin"  # changes who may do what

    @property
    def rank(self) -> int:
        """0 for the least role; a higher one includes the lower."""
        return list(Role).index(self)


class Severity(str, Enum):
    """NAMUR NE 107 classes of a condition."""

    FAILURE = "failure"
    CHECK_FUNCTION = "check_function"
    OUT_OF_SPECIFICATION = "out_of_specification"
    MAINTENANCE_REQUIRED = "maintenance_required"


class LatePolicy(str, Enum):
    """What the line does when a verdict cannot leave before its deadline; the part rejects in each case."""

    REJECT = "reject"
    ALARM = "alarm"
    STOP = "stop"


class AlarmPolicy(str, Enum):
    """What the line does when too many parts are rejected, or the gate does not say in time that it moved for a rejected part."""

    ALARM = "alarm"
    STOP = "stop"


class JoinRule(str, Enum):
    """Which views of a part decide its verdict. A missing view makes the part missed under each of them."""

    WORST = "worst"  # the highest score of all views, and a region of any
    ANY = "any"  # the first view that rejects, else the first for review
    ALL = "all"  # the view with the least to say against the part: a reject only where every view rejects


class QueueFull(str, Enum):
    """What a bounded queue does with a new item when it is full. Inspection queues never drop in silence."""

    MISS_NEW = "miss_new"  # the new part becomes Missed(queue_full), in its place in the order
    DROP_NEW = "drop_new"  # counted and shown as a condition; for what a part can do without (archive)
    DROP_OLD = "drop_old"  # for previews


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for something, and the role that counts for it: the least of what token, account and key allow."""

    name: str
    role: Role


LOCAL = Caller("local", Role.ADMIN)  # everybody, on a station that has no users


@dataclass(frozen=True, slots=True)
class Condition:
    """Something wrong that stands until it is over (``active``) and noted.

    ``acknowledged``: a machine or a screen has taken note of it; ``confirmed_by``: the person who has looked into it.
    """

    name: str
    severity: Severity
    message: str
    since_utc: datetime
    active: bool = True
    acknowledged: bool = False
    confirmed_by: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """One image of one part.

    ``image`` is uint8 (H, W, 3) RGB or (H, W, 1) grey, read-only by convention. ``triggered_ns`` is when the part crossed the
    trigger, ``received_ns`` when its image was complete in host memory, ``deadline_ns`` when its verdict must have left;
    ``deadline_counts`` is the belt's encoder count at which it must have, where the recipe's window is in counts
    (``deadline_ns`` is NEVER_NS then).
    """

    part_id: str
    camera: str
    trigger_count: int
    triggered_ns: int
    captured_utc: datetime
    image: Image
    received_ns: int = 0
    deadline_ns: int = 0
    deadline_counts: int | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """A part that could not be inspected. It flows the same way as a frame, and rejects."""

    part_id: str
    camera: str
    trigger_count: int
    triggered_ns: int
    deadline_ns: int
    reason: Reason
    detail: str = ""
    deadline_counts: int | None = None


View = Frame | Missed


@dataclass(frozen=True, slots=True)
class Inspection:
    """One part with its 1..n views; inspected only if each view is a frame."""

    part_id: str
    trigger_count: int
    views: tuple[View, ...]

    @property
    def triggered_ns(self) -> int:
        """When the part crossed its first trigger."""
        return min(view.triggered_ns for view in self.views)

    @property
    def deadline_ns(self) -> int:
        """The earliest deadline of its views."""
        return min(view.deadline_ns for view in self.views)

    @property
    def deadline_counts(self) -> int | None:
        """The earliest deadline of its views in encoder counts; None where its deadline is a time."""
        return min((view.deadline_counts for view in self.views if view.deadline_counts is not None), default=None)

    @property
    def missed(self) -> Missed | None:
        """The first view that is missing, or None."""
        return next((view for view in self.views if isinstance(view, Missed)), None)


@dataclass(frozen=True, slots=True)
class ScoreMap:
    """What an engine says of one image.

    ``anomaly_map`` float32 (h, w) in 0..1; ``image_score`` is the graph's own unmasked score, the reference only: the decision
    computes its score from the masked map. ``prototypes`` are the chosen prototype of each scale, or a codebook's word at
    each place of the coarsest, where the engine tells (to count prototype flips).
    """

    anomaly_map: AnomalyMap
    image_score: float
    prototypes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """A connected region of the map at or above the region threshold.

    Box x, y, w, h and area are in pixels of the camera image, peak is in 0..1, view counts from 0.
    """

    x: int
    y: int
    w: int
    h: int
    area: float
    peak: float
    view: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules decided of one part. ``score`` is NaN where there was none."""

    decision: Decision
    reason: Reason
    score: float
    threshold: float
    regions: tuple[Region, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with what it came from, for archive, screen and evaluation; ``maps`` holds one (h, w) map a view, or none."""

    inspection: Inspection
    verdict: Verdict
    maps: tuple[AnomalyMap, ...] = ()
    engine_ns: int = 0
