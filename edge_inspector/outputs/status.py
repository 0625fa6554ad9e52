"""Status: what screens and monitors see. ``part`` and ``state`` messages are numbered; a ring of the last parts fills gaps."""

from __future__ import annotations

import logging
import math
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from edge_inspector.images import encode_jpeg, encode_png, fit
from edge_inspector.outputs.base import Sent
from edge_inspector.records import AnomalyMap, Frame, Region
from edge_inspector.service import utf8_text
from edge_inspector.wire.server import Encoded, Refused, StatusPublisher, encoded, joined

log = logging.getLogger(__name__)

RING = 1000
PREVIEW_SIDE = 960  # px; a screen's worth, so that a preview of a large image stays quick to encode
NS_PER_MS = 1e6


class StatusOutput:
    """Publishes each part, keeps the last ``RING`` of them, and offers the newest image as preview. Starts and stops its publisher."""

    name = "status"

    def __init__(self, publisher: StatusPublisher, preview_side: int = PREVIEW_SIDE) -> None:
        self._publisher = publisher
        self._side = preview_side
        self._ring: deque[tuple[int, bytes]] = deque(maxlen=RING)  # number and JSON
        self._lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        """Where it is published; the port is known after ``start``."""
        return self._publisher.endpoint

    def start(self) -> None:
        """Listen. Raises WireError naming the endpoint where that is not possible."""
        self._publisher.start()

    def put(self, sent: Sent) -> None:
        """Publish one part; never waits."""
        try:
            payload = encoded(part_payload(sent))
        except (TypeError, ValueError):
            log.exception("part %s cannot be shown: it is not JSON", sent.message.part_id)
            return
        with self._lock:
            number = self._publisher.put_encoded("part", payload)
            self._ring.append((number, joined({"n": number}, payload).encode()))
        if any(isinstance(view, Frame) for view in sent.judgement.inspection.views):
            self._publisher.put_preview(lambda: preview(sent, number, self._side))

    def state(self, snapshot: Mapping[str, Any]) -> None:
        """Publish the line's state; ``snapshot`` holds what JSON can. From any thread; never waits."""
        self._publisher.put("state", snapshot)

    def parts(self, params: dict[str, Any]) -> Encoded:
        """The control method ``parts``: the parts numbered above ``since`` (default 0), oldest first.

        ``last`` (default all kept): the newest so many of them; ``limit`` (default all kept): the oldest so many of what is left.
        ``oldest`` and ``newest`` are the numbers kept (0: none yet); where ``since`` + 1 < ``oldest``, the desk tells what lies between.
        Raises Refused for parameters that are no numbers.
        """
        since, limit, last = _count(params, "since", 0), _count(params, "limit", RING), _count(params, "last", RING)
        with self._lock:
            kept = list(self._ring)
        above = [part for number, part in kept if number > since]
        wanted = above[max(0, len(above) - last) :][:limit]
        head = {"run": self._publisher.run, "oldest": kept[0][0] if kept else 0, "newest": kept[-1][0] if kept else 0}
        return Encoded(b"".join((encoded(head)[:-1].encode(), b',"parts":[', b",".join(wanted), b"]}")))

    def stop(self, timeout_s: float) -> None:
        """Send what waits, and end. Idempotent."""
        self._publisher.stop(timeout_s)


def part_payload(sent: Sent) -> dict[str, Any]:
    """A part as status and control tell it: the verdict message's fields, its regions, and its times in ms (None: there was none)."""
    judgement = sent.judgement
    return sent.message.model_dump(mode="json", exclude={"v", "type"}) | {
        "regions": [region_payload(region) for region in judgement.verdict.regions],
        "detail": utf8_text(judgement.verdict.detail),
        "serial": sent.serial,
        "lot": sent.lot,
        "camera": judgement.inspection.views[0].camera,
        "cameras": list(dict.fromkeys(view.camera for view in judgement.inspection.views)),
        "engine_ms": _ms(judgement.engine_ns),
        "latency_ms": _ms(sent.latency_ns),
        "overhead_ms": _ms(sent.overhead_ns),
    }


def region_payload(region: Region) -> dict[str, Any]:
    """A region's fields; a peak that is no number is None, as JSON has none."""
    box = {"view": region.view, "x": region.x, "y": region.y, "w": region.w, "h": region.h}
    return box | {"area": region.area, "peak": region.peak if math.isfinite(region.peak) else None}


def preview(sent: Sent, number: int, side: int = PREVIEW_SIDE) -> tuple[dict[str, Any], list[bytes]]:
    """The preview message: what its frames are, then for each view an image JPEG (shrunk to ``side`` px) and a map PNG (or b"").

    JPEG, because it takes a fifth of the time of PNG and of its size; who wants the pixels themselves asks the archive.
    """
    views, frames = [], []
    for index, view in enumerate(sent.judgement.inspection.views):
        if not isinstance(view, Frame):
            continue
        height, width = view.image.shape[:2]
        scale = min(1.0, side / max(height, width))
        image = view.image if scale == 1.0 else fit(view.image, *_shrunk(height, width, scale))
        maps = sent.judgement.maps
        views.append({"view": index, "camera": view.camera, "width": width, "height": height})
        frames += [encode_jpeg(image), _map_png(maps[index], side) if index < len(maps) else b""]
    return {"part": number, "part_id": sent.message.part_id, "views": views}, frames


def _map_png(anomaly_map: AnomalyMap, side: int) -> bytes:
    grey = np.rint(np.clip(np.nan_to_num(anomaly_map, nan=1.0), 0.0, 1.0) * 255.0).astype(np.uint8)
    height, width = grey.shape
    scale = min(1.0, side / max(height, width))
    if scale < 1.0:
        grey = np.asarray(cv2.resize(grey, _shrunk(width, height, scale), interpolation=cv2.INTER_AREA), np.uint8)
    return encode_png(grey[:, :, np.newaxis])


def _shrunk(first: int, second: int, scale: float) -> tuple[int, int]:
    """Both sides by one factor; of a very narrow image at least one pixel is left."""
    return max(1, round(first * scale)), max(1, round(second * scale))


def _count(params: dict[str, Any], name: str, default: int) -> int:
    value = params.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Refused("malformed", f"{name} = {value!r}: a whole number from 0 is expected")
    return value


def _ms(ns: int) -> float | None:
    return ns / NS_PER_MS if ns else None
