"""Which images a retraining is made of.

The parent's manifest names its images by their sha256 alone, so they are found again by content, wherever in the data set they lie now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_inspector.errors import DatasetError
from edge_inspector.evaluation.layouts import Dataset, Label, Sample, load_part, sha256_file
from edge_inspector.evaluation.remarks import named, unread
from edge_inspector.labels.hints import MaskSource
from edge_inspector.settings.manifest import Manifest, Training
from edge_inspector.training.data import held_out

Hashed = tuple[str, Sample]  # sha256 of the image, and the sample


@dataclass(frozen=True)
class Material:
    """``held`` says which ``normals`` were held out of the parent's training; ``old`` are the parent's seen anomalies that were found, each
    with what its mask is made of; ``new`` those that are added. ``test`` was used by neither. ``notes`` say what is missing or left out.
    """

    normals: tuple[Sample, ...]
    held: NDArray[np.bool_]
    old: tuple[tuple[Sample, MaskSource], ...]
    new: tuple[Hashed, ...]
    test: tuple[Sample, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Additions:
    """The defective images of the folder that is added, by what becomes of them."""

    new: tuple[Hashed, ...]
    known: tuple[Path, ...]
    unmasked: tuple[Path, ...]
    empty: tuple[Path, ...]


def gather(parent: Manifest, data: Path, add: Path, layout: str) -> Material:
    """Find the parent's images in ``data`` (of its own layout) and the new defects in ``add`` (of ``layout``).

    Raises DatasetError where ``data`` has none of the parent's normals, or ``add`` no defective image with a mask that is new to it;
    ImageError for a mask that cannot be read.
    """
    added = load_part(add, layout)
    there, offered = _hashed(load_part(data, parent.training.layout)), _hashed(added)
    additions = _sorted_out(offered, parent.training)
    if not additions.new:
        raise DatasetError(_nothing_new(add, additions, parent.id))
    new = frozenset(digest for digest, _ in additions.new)
    normals = _normals(parent, there, new)
    if not normals:
        raise DatasetError(
            f"{data}: has none of the {len(parent.training.images)} normal images that {parent.id} was trained on; "
            "name the data set that holds them with --data"
        )
    old = _old(parent.training, there, offered)
    notes = (*_lacking(parent, data, normals, old, new), *_left_out(add, additions, offered), *unread(added))
    test = _unused(parent.training, new, [*there, *((digest, s) for digest, s in offered if s.label == "good")])
    return Material(tuple(s for _, s in normals), _held(parent.training, normals), tuple(old.values()), additions.new, test, notes)


def _hashed(dataset: Dataset) -> list[Hashed]:
    return _united([(sha256_file(sample.path), sample) for sample in dataset.samples])


def _united(found: Sequence[Hashed]) -> list[Hashed]:
    """An image with defects of two types lies under both, each time with the mask of one: here it is one sample with both masks."""
    masks: dict[str, dict[str, Path]] = {}  # of each image, by content
    for digest, sample in found:
        if sample.mask:
            masks.setdefault(digest, {}).setdefault(sha256_file(sample.mask), sample.mask)
    kept: list[Hashed] = []
    for digest, sample in found:
        own = list(masks.get(digest, {}).values())
        if sample.mask and sample.mask in own[1:]:
            continue
        kept.append((digest, replace(sample, also=tuple(own[1:])) if sample.mask and sample.mask == own[0] else sample))
    return kept


def _first(found: Iterable[Hashed], label: Label) -> dict[str, Sample]:
    """By content, the first of several alike."""
    kept: dict[str, Sample] = {}
    for digest, sample in found:
        if sample.label == label:
            kept.setdefault(digest, sample)
    return kept


# ------------------------------------------------------------------------------------------------------------------ what is added


def _sorted_out(offered: Sequence[Hashed], training: Training) -> _Additions:
    bad = [(digest, sample) for digest, sample in offered if sample.label == "bad"]
    fresh = {digest: sample for digest, sample in _first(bad, "bad").items() if digest not in training.seen}
    kept = {sample.path for sample in fresh.values()}
    masked = {digest: sample for digest, sample in fresh.items() if sample.mask}
    marked = {digest for digest, sample in masked.items() if sample.marked().any()}
    return _Additions(
        new=tuple((digest, fresh[digest]) for digest in fresh if digest in marked),
        known=tuple(sample.path for _, sample in bad if sample.path not in kept),
        unmasked=tuple(sample.path for sample in fresh.values() if not sample.mask),
        empty=tuple(mask for digest, sample in masked.items() if digest not in marked for mask in sample.masks),
    )


def _nothing_new(add: Path, additions: _Additions, parent: str) -> str:
    counts = (
        (additions.known, f"seen by {parent} before, or twice there"),
        (additions.unmasked, "without a mask"),
        (additions.empty, "with an empty mask"),
    )
    found = "; ".join(f"{len(paths)} {what}: {named(paths)}" for paths, what in counts if paths) or "none at all"
    return f"{add}: no new defective image with a mask that marks something ({found}); add images and paint their defects"


def _left_out(add: Path, additions: _Additions, offered: Sequence[Hashed]) -> list[str]:
    good = sum(sample.label == "good" for _, sample in offered)
    remarks = (
        (additions.known, "are known already and taken once only"),
        (additions.unmasked, "have no mask and are left out"),
        (additions.empty, "mark nothing: their images are left out"),
    )
    notes = [f"{len(paths)} of {add} {what}: {named(paths)}" for paths, what in remarks if paths]
    return [*notes, *([f"{good} good images of {add} are not trained on: normals stay those of the parent"] if good else [])]


# --------------------------------------------------------------------------------------------------------------- what was there


def _normals(parent: Manifest, there: Sequence[Hashed], new: frozenset[str]) -> list[Hashed]:
    """In the manifest's order; one that is added as defective now was no normal."""
    found = _first(there, "good")
    wanted = [digest for digest in dict.fromkeys(parent.training.images) if digest in found and digest not in new]
    return [(digest, found[digest]) for digest in wanted]


