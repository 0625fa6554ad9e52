"""What makes a frame unfit to be inspected."""

from __future__ import annotations

import numpy as np
import pytest

from edge_inspector.prepare import FrameCheck
from edge_inspector.records import Reason
from edge_inspector.settings.recipe import ImageRules


def grey(value: int, shape: tuple[int, ...] = (20, 30, 3)) -> np.ndarray:
    return np.full(shape, value, np.uint8)


@pytest.mark.parametrize(
    ("image", "rules", "reason"),
    [
        (grey(100), ImageRules(), None),
        (grey(100, (20, 30, 1)), ImageRules(), None),
        (grey(3), ImageRules(), Reason.BLACK_FRAME),
        (grey(255), ImageRules(), Reason.SATURATED_FRAME),
        (grey(100, (20, 30, 4)), ImageRules(), Reason.WRONG_SHAPE),
        (grey(100, (20, 30)), ImageRules(), Reason.WRONG_SHAPE),
        (grey(100, (0, 30, 3)), ImageRules(), Reason.WRONG_SHAPE),
        (grey(100).astype(np.uint16), ImageRules(), Reason.WRONG_SHAPE),
        (grey(100), ImageRules(width=31), Reason.WRONG_SHAPE),
        (grey(100), ImageRules(height=21), Reason.WRONG_SHAPE),
        (grey(100), ImageRules(channels=1), Reason.WRONG_SHAPE),
        (grey(100), ImageRules(height=20, width=30, channels=3), None),
    ],
)
def test_refused(image: np.ndarray, rules: ImageRules, reason: Reason | None) -> None:
    refused = FrameCheck(rules).refuse(image)
    assert (refused and refused[0]) == reason


def test_the_same_frame_again_is_frozen_and_another_is_not() -> None:
    check, image = FrameCheck(ImageRules()), grey(100)
    other = image.copy()
    other[5, 5, 0] += 1
    found = [check.refuse(i) for i in (image, image.copy(), other, image, image)]
    assert [f and f[0] for f in found] == [None, Reason.FROZEN_FRAME, None, None, Reason.FROZEN_FRAME]


def test_frozen_frames_may_be_allowed() -> None:
    check = FrameCheck(ImageRules(reject_frozen=False))
    assert [check.refuse(grey(100)) for _ in range(3)] == [None] * 3
