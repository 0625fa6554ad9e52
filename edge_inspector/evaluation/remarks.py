"""What a person should know of a data set that its layout alone does not tell: images that nobody reads, and what cannot be measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from edge_inspector.evaluation.layouts import Dataset, Sample
from edge_inspector.images import SUFFIXES

_NAMED = 5  # files that a note names; it counts the others


def unread(dataset: Dataset) -> Iterator[str]:
    """A note for each folder beside the images of a data set whose own images belong to no sample."""
    known = {path.parent for sample in dataset.samples for path in (sample.path, *sample.masks)}
    for parent in sorted({sample.path.parent for sample in dataset.samples}):
        for folder in sorted(f for f in parent.iterdir() if f.is_dir() and f not in known and not f.name.startswith(".")):
            lost = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.parent not in known)
            if lost:
                yield (
                    f"{folder}: {len(lost)} image{'s' if len(lost) > 1 else ''} not read ({named(lost)}); "
                    f"layout {dataset.layout} takes what lies in {parent.name}/ itself"
                )


def unlabelled(dataset: Dataset) -> Iterator[str]:
    """A note for each half of a DAGM class that has no folder of labels: none of its images can be known to be defective."""
    for parent in sorted({sample.path.parent for sample in dataset.samples} if dataset.layout == "dagm" else ()):
        if not (parent / "Label").is_dir():
            yield f"{parent}: no Label folder; all its images are taken for good (where none is defective, an empty Label folder says so)"


def untestable(dataset: Dataset) -> Iterator[str]:
    """That no bundle can be evaluated on this set, where its test part lacks normal or defective images."""
    good, bad = bool(dataset.part("test", "good")), bool(dataset.part("test", "bad"))
    if not (good and bad):
        lacking = "normal " if bad else "defective " if good else ""
        yield f"no {lacking}test images found in {dataset.root} by layout '{dataset.layout}': the bundle cannot be evaluated on this set"


def unmasked(samples: Iterable[Sample]) -> Iterator[str]:
    """How many of the defective images have no mask, or one that marks nothing: nobody knows of their pixels. Raises ImageError."""
    bad = [sample for sample in samples if sample.label == "bad"]
    without = [sample.path for sample in bad if sample.mask is None or not sample.marked().any()]
    if without:
        yield (
            f"{len(without)} of {len(bad)} defective test images have no mask, or an empty one ({named(without)}): "
            "figures of pixels leave them out"
        )


def named(paths: Sequence[Path]) -> str:
    """The first few files, for a note."""
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(path.name for path in paths[:_NAMED]) + more
