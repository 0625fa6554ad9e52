"""How well specks are learnt, in minutes: a short training on small tiles of simulated cloth, and what it finds on tiles of other cloth.

python -m tests.benchmarks.specks [--steps 400] [--light-only 0.75] [--crowd 8] [--near 33] [--simulated 0.0625] [--threads 1]

The figure that counts is that of ``tests.benchmarks.highres found``; this one tells in minutes whether a change of how anomalies are made
is worth an hour. Tiles have 128 x 128 pixels, 1,536 crops train and fifty specks are seen. Of 600 that are not, it says which share scores
above 99 %, 99.9 % and all but two of 4,000 normal tiles. Runs that differ in the crops alone differ by 0.05 and more at 99.9 %, so look
for more than that. ``unusual`` is t of the codebook: the highest of the normal tiles, that which one in a thousand of their places
reaches, and the median of the tiles with a speck.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray

from edge_inspector.camera.simulator.dataset import Plan, write_dataset
from edge_inspector.camera.simulator.wide import render_wide
from edge_inspector.decision import top_means
from edge_inspector.prn.evidence import EVIDENCE
from edge_inspector.prn.head import HeadForm
from edge_inspector.prn.network import PRN
from edge_inspector.records import Image
from edge_inspector.training import run as training
from edge_inspector.training import tiles
from edge_inspector.training.fit import run as infer
from edge_inspector.training.making import FEW_SIMULATED
from edge_inspector.training.options import TrainSettings, check
from edge_inspector.training.progress import Silent
from edge_inspector.training.schedule import Budget
from tests.benchmarks import ledger

SIDE, BATCH = 128, 16  # of a tile; tiles at once
SEEN, FRAMES = 50, 40  # specks and good frames to learn from
SEED_TRAIN, SEED_GOOD, SEED_BAD = 500, 9100, 9200
GOOD, BAD = 250, 600  # frames of sixteen normal tiles, and tiles with a speck


def trained(asked: argparse.Namespace) -> tuple[PRN, float]:
    """A network that has learnt from small frames, and seconds a step."""
    making = replace(tiles.cutting((SIDE, SIDE), 32, 1.0).making, crowd=asked.crowd, near=asked.near, light_only=asked.light_only)
    with tempfile.TemporaryDirectory() as name, ExitStack() as patched:
        for where, what, value in (
            (tiles, "CROPS", 24 << 20),
            (tiles, "FEW_SIMULATED", asked.simulated),
            (tiles.Cutting, "making", making),
        ):
            patched.enter_context(patch.object(where, what, value))
        plan = Plan(product="texture", seed=SEED_TRAIN, good=FRAMES, test_good=2, bad=SEEN + 2, frame=(1024, 1024))
        write_dataset(Path(name) / "frames", plan)
        form = HeadForm(evidence=asked.evidence, usual=asked.usual)
        options = {"seen": SEEN, "steps": asked.steps, "tile": True, "size": (SIDE, SIDE), "form": form}
        settings = TrainSettings(Path(name) / "frames", "mvtec", Path(name) / "out", **options)
        run = training._Run(check(settings), Silent(), Budget(None))
        ready = run.prepare()
        began = time.monotonic()
        run.watch.finish(run.steps(ready))
        return ready.trainer.network.eval(), (time.monotonic() - began) / asked.steps


def good_tiles() -> list[Image]:
    """Of frames that nobody trained on."""
    frames = (render_wide(SEED_GOOD, number, 0, (4 * SIDE, 4 * SIDE)).image for number in range(GOOD))
    starts = range(0, 4 * SIDE, SIDE)
    return [frame[top : top + SIDE, left : left + SIDE] for frame in frames for top in starts for left in starts]


def bad_tiles() -> list[Image]:
    """With one speck each, somewhere on it but at its edge."""
    found = list[Image]()
    for number in range(BAD):
        wide, rng = render_wide(SEED_BAD, number, 1, (2 * SIDE, 2 * SIDE)), np.random.default_rng(number)
        top, left = (int(np.clip(at - rng.integers(SIDE // 4, 3 * SIDE // 4), 0, SIDE)) for at in (wide.specks[0].y, wide.specks[0].x))
        found.append(wide.image[top : top + SIDE, left : left + SIDE])
    return found


def batches(images: Sequence[Image]) -> Iterator[NDArray[np.uint8]]:
    """RGB, (n, h, w, 3)."""
    return (np.stack(images[start : start + BATCH]).repeat(3, 3) for start in range(0, len(images), BATCH))


def scores(network: PRN, images: Sequence[Image]) -> NDArray[np.float64]:
    """Of each tile, by the rule of tile bundles."""
    return np.array([top_means(found, network.pixels) for batch in batches(images) for found in infer(network, batch, BATCH)[0]])


def unusual(network: PRN, images: Sequence[Image]) -> NDArray[np.float32]:
    """t of the coarsest scale of each tile (n, h, w)."""
    found = []
    with torch.no_grad():
        for batch in batches(images):
            features = network.backbone(torch.from_numpy(batch).permute(0, 3, 1, 2).float())
            found.append(network.residuals(features)[0][-1][:, -1].numpy())
    return np.concatenate(found)


def measured(asked: argparse.Namespace) -> dict[str, Any]:
    """Shares of specks above what normal tiles score."""
    network, seconds = trained(asked)
    normal, specked = good_tiles(), bad_tiles()
    good, bad = np.sort(scores(network, normal)), scores(network, specked)
    t, t_bad = unusual(network, normal), unusual(network, specked).max((1, 2))
    told = {"highest": float(t.max()), "one in a thousand": float(np.quantile(t, 0.999)), "specks": float(np.median(t_bad))}
    above = {"99 %": np.quantile(good, 0.99), "99.9 %": np.quantile(good, 0.999), "all but two": good[-3]}
    shares = {f"above {name}": round(float((bad > bound).mean()), 3) for name, bound in above.items()}
    rounded = {name: round(value, 2) for name, value in told.items()}
    return {**shares, "unusual": rounded, "tiles": len(good), "specks": len(bad), "s_per_step": round(seconds, 3)}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = tiles.cutting(None, 32, 1.0).making
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--light-only", type=float, default=usual.light_only)
    parser.add_argument("--crowd", type=int, default=usual.crowd)
    parser.add_argument("--near", type=int, default=usual.near)
    parser.add_argument("--simulated", type=float, default=FEW_SIMULATED, help="share of a batch; a quarter where few are seen")
    parser.add_argument("--evidence", type=float, default=EVIDENCE)
    parser.add_argument("--usual", type=float, default=tiles.USUAL_ON_TILES)
    parser.add_argument("--threads", type=int, default=0)
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    key = {name: value for name, value in vars(asked).items() if name != "threads"}
    result = measured(asked)
    ledger.record("specks", key, result)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
