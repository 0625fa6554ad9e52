"""Small defects: image AUROC by the size of the defect, before and after what is done for them, on a trained bundle.

python -m tests.benchmarks.sizes build/accuracy/BUNDLE [--set magnetic_tile]

Defective test images are split into quarters by the share of the image that their mask covers; each quarter is held against all good test
images. ``paper`` is PRN's own score, the mean of the bundle's ``score_pixels`` highest values of the head's map; ``evidence`` the same
of the map with what the codebook says, as the bundle hears it, or of its evidence with the weight named and without its peaks; ``bundle``
that map scored by the bundle's rule, which is what decides on the line; ``evidence, several`` the means of 5, 100 and 1,200 pixels joined;
``paper, top N`` the paper's score with other numbers of pixels. The last three are calibrated on the bundle's held-out normals: ``regions``
is the connected region of that map with the largest sum of squared log-odds above what a pixel in a thousand of them reaches; of the means
of the highest 1, 5, 25, 100, 400 and 1,200 pixels, in log-odds, ``deviations`` takes the largest robust deviation and ``extremes`` the
smallest share of normals that would reach as much, by a Gumbel distribution.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import logit
from scipy.stats import gumbel_r

from edge_inspector.decision import top_mean, top_means
from edge_inspector.engine.bundle import bundle_hash, load_bundle
from edge_inspector.evaluation.evaluate import unseen_test_samples
from edge_inspector.evaluation.layouts import Sample, load_dataset, sha256_file
from edge_inspector.evaluation.metrics import image_auroc
from edge_inspector.geometry import on_canvas, on_image
from edge_inspector.images import decode, decode_mask
from edge_inspector.prn.codebook import Codebook
from edge_inspector.prn.evidence import evidence
from edge_inspector.prn.network import PRN
from edge_inspector.records import Image
from edge_inspector.settings.manifest import InputForm, Manifest
from edge_inspector.training.export import load_network
from edge_inspector.training.material import held_of
from tests.benchmarks import ledger
from tests.benchmarks.line import DATA

TOPS = (1, 25, 100, 400, 1200)
WEIGHTS = (0.2, 0.5)  # log-odds for each deviation, of the evidence
SEVERAL = (5, 100, 1200)
SCALES = (1, 5, 25, 100, 400, 1200)
LEAST = 8  # held-out normals, to calibrate on
CALIBRATED = ("regions", "deviations", "extremes")
TITLES = (*(f"paper, top {n}" for n in TOPS), *(f"evidence {w}" for w in WEIGHTS), "evidence, several")
RULES = ("paper", "evidence", "bundle", *TITLES, *CALIBRATED)


@dataclass(frozen=True)
class Look:
    """A test image: whether it is defective, the share of it that is marked, and its score by each of RULES."""

    bad: bool
    share: float
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Usual:
    """What held-out normals reach, in log-odds: a pixel in a thousand; each mean of SCALES, its median, robust deviation, Gumbel fit."""

    level: float
    middle: NDArray[np.float64]
    spread: NDArray[np.float64]
    gumbel: tuple[tuple[float, float], ...]

    def scores(self, map_: NDArray[np.float32]) -> tuple[float, float, float]:
        """The score of a map in 0..1 by each rule of CALIBRATED."""
        means = log_odds(np.array([top_mean(map_, pixels) for pixels in SCALES]))
        rarest = max(-float(gumbel_r.logsf(mean, *fit)) for mean, fit in zip(means, self.gumbel, strict=True))
        return self.region(map_), float(((means - self.middle) / self.spread).max()), rarest

    def region(self, map_: NDArray[np.float32]) -> float:
        """Where nothing lies above the level, how far the highest pixel is below it, as a negative number."""
        beyond = log_odds(map_) - self.level
        labels, count = ndimage.label(beyond > 0)
        return float(ndimage.sum(beyond**2, labels, range(1, count + 1)).max()) if count else float(beyond.max())


def usual(maps: Sequence[NDArray[np.float32]]) -> Usual:
    """Of the maps (h, w) in 0..1 of held-out normals, each of its image's size."""
    means = log_odds(np.array([[top_mean(map_, pixels) for pixels in SCALES] for map_ in maps]))
    middle = np.median(means, 0)
    spread = np.maximum(1.4826 * np.median(np.abs(means - middle), 0), 1e-3)
    level = float(np.quantile(np.concatenate([log_odds(map_).ravel() for map_ in maps]), 0.999))
    fits = [gumbel_r.fit(column) for column in means.T]
    return Usual(level, middle, spread, tuple((float(place), float(scale)) for place, scale in fits))


