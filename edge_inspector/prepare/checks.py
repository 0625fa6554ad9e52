"""Is this frame fit to be inspected? A frame that is not becomes a missed part, never an accepted one."""

from __future__ import annotations

import zlib

import cv2
import numpy as np

from edge_inspector.records import Image, Reason
from edge_inspector.settings.recipe import ImageRules


class FrameCheck:
    """Checks the frames of one camera in their order (it remembers the predecessor's checksum)."""

    def __init__(self, rules: ImageRules) -> None:
        self._rules = rules
        self._previous: tuple[tuple[int, ...], int] | None = None

    def refuse(self, image: Image) -> tuple[Reason, str] | None:
        """Why the frame cannot be inspected, with what was measured; None if it can."""
        return self._shape(image) or self._brightness(image) or self._frozen(image)

    def _shape(self, image: Image) -> tuple[Reason, str] | None:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3) or 0 in image.shape:
            return Reason.WRONG_SHAPE, f"{image.dtype} {image.shape}; expected uint8 (H, W, 1 or 3)"
        rules = self._rules
        for what, found, wanted in zip(
            ("height", "width", "channels"), image.shape, (rules.height, rules.width, rules.channels), strict=True
        ):
            if wanted is not None and found != wanted:
                return Reason.WRONG_SHAPE, f"{what} is {found}; the recipe expects {wanted}"
        return None

    def _brightness(self, image: Image) -> tuple[Reason, str] | None:
        mean = sum(cv2.mean(np.ascontiguousarray(image))[: image.shape[2]]) / image.shape[2]  # ten times as fast as numpy's
        if mean < self._rules.black_below:
            return Reason.BLACK_FRAME, f"mean {mean:.1f} is below {self._rules.black_below}"
        if mean > self._rules.saturated_above:
            return Reason.SATURATED_FRAME, f"mean {mean:.1f} is above {self._rules.saturated_above}"
        return None

    def _frozen(self, image: Image) -> tuple[Reason, str] | None:
        if not self._rules.reject_frozen:
            return None
        now = (image.shape, zlib.crc32(np.ascontiguousarray(image).data))
        same, self._previous = now == self._previous, now
        if same:
            return Reason.FROZEN_FRAME, "identical to the frame before it"
        return None
