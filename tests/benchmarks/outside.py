"""What a 1280 x 1024 frame costs outside the network: ``python -m tests.benchmarks.outside``. Milliseconds, medians of five runs, in the
ledger.

Each step by itself in a loop with one OpenCV thread, as the line has it, in the thread's own processor time, as others may use the machine;
and the sum of a frame's: resize to the input with its copies, the map on the image, decision (masks, finiteness, regions, score). Grey and
RGB, stretched and letterboxed; maps with no region, a few and many; with and without ROI. The bar is 0.6 ms for a frame. ``check`` is
what the line asks of each frame before (its shape, black or saturated, frozen): it is no part of the sum.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from edge_inspector import images
from edge_inspector.decision import Rules, decide
from edge_inspector.geometry import on_image
from edge_inspector.line.threads import keep_opencv_to_one
from edge_inspector.prepare import FrameCheck, prepare
from edge_inspector.records import Frame
from edge_inspector.settings.manifest import Fit, InputForm
from edge_inspector.settings.recipe import DecisionRules, ImageRules
from tests.benchmarks import ledger

SIZE, ROUNDS, RUNS = (1024, 1280), 400, 5
ROI = DecisionRules(
    roi=(((60.0, 60.0), (1200.0, 80.0), (1180.0, 980.0), (80.0, 960.0)),), dont_care=(((400.0, 400.0), (500.0, 400.0), (450.0, 520.0)),)
)
PIXELS = (5,)  # of the score, as training sets it


def frame(channels: int) -> Frame:
    """A frame of noise: what is in it makes no difference to the time."""
    image = np.random.default_rng(channels).integers(0, 256, (*SIZE, channels), np.uint8)
    return Frame("p", "c", 1, 0, datetime.now(timezone.utc), image)


def maps() -> dict[str, NDArray[np.float32]]:
    """float32 (128, 128): nothing above 0.5, three regions, hundreds."""
    rng = np.random.default_rng(5)
    none = rng.random((128, 128), np.float32) * np.float32(0.2)
    few = none.copy()
    for y, x, side in ((20, 30, 6), (60, 90, 14), (100, 10, 3)):
        few[y : y + side, x : x + side] = 0.9
    return {"none": none, "few": few, "many": rng.random((128, 128), np.float32)}


def milliseconds(step: Callable[[], object]) -> float:
    """The median of ROUNDS calls."""
    took = []
    for _ in range(ROUNDS):
        began = time.thread_time_ns()
        step()
        took.append(time.thread_time_ns() - began)
    return round(statistics.median(took) / 1e6, 4)


def measured() -> dict[str, float]:
    """Each step of each case, and the sum for a frame."""
    keep_opencv_to_one()
    found: dict[str, float] = {}
    fits: tuple[Fit, ...] = ("stretch", "letterbox")
    for fit in fits:
        form = InputForm(height=256, width=256, fit=fit)
        for name, channels in (("grey", 1), ("rgb", 3)):
            one = (frame(channels),)
            check = FrameCheck(ImageRules())
            found[f"check {name}"] = milliseconds(lambda one=one, check=check: check.refuse(one[0].image))  # type: ignore[misc]
            found[f"prepare {name} {fit}"] = milliseconds(lambda one=one, form=form: prepare(one, form))  # type: ignore[misc]
            if fit == "stretch":  # what OpenCV alone takes for the same pixels
                found[f"opencv {name} {fit}"] = milliseconds(lambda one=one: images._resized(one[0].image, 256, 256))  # type: ignore[misc]
        found[f"on_image {fit}"] = milliseconds(lambda form=form: on_image(maps_["none"], SIZE, form))  # type: ignore[misc]
    for areas_name, areas in (("whole", DecisionRules()), ("roi", ROI)):
        rules = Rules(0.4, 0.5, 0.5, PIXELS, areas)
        for name, one_map in maps_.items():
            found[f"decide {name} {areas_name}"] = milliseconds(lambda m=one_map, r=rules: decide((m,), (SIZE,), r))  # type: ignore[misc]
    for name in ("grey", "rgb"):
        for fit in fits:
            found[f"frame {name} {fit}"] = round(found[f"prepare {name} {fit}"] + found[f"on_image {fit}"] + found["decide few roi"], 4)
    return found


maps_ = maps()

if __name__ == "__main__":
    runs = [measured() for _ in range(RUNS)]
    result = {name: round(statistics.median(run[name] for run in runs), 4) for name in runs[0]}
    ledger.record("outside", {"frame": "1280x1024", "input": "256x256", "rounds": ROUNDS, "runs": RUNS}, result)
    json.dump(result, sys.stdout, indent=1)
    sys.stdout.write("\n")