def log_odds(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of values in 0..1, any shape, kept 1e-6 from either end."""
    return np.asarray(logit(np.clip(values.astype(np.float64), 1e-6, 1 - 1e-6)))


def maps_of(network: PRN, image: Image, form: InputForm) -> tuple[NDArray[np.float32], ...]:
    """Maps (h, w) in 0..1 of an image, in its size: the head's, as the bundle makes it, and with evidence of each of WEIGHTS alone."""
    with torch.no_grad():
        batch = torch.from_numpy(on_canvas(image, form)[None])
        features = network.backbone(batch.permute(0, 3, 1, 2).float())
        apart, _ = network.residuals(features)
        logits = network.head(features, apart)
        whole, size = network(batch)[0], (logits.shape[-2], logits.shape[-1])
        forms = [replace(network.head.form, evidence=weight) for weight in WEIGHTS]
        added = [evidence(apart[-1][:, -1:], size, each) if isinstance(network.prototypes, Codebook) else 0.0 for each in forms]
        maps = [torch.sigmoid(logits)[0, 0], whole[0], *(torch.sigmoid(logits + more)[0, 0] for more in added)]
    return tuple(on_image(values.numpy(), (image.shape[0], image.shape[1]), form) for values in maps)


def look(network: PRN, manifest: Manifest, sample: Sample, calibration: Usual) -> Look:
    """Score one image by every rule."""
    head, joined, *weighed = maps_of(network, decode(sample.path), manifest.input)
    few, rule = manifest.score.score_pixels, manifest.score.pixels
    marked = float(decode_mask(sample.mask).mean()) if sample.label == "bad" and sample.mask else 0.0
    tops = (top_mean(head, pixels) for pixels in TOPS)
    others = (*(top_mean(each, few) for each in weighed), top_means(joined, SEVERAL), *calibration.scores(joined))
    return Look(sample.label == "bad", marked, (top_mean(head, few), top_mean(joined, few), top_means(joined, rule), *tops, *others))


def held_out(network: PRN, manifest: Manifest, samples: Sequence[Sample]) -> Usual:
    """Of the normals that the bundle held out; ends the program where there are too few."""
    return usual([maps_of(network, decode(path), manifest.input)[1] for path in held_normals(manifest, samples, LEAST)])


def held_normals(manifest: Manifest, samples: Sequence[Sample], least: int) -> list[Path]:
    """The normals among ``samples`` that a bundle held out of its training; ends the program where fewer than ``least`` are there."""
    held = held_of(manifest.training)
    paths = [sample.path for sample in samples if sample.label == "good" and sha256_file(sample.path) in held]
    if len(paths) < least:
        sys.exit(f"{manifest.id}: {len(paths)} of its held-out normals are in the set; {least} are needed")
    return paths


def by_quarter(looks: Sequence[Look], rule: int) -> dict[str, float]:
    """Image AUROC of all defective images and of each quarter by size, the smallest first; one with an empty mask is in no quarter."""
    shares = np.array([each.share for each in looks])
    scores = np.array([each.scores[rule] for each in looks])
    edges = np.quantile(shares[shares > 0], (0.25, 0.5, 0.75))
    bad = np.array([each.bad for each in looks])
    quarter = np.where(shares > 0, np.digitize(shares, edges), -1)
    found = {"all": _auroc(scores, bad, np.ones(len(looks), np.bool_))}
    for number in range(4):
        found[f"quarter {number + 1}"] = _auroc(scores, quarter == number, (quarter == number) | ~bad)
    return found


def _auroc(scores: NDArray[np.float64], bad: NDArray[np.bool_], counted: NDArray[np.bool_]) -> float:
    return round(image_auroc(scores[counted].tolist(), bad[counted].tolist()), 4)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--set", default="magnetic_tile")
    asked = parser.parse_args(arguments)
    bundle = load_bundle(asked.bundle)
    network = load_network(bundle.folder, bundle.manifest.score.pixels)
    dataset = load_dataset(DATA / asked.set, "mvtec")
    calibration = held_out(network, bundle.manifest, dataset.part("train"))
    samples, _ = unseen_test_samples(dataset, bundle.manifest)
    looks = []
    for number, sample in enumerate(samples, 1):
        looks.append(look(network, bundle.manifest, sample, calibration))
        sys.stderr.write(f"\r{number} of {len(samples)}")
    sys.stderr.write("\n")
    result = {name: by_quarter(looks, rule) for rule, name in enumerate(RULES)}
    trained = bundle.manifest.training
    key = {"set": asked.set, "bundle": bundle_hash(bundle.manifest)[:12], "seen": len(trained.seen), "steps": trained.steps}
    ledger.record("sizes", key, result)
    for name, row in result.items():
        sys.stdout.write(f"{name:18} " + "  ".join(f"{title} {value:.4f}" for title, value in row.items()) + "\n")


if __name__ == "__main__":
    main()
