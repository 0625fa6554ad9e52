"""Training data in memory: normals, held-out normals, seen anomalies, and what the manifest says of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.errors import DatasetError
from edge_inspector.evaluation.layouts import Sample, load_dataset, pick_seen, sha256_file, without_type
from edge_inspector.images import SUFFIXES, decode, decode_mask, fit
from edge_inspector.labels.hints import MaskSource, redrawn
from edge_inspector.records import Image, Mask
from edge_inspector.training.extended import SeenAnomaly

Stack = NDArray[np.uint8]  # (M, H, W, 3)
HELD_SHARE, HELD_LEAST, HELD_FROM = 0.10, 8, 40  # a tenth is held out, at least 8 where there are 40 normals or more
_FEW = 10  # below it nothing is held out: every normal is dear


@dataclass(frozen=True)
class TrainingData:
    """``normals`` train and make prototypes; ``held`` only say what a threshold should be (empty where normals are few)."""

    normals: Stack
    held: Stack
    seen: tuple[SeenAnomaly, ...]
    textures: tuple[Image, ...]
    grey: bool
    normal_hashes: tuple[str, ...]
    seen_hashes: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """sha256 over the sorted sha256 of every image used."""
        return fingerprint_of((*self.normal_hashes, *self.seen_hashes))


def fingerprint_of(hashes: Sequence[str]) -> str:
    """sha256 over the sorted sha256 of images."""
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()


def load_training_data(
    root: Path,
    layout: str,
    seen: int,
    seed: int,
    size: tuple[int, int],
    textures: Path | None = None,
    without: str = "",
    masks: MaskSource = "exact",
) -> TrainingData:
    """Read a data set's training side and ``seen`` defective images, none of the type ``without``, all at ``size`` (H, W).

    ``masks`` says what the seen masks are made of.

    Raises DatasetError where there is no normal image, or a seen image has no usable mask; ImageError naming a file that cannot be read.
    """
    dataset = without_type(load_dataset(root, layout), without)
    picked = pick_seen(dataset, seen, seed) if seen else ()
    chosen = {sample.path for sample in picked}
    samples = [s for s in dataset.samples if s.split == "train" and s.label == "good" and s.path not in chosen]
    if not samples:
        raise DatasetError(f"{root}: no normal training image found by layout '{layout}'; training needs at least one")
    return read_training_data(samples, held_out(len(samples), seed), [(sample, masks) for sample in picked], size, textures)


def read_training_data(
    normals: Sequence[Sample],
    held: NDArray[np.bool_],
    seen: Sequence[tuple[Sample, MaskSource]],
    size: tuple[int, int],
    textures: Path | None = None,
) -> TrainingData:
    """Read chosen samples at ``size`` (H, W); ``held`` says which normals are held out, ``seen`` what each mask is made of.

    Raises DatasetError where a seen image has no usable mask; ImageError naming a file that cannot be read.
    """
    images, grey = _read([s.path for s in normals], size)
    return TrainingData(
        normals=images[~held],
        held=images[held],
        seen=tuple(_seen(sample, size, masks) for sample, masks in seen),
        textures=tuple(fit(decode(path), *size) for path in _texture_files(textures)),
        grey=grey,
        normal_hashes=tuple(sha256_file(s.path) for s in normals),
        seen_hashes=tuple(sha256_file(s.path) for s, _ in seen),
    )


def held_out(count: int, seed: int) -> NDArray[np.bool_]:
    """Which of ``count`` normals are held out of training: a seeded tenth, at least 8 of 40 and more, a fifth of fewer, none below 10."""
    mask = np.zeros(count, np.bool_)
    if count >= _FEW:
        number = max(HELD_LEAST, round(HELD_SHARE * count)) if count >= HELD_FROM else count // 5
        mask[np.random.default_rng([seed, 7]).permutation(count)[:number]] = True
    return mask


def _read(paths: Sequence[Path], size: tuple[int, int]) -> tuple[Stack, bool]:
    stack = np.empty((len(paths), *size, 3), np.uint8)
    grey = True
    for number, path in enumerate(paths):
        image = decode(path)
        stack[number] = fit(image, *size)
        grey = grey and is_grey(image)
    return stack, grey


def is_grey(image: Image) -> bool:
    """Whether an image has no colour: one channel, or three that hardly differ."""
    if image.shape[2] == 1:
        return True
    spread = image.max(axis=2).astype(np.int16) - image.min(axis=2)
    return float(np.percentile(spread, 99)) <= 4.0


def _seen(sample: Sample, size: tuple[int, int], masks: MaskSource) -> SeenAnomaly:
    if sample.mask is None:
        raise DatasetError(f"{sample.path}: a seen anomaly needs a mask, and its layout names none; draw one or lower --seen")
    image, mask = decode(sample.path), decode_mask(sample.mask)
    if mask.shape != image.shape[:2]:
        raise DatasetError(f"{sample.mask}: the mask is {mask.shape} and its image {image.shape[:2]} (height, width); they must be equal")
    if not mask.any():
        raise DatasetError(f"{sample.mask}: the mask is empty; mark the defect or take the image out")
    return SeenAnomaly(fit(image, *size), fit_mask(redrawn(image, mask, masks), *size))


def fit_mask(mask: Mask, height: int, width: int) -> Mask:
    """A mask at another size; one that would vanish keeps its strongest pixel."""
    share = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(share >= min(0.5, float(share.max())))


def _texture_files(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise DatasetError(f"{folder}: no texture image found; expected {', '.join(sorted(SUFFIXES))}")
    return files[:500]  # more variety than a training run can use