def _held(training: Training, normals: Sequence[Hashed]) -> NDArray[np.bool_]:
    """The same normals that the parent held out, so that its weights have seen none of them; none where only those were found."""
    apart = held_of(training)
    held = np.array([digest in apart for digest, _ in normals], np.bool_)
    return held if not held.all() else np.zeros(len(held), np.bool_)


def held_of(training: Training) -> frozenset[str]:
    """The normals held out of a bundle's training: those its manifest names, or, of a time when none were named, those its seed picks."""
    if training.held:
        return frozenset(training.held)
    picked = held_out(len(training.images), training.seed).tolist()
    return frozenset(digest for digest, out in zip(training.images, picked, strict=True) if out)


def _old(training: Training, there: Sequence[Hashed], offered: Sequence[Hashed]) -> dict[str, tuple[Sample, MaskSource]]:
    """The parent's seen anomalies: in its data set, in the folders that earlier retrainings added, or among what is added now."""
    found = _first((pair for pair in [*there, *_earlier(training), *offered] if pair[1].mask), "bad")
    exact = {digest for added in training.added for digest in added.images}
    return {digest: (found[digest], "exact" if digest in exact else training.masks) for digest in training.seen if digest in found}


def _earlier(training: Training) -> list[Hashed]:
    pairs: list[Hashed] = []
    for added in training.added:
        try:
            pairs += _hashed(load_part(Path(added.folder), added.layout))
        except DatasetError:
            continue  # the folder has gone; which of its images are missed is noted
    return pairs


def _lacking(
    parent: Manifest, data: Path, normals: Sequence[Hashed], old: dict[str, tuple[Sample, MaskSource]], new: frozenset[str]
) -> list[str]:
    training = parent.training
    wrong = len(new & set(training.images))
    normals_lost = len(set(training.images) - new) - len(normals)
    seen_lost = len(set(training.seen)) - len(old)
    remarks = (
        (
            wrong,
            f"{wrong} normals of {parent.id} are added as defects: they are normals no longer; --prototypes refresh forgets them wholly",
        ),
        (normals_lost, f"{normals_lost} of {len(training.images)} normals of {parent.id} are not in {data}: training goes on without them"),
        (seen_lost, f"{seen_lost} of {len(training.seen)} seen anomalies of {parent.id} were not found with their masks in {data}"),
    )
    return [text for count, text in remarks if count]


def _unused(training: Training, new: frozenset[str], candidates: Sequence[Hashed]) -> tuple[Sample, ...]:
    """The test images that neither bundle was or will be trained on, each content once."""
    used = {*training.images, *training.seen, *new}
    kept: dict[str, Sample] = {}
    for digest, sample in candidates:
        if sample.split == "test" and digest not in used:
            kept.setdefault(digest, sample)
    return tuple(kept.values())
