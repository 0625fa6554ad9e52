"""Long narrow parts through a letterbox bundle: verdicts, places and metrics are the image's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_inspector import images
from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import Bundle, load_bundle
from edge_inspector.engine.registry import open_engine
from edge_inspector.engine.stub import StubEngine
from edge_inspector.evaluation.equivalence import compare, load_references
from edge_inspector.evaluation.evaluate import evaluate, judge_image, proposed_judge
from edge_inspector.evaluation.layouts import load_dataset
from edge_inspector.judge import Judge
from edge_inspector.records import Decision, Image, Region, ScoreMap
from edge_inspector.settings.recipe import DecisionRules
from tests.bundles import make_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(make_bundle(tmp_path_factory.mktemp("models") / "narrow", 128, 256, fit="letterbox"))


@pytest.fixture(scope="module")
def engine(bundle: Bundle) -> Iterator[Engine]:
    engine = open_engine(bundle)
    yield engine
    engine.close()


def part(height: int, width: int, spot: tuple[int, int, int, int] | None = None) -> Image:
    """Grey near 128, with a bright box x, y, w, h."""
    image = np.random.default_rng(height).integers(120, 137, (height, width, 1), np.uint8)
    if spot:
        x, y, w, h = spot
        image[y : y + h, x : x + w] = 250
    return image


SPOTS = {  # frame, defect
    "long": ((60, 400), (300, 30, 24, 24)),
    "longer": ((100, 1600), (1450, 4, 90, 60)),
    "high": ((400, 60), (4, 350, 30, 30)),
    "square": ((200, 200), (20, 150, 30, 30)),
    "of the input's aspect": ((64, 128), (100, 40, 12, 12)),
}


def overlap(region: Region, spot: tuple[int, int, int, int]) -> float:
    """Intersection over union of two boxes."""
    x, y, w, h = spot
    across = min(x + w, region.x + region.w) - max(x, region.x)
    down = min(y + h, region.y + region.h) - max(y, region.y)
    common = max(0, across) * max(0, down)
    return common / (w * h + region.w * region.h - common)


@pytest.mark.parametrize("name", SPOTS)
def test_one_station_judges_frames_of_every_aspect(name: str, engine: Engine) -> None:
    (height, width), spot = SPOTS[name]
    judge = proposed_judge(engine)
    assert judge_image(judge, part(height, width), name).verdict.decision is Decision.ACCEPT
    judgement = judge_image(judge, part(height, width, spot), name)
    (region,) = judgement.verdict.regions
    assert judgement.verdict.decision is Decision.REJECT
    assert overlap(region, spot) > 0.5
    assert region.area == pytest.approx(spot[2] * spot[3], rel=0.6)
    rows, columns = judgement.maps[0].shape
    assert columns / rows == pytest.approx(width / height, rel=0.15)
    picture = images.overlay(part(height, width, spot), judgement.maps[0], judgement.verdict.regions)
    assert picture.shape == (height, width, 3)


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (2, 3), (5, 2000), (1500, 7)])
def test_no_shape_of_frame_is_lost(size: tuple[int, int], engine: Engine) -> None:
    judge = proposed_judge(engine)
    assert judge_image(judge, part(*size), "thin").verdict.decision is Decision.ACCEPT
    assert judge_image(judge, np.full((*size, 1), 255, np.uint8), "white").verdict.decision is not Decision.ACCEPT


class PaddingEngine(StubEngine):
    """Finds anomalies on padding above and below the part, and nowhere else."""

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        """A row of the map is 1 where the input's is nothing but grey 127."""
        empty = (images == 127).all(axis=(2, 3))[:, ::2].astype(np.float32)
        return [ScoreMap(np.repeat(rows[:, np.newaxis], 128, axis=1), 1.0) for rows in empty]


def test_padding_counts_for_nothing(bundle: Bundle) -> None:
    judgement = judge_image(proposed_judge(PaddingEngine(bundle)), part(60, 400), "part")
    assert judgement.verdict.decision is Decision.ACCEPT
    assert judgement.verdict.score == 0.0
    assert judgement.maps[0].max() == 0.0


AROUND = ((280.0, 10.0), (350.0, 10.0), (350.0, 59.0), (280.0, 59.0))
ELSEWHERE = ((10.0, 5.0), (90.0, 5.0), (90.0, 55.0), (10.0, 55.0))
AREAS: dict[str, tuple[dict[str, object], Decision]] = {
    "inside the ROI": ({"roi": [AROUND]}, Decision.REJECT),
    "outside the ROI": ({"roi": [ELSEWHERE]}, Decision.ACCEPT),
    "under a don't-care mask": ({"dont_care": [AROUND]}, Decision.ACCEPT),
    "beside a don't-care mask": ({"dont_care": [ELSEWHERE]}, Decision.REJECT),
    "below the minimum area": ({"minimum_area_px": 1000.0}, Decision.ACCEPT),
    "above the minimum area": ({"minimum_area_px": 300.0}, Decision.REJECT),
}


@pytest.mark.parametrize(("areas", "expected"), AREAS.values(), ids=AREAS.keys())
def test_areas_of_a_recipe_are_the_images(areas: dict[str, object], expected: Decision, engine: Engine) -> None:
    recipe = proposed_judge(engine).recipe
    given = {**recipe.decision.model_dump(), **areas}
    judge = Judge(engine, recipe.model_copy(update={"decision": DecisionRules.model_validate(given)}))
    assert judge_image(judge, part(60, 400, (300, 20, 24, 24)), "part").verdict.decision is expected


def write_strips(root: Path) -> Path:
    """Strips of several lengths, lying and standing, with masks."""
    for name in ("train/good", "test/good", "test/spot", "ground_truth/spot"):
        (root / name).mkdir(parents=True)
    for number, (height, width) in enumerate([(60, 400), (60, 300), (400, 60)]):
        spot = (width * 2 // 3, height // 3, 20, 20)
        mask = np.zeros((height, width, 1), np.uint8)
        cv2.rectangle(mask, spot, 255, -1)
        images.write_png(root / f"train/good/{number}.png", part(height, width))
        images.write_png(root / f"test/good/{number}.png", part(height, width + 1))
        images.write_png(root / f"test/spot/{number}.png", part(height, width, spot))
        images.write_png(root / f"ground_truth/spot/{number}_mask.png", mask)
    return root


def test_a_narrow_set_is_measured_in_the_images_own_geometry(engine: Engine, tmp_path: Path) -> None:
    result = evaluate(engine, load_dataset(write_strips(tmp_path / "strips"), "mvtec"))
    assert (result.image_auroc, result.escapes, result.false_rejects) == (1.0, 0, 0)
    assert result.pixel_auroc is not None
    assert result.pixel_auroc > 0.99
    assert result.pixel_ap is not None
    assert result.pixel_ap > 0.8


def test_references_are_compared_as_they_are(bundle: Bundle, engine: Engine) -> None:
    assert all(row.equal for row in compare(engine, load_references(bundle)))
