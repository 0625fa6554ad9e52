"""Where the part is: anomalies are placed on it where the image has a plain background, anywhere where it has none."""

from __future__ import annotations

import cv2
import numpy as np

from edge_inspector.records import Image, Mask

_PLAIN = 14.0  # grey levels: the border's spread (half its 10..90 % range) up to which a background counts as plain
_LEAST, _MOST = 0.03, 0.97  # share of the image; outside it the estimate is no use


def foreground(image: Image) -> Mask:
    """uint8 (H, W, 3) -> bool (H, W): True on the part; True everywhere where no plain background is found.

    The background's colour is the median of the border; the part is what lies further from it than the border's own spread.
    """
    blurred = cv2.GaussianBlur(image, (5, 5), 0).astype(np.int16)
    border = np.concatenate([blurred[0], blurred[-1], blurred[:, 0], blurred[:, -1]])  # (2H + 2W, 3)
    low, middle, high = np.percentile(border, (10, 50, 90), axis=0)
    spread = float((high - low).max()) / 2
    if spread > _PLAIN:
        return np.ones(image.shape[:2], np.bool_)
    distance = np.abs(blurred - middle).max(axis=2)
    part = (distance > max(10.0, 2.0 * spread)).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    part = cv2.morphologyEx(cv2.morphologyEx(part, cv2.MORPH_CLOSE, kernel), cv2.MORPH_OPEN, kernel)
    share = float(part.mean())
    return part.astype(np.bool_) if _LEAST < share < _MOST else np.ones(image.shape[:2], np.bool_)
