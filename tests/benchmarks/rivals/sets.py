"""What the methods are trained and tested on."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from edge_inspector.engine.bundle import load_bundle
from edge_inspector.errors import DatasetError
from edge_inspector.evaluation.layouts import Dataset, Sample, load_dataset, pick_seen, sha256_file

LAYOUT = "mvtec"
SEED = 0


@dataclass(frozen=True)
class Bar:
    """How a set is run: minutes that PRN may train; the coreset of PatchCore, which the issue's reference figures belong to."""

    minutes: float
    coreset: float


SETS = {"mvtec_bottle": Bar(12, 0.01), "magnetic_tile": Bar(25, 0.003)}


@dataclass(frozen=True)
class Images:
    """Normals to train on, all test images, and those of them that are tested: ``seen`` ones are left out for every method."""

    root: Path
    train: tuple[Sample, ...]
    test: tuple[Sample, ...]
    tested: tuple[Sample, ...]
    digest: str
    tested_digest: str

    @property
    def counts(self) -> tuple[int, int]:
        """Good and bad images tested."""
        bad = sum(sample.label == "bad" for sample in self.tested)
        return len(self.tested) - bad, bad


def images_of(root: Path, seen: int, bundle: Path | None) -> Images:
    """The images of a data set; which are left out says the bundle where one is given, else the draw that ``train --seed 0`` makes.

    Raises DatasetError, also where the bundle has seen another number of anomalies.
    """
    dataset = load_dataset(root, LAYOUT)
    hashes = {sample.path: sha256_file(sample.path) for sample in dataset.samples}
    left_out = _of_bundle(bundle, seen) if bundle else _by_draw(dataset, seen, hashes)
    test = dataset.part("test")
    tested = tuple(sample for sample in test if hashes[sample.path] not in left_out)
    return Images(root, dataset.part("train", "good"), test, tested, _digest(root, dataset.samples, hashes), _digest(root, tested, hashes))


def _by_draw(dataset: Dataset, seen: int, hashes: dict[Path, str]) -> set[str]:
    trained = (*dataset.part("train", "good"), *(pick_seen(dataset, seen, SEED) if seen else ()))
    return {hashes[sample.path] for sample in trained}


def _of_bundle(folder: Path, seen: int) -> set[str]:
    training = load_bundle(folder).manifest.training
    if len(training.seen) != seen:
        raise DatasetError(f"{folder}: trained on {len(training.seen)} seen anomalies; give --seen {len(training.seen)}")
    return {*training.images, *training.seen}


def _digest(root: Path, samples: tuple[Sample, ...], hashes: dict[Path, str]) -> str:
    lines = [f"{sample.path.relative_to(root)} {hashes[sample.path]}" for sample in samples]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:12]


def limited(root: Path, limit: int, into: Path) -> Path:
    """A data set of links to the first ``limit`` images of each folder of ``root``, their masks with them; made anew in ``into``."""
    counts: Counter[Path] = Counter()
    for sample in load_dataset(root, LAYOUT).samples:
        counts[sample.path.parent] += 1
        if counts[sample.path.parent] <= limit:
            for path in filter(None, (sample.path, sample.mask)):
                link = into / path.relative_to(root)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.unlink(missing_ok=True)
                link.symlink_to(path.resolve())
    return into
