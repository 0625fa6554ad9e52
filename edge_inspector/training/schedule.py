"""How many steps, how fast they learn, and the time they may take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

# By the form of the prototypes: five to fourteen minutes and twenty to sixty on two cores at 256 x 256. Aligned parts are learnt fast;
# texture takes longer, and gains by it: on magnetic tile pixel AP 0.611 after 1,200 steps, 0.641 after 1,800.
DEFAULT_STEPS = {"whole-map": 420, "codebook": 1800}
WARM_UP = 20  # steps
PEAK_RATE = 3e-3  # AdamW's learning rate after the warm-up
# From another bundle's weights: they need to move a little, and a full rate would undo what they know before it learns anything new.
# Texture takes longer here, and the more so the more is new: of 30 cracks of magnetic tile 400 steps with ten others found 27, 600 all.
# Of aligned parts no more was measured.
WARM_STEPS = {"whole-map": 150, "codebook": 400}
MORE_SHARE, MANY_NEW = 0.5, 10  # of texture, with so many new anomalies and more, half as many steps again; with fewer their share of that
WARM_RATE = 1.5e-3
DECLINE = 40  # steps in which the rate comes down where training ends before its plan
_FLOOR = 0.01  # of the peak, at the end
EXPORT = 40.0  # seconds
LOOKING = 0.1  # of a run's minutes, at most, for hard normals: the steps that learn from them are worth more


def warm_steps(form: str, new: int) -> int:
    """Steps of a retraining with ``new`` new seen anomalies, by the form of the prototypes."""
    more = MORE_SHARE * min(new, MANY_NEW) / MANY_NEW if form == "codebook" else 0.0
    return round(WARM_STEPS[form] * (1.0 + more))


def learning_rate(step: int, planned: int, peak: float = PEAK_RATE) -> float:
    """Linear warm-up, then half a cosine down to one per cent of the peak."""
    warm_up = min(WARM_UP, max(1, planned // 4))
    if step < warm_up:
        return peak * (step + 1) / warm_up
    progress = min(1.0, (step - warm_up) / max(1, planned - warm_up))
    return peak * (_FLOOR + (1 - _FLOOR) * 0.5 * (1 + math.cos(math.pi * progress)))


def declining(step: int, begun: int, rate: float, peak: float = PEAK_RATE) -> float:
    """Half a cosine from ``rate`` at step ``begun`` down to one per cent of the peak, DECLINE steps later."""
    progress = min(1.0, (step - begun) / DECLINE)
    end = min(rate, _FLOOR * peak)
    return end + (rate - end) * 0.5 * (1 + math.cos(math.pi * progress))


@dataclass
class Budget:
    """The minutes a run may take, if any, counted from its making (seconds, CLOCK_MONOTONIC); ``reserved`` seconds of them at the end.

    ``looks`` images of the input's size are scored there besides, in float32, for the threshold proposals.
    """

    minutes: float | None
    reserved: float = 0.0
    looks: int = 150
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.started

    def for_scoring(self) -> bool:
        """Whether there is still time to score images for the threshold proposals."""
        return self.minutes is None or self.elapsed < self.minutes * 60.0 - self.reserved - EXPORT

    def for_looking(self) -> Callable[[], bool]:
        """Asked while looking for hard normals, which begins now: whether that has taken less than LOOKING of the minutes."""
        begun = self.elapsed
        return lambda: self.minutes is None or self.elapsed - begun < LOOKING * self.minutes * 60.0

    def left_for_steps(self, step_seconds: float) -> float:
        """Seconds that may still go into steps: what is left, less what thresholds and export will take."""
        if self.minutes is None:
            return math.inf
        total = self.minutes * 60.0
        # 150 images scored in float32 are as dear as fourteen steps of sixteen.
        closing = min(EXPORT + self.looks * 14.0 / 150.0 * step_seconds + self.reserved, 0.5 * total)
        return total - closing - self.elapsed

    def fitting(self, done: int, planned: int, step_seconds: float) -> int:
        """``planned``, or as many steps as fit the time where that is fewer; at least one."""
        left = self.left_for_steps(step_seconds)
        if math.isinf(left):
            return planned
        return max(1, done, min(planned, done + int(0.97 * left / max(step_seconds, 1e-6))))
