"""Pictures as arrays: decoding, the map's colours, and where it stands above a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (H, W, 3) BGR as OpenCV decodes it, (H, W, 4) with a fourth byte that says nothing, or (H, W) grey
Map = NDArray[np.float32]  # (h, w), 0..1

COLOUR_MAPS = {"inferno": cv2.COLORMAP_INFERNO, "viridis": cv2.COLORMAP_VIRIDIS, "turbo": cv2.COLORMAP_TURBO, "hot": cv2.COLORMAP_HOT}


@dataclass(frozen=True, slots=True)
class View:
    """One camera's picture of a part. ``width`` and ``height`` are of the camera image, which ``image`` may show smaller."""

    view: int
    camera: str
    width: int
    height: int
    image: Pixels
    anomaly_map: Map | None


@dataclass(frozen=True, slots=True)
class Preview:
    """The newest part's pictures; ``n`` is its number in the feed."""

    n: int
    part_id: str
    views: tuple[View, ...]


def decode_image(data: bytes) -> Pixels | None:
    """PNG or JPEG to pixels; None where it is neither."""
    if not data:
        return None
    found = _decoded(data, cv2.IMREAD_ANYCOLOR)
    return None if found is None else np.asarray(found, np.uint8)


def for_painting(image: Pixels) -> Pixels:
    """(H, W, 4) of a (H, W, 3) image: Qt scales 32 bits a pixel three times as fast as 24."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2BGRA), np.uint8) if image.ndim == 3 and image.shape[2] == 3 else image


def decode_map(data: bytes) -> Map | None:
    """A grey PNG of 8 or 16 bits to float32 0..1; None where there is none."""
    if not data:
        return None
    found = _decoded(data, cv2.IMREAD_UNCHANGED)
    if found is None or found.ndim != 2:
        return None
    most = 65535.0 if found.dtype == np.uint16 else 255.0
    return np.asarray(found / np.float32(most), np.float32)


def _decoded(data: bytes, flags: int) -> np.ndarray[Any, np.dtype[Any]] | None:
    """A file whose header claims more pixels than OpenCV takes is no picture either."""
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None


@lru_cache(maxsize=32)
def colour_table(name: str, opacity: float) -> NDArray[np.uint32]:
    """256 premultiplied ARGB colours for map values 0..1; low values are clear, so that a normal part looks as it is."""
    ramp = np.arange(256, dtype=np.uint8)
    bgr = np.asarray(cv2.applyColorMap(ramp.reshape(-1, 1), COLOUR_MAPS[name])).reshape(256, 3).astype(np.float64)
    alpha = opacity * np.clip(np.linspace(0.0, 1.0, 256) * 3.0, 0.0, 1.0)
    blue, green, red = np.rint(bgr * alpha[:, None]).astype(np.uint32).T
    return np.asarray((np.rint(alpha * 255.0).astype(np.uint32) << 24) | (red << 16) | (green << 8) | blue, np.uint32)


def coloured(anomaly_map: Map, name: str, opacity: float) -> NDArray[np.uint32]:
    """The map as premultiplied ARGB (h, w), for laying over the image."""
    index = np.rint(np.clip(np.nan_to_num(anomaly_map, nan=1.0), 0.0, 1.0) * 255.0).astype(np.uint8)
    return np.asarray(colour_table(name, round(opacity, 2))[index], np.uint32)


def contours(anomaly_map: Map, threshold: float, width: int, height: int) -> list[NDArray[np.float64]]:
    """Outlines (points, 2) in pixels of a ``width`` x ``height`` image, of where the map is at or above ``threshold``."""
    above = (np.nan_to_num(anomaly_map, nan=1.0) >= threshold).astype(np.uint8)
    found, _ = cv2.findContours(above, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    scale = np.array([width / above.shape[1], height / above.shape[0]])
    return [(np.asarray(outline, np.float64).reshape(-1, 2) + 0.5) * scale for outline in found]
