"""``scripts/pictures``: parts with their anomaly maps and verdicts, as the demo bundle judges them."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from edge_inspector.camera.simulator.render import render
from edge_inspector.camera.simulator.sheet import made_sized, tiled, write_sheet
from edge_inspector.camera.simulator.spec import Kind, PartSpec, made_spec
from edge_inspector.engine.bundle import find_bundle, load_bundle
from edge_inspector.engine.registry import open_engine
from edge_inspector.evaluation.evaluate import judge_image, proposed_judge
from edge_inspector.images import overlay
from edge_inspector.judge import Judge
from edge_inspector.records import AnomalyMap, Image, Verdict

SIZE, SEED, CAPTION = 256, 11, 34
COLOURS = {"accept": (70, 120, 80), "review": (190, 140, 40), "reject": (190, 50, 45)}
SIGNS = {"accept": "OK", "review": "?", "reject": "X"}


def shown() -> tuple[PartSpec, ...]:
    """A good part, then defects from small to large."""
    return (
        made_spec("ring", SEED, 0, ()),
        made_sized("ring", SEED, 1, Kind.DENT, 0.35),
        made_sized("ring", SEED, 2, Kind.STAIN, 0.55),
        made_sized("ring", SEED, 3, Kind.SCRATCH, 0.6),
        made_sized("ring", SEED, 4, Kind.MISSING_MATERIAL, 0.75),
    )


def verdict_picture(judge: Judge) -> Image:
    """A column a part: the image, its map, and the regions with the verdict; uint8 (H, W, 3)."""
    columns = [_column(judge, spec) for spec in shown()]
    return tiled([[column[row] for column in columns] for row in range(3)])


def _column(judge: Judge, spec: PartSpec) -> tuple[Image, Image, Image]:
    image = render(spec, SIZE).image
    judgement = judge_image(judge, image, f"part {spec.number}")
    drawn = overlay(image, judgement.maps[0], judgement.verdict.regions)
    return _captioned(image, "part"), _captioned(_heat(judgement.maps[0]), "anomaly map"), _captioned(drawn, *_words(judgement.verdict))


def _heat(anomaly_map: AnomalyMap) -> Image:
    grown = cv2.resize(anomaly_map, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    coloured = cv2.applyColorMap(np.rint(grown * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)
    return np.asarray(cv2.cvtColor(coloured, cv2.COLOR_BGR2RGB), np.uint8)


def _words(verdict: Verdict) -> tuple[str, tuple[int, int, int]]:
    name = verdict.decision.value
    return f"{SIGNS[name]}  {name}  {verdict.score:.2f}", COLOURS[name]


def _captioned(image: Image, text: str, colour: tuple[int, int, int] = (110, 110, 110)) -> Image:
    strip = np.full((CAPTION, image.shape[1], 3), 245, np.uint8)
    cv2.putText(strip, text, (6, 23), cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, 2, cv2.LINE_AA)
    return np.vstack([image, strip])


def main(folder: Path) -> None:
    """Write verdicts.png into ``folder``. Raises BundleError where the demo bundle is not there."""
    engine = open_engine(load_bundle(find_bundle("demo")))
    try:
        engine.warm_up()
        write_sheet(folder / "verdicts.png", verdict_picture(proposed_judge(engine)))
    finally:
        engine.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
