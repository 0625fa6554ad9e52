"""Data sets of simulated parts, for training and evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_inspector import images
from edge_inspector.camera.simulator.render import render
from edge_inspector.camera.simulator.spec import KINDS, PRODUCTS, Kind, made_spec
from edge_inspector.camera.simulator.wide import MARGIN, SIDE, Size, render_wide
from edge_inspector.errors import DatasetError
from edge_inspector.records import Image, Mask

SPECK = "speck"  # the one kind of defect in wide frames


@dataclass(frozen=True, slots=True)
class Plan:
    """What a data set holds; ``bad`` parts go round the six kinds in turn. ``size`` is the image side in pixels.

    With ``frame`` (height, width) the images are wide frames of the texture in its stead, with one speck in each bad one.
    """

    product: str = "ring"
    seed: int = 1000
    good: int = 250
    test_good: int = 50
    bad: int = 60
    size: int = 256
    frame: Size | None = None

    @property
    def total(self) -> int:
        """Number of images, masks aside."""
        return self.good + self.test_good + self.bad


@dataclass(frozen=True, slots=True)
class _Entry:
    folder: str
    name: str
    kind: Kind | None
    number: int
    bad: bool = False


def _entries(plan: Plan) -> Iterator[_Entry]:
    """Every image once; numbers run through, so that no two images are the same part."""
    for n in range(plan.good):
        yield _Entry("train/good", f"{n:04d}", None, n)
    for n in range(plan.test_good):
        yield _Entry("test/good", f"{n:04d}", None, plan.good + n)
    for n in range(plan.bad if plan.frame else 0):
        yield _Entry(f"test/{SPECK}", f"{n:04d}", None, plan.good + plan.test_good + n, bad=True)
    for n in range(0 if plan.frame else plan.bad):
        kind = KINDS[n % len(KINDS)]
        yield _Entry(f"test/{kind.value}", f"{n // len(KINDS):04d}", kind, plan.good + plan.test_good + n, bad=True)


def write_dataset(folder: Path, plan: Plan, progress: Callable[[int], None] = lambda _: None) -> int:
    """Write the plan in the ``mvtec`` layout (train/good, test/<kind>, ground_truth/<kind>/<name>_mask.png); returns the number of images.

    ``progress`` hears how many are written. Raises DatasetError for an unknown product, and for a folder that holds something or cannot
    be written.
    """
    _check(plan)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise DatasetError(f"{folder} is not empty; name a new folder for the data set")
        for done, entry in enumerate(_entries(plan), start=1):
            _write(folder, plan, entry)
            progress(done)
    except OSError as error:
        raise DatasetError(f"{folder}: data set cannot be written: {error}") from error
    return plan.total


def _check(plan: Plan) -> None:
    if plan.product not in PRODUCTS:
        raise DatasetError(f"no simulated product '{plan.product}'; there are: {', '.join(PRODUCTS)}")
    if plan.frame is None:
        return
    if plan.product != "texture":
        raise DatasetError(f"frames of {plan.frame[1]}x{plan.frame[0]} are made of the product texture alone, not of {plan.product}")
    if min(plan.frame) < 2 * MARGIN + SIDE:
        raise DatasetError(
            f"frames of {plan.frame[1]}x{plan.frame[0]} have no room for a defect; at least {2 * MARGIN + SIDE} pixels each way"
        )


def _write(folder: Path, plan: Plan, entry: _Entry) -> None:
    image, mask = _drawn(plan, entry)
    _save(folder / entry.folder / f"{entry.name}.png", image)
    if entry.bad:
        _save(folder / "ground_truth" / Path(entry.folder).name / f"{entry.name}_mask.png", _mask_image(mask))


def _drawn(plan: Plan, entry: _Entry) -> tuple[Image, Mask]:
    if plan.frame is not None:
        wide = render_wide(plan.seed, entry.number, int(entry.bad), plan.frame)
        return wide.image, wide.mask
    kinds = () if entry.kind is None else (entry.kind,)
    drawn = render(made_spec(plan.product, plan.seed, entry.number, kinds), plan.size)
    return drawn.image, drawn.mask


def _save(path: Path, image: Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    images.write_png(path, image)


def _mask_image(mask: Mask) -> Image:
    return np.ascontiguousarray(mask[..., None] * np.uint8(255), dtype=np.uint8)
