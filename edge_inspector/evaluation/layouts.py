"""Data sets as the field stores them: each layout becomes the same list of samples.

=========== ==========================================================================================================
mvtec       train/good, test/<defect>, ground_truth/<defect>/<name>_mask.png
btad        train/ok, test/ok|ko, ground_truth/ko/<name>
kolektor    kosNN/PartN.jpg with PartN_label.bmp; no official split: half the folders train, drawn with a constant seed
kolektor2   train|test/NNNNN.png with NNNNN_GT.png
dagm        ClassN/Train|Test/NNNN.PNG with Label/NNNN_label.PNG where defective (the folder of one class will do too)
visa        split_csv/1cls.csv (columns object, split, label, image, mask), or the folder of one object beside split_csv
folder      good/, bad/ (its subfolders are defect types), masks/<defect>/<name>, or masks/<name> where names are no two
            images'; of good/ four fifths train, drawn with a constant seed
=========== ==========================================================================================================
"""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np

from edge_inspector.errors import DatasetError, ImageError, SettingsError
from edge_inspector.images import SUFFIXES, decode_mask
from edge_inspector.records import Mask

Split = Literal["train", "test"]
Label = Literal["good", "bad"]
Missing = Callable[[str], None]  # told what of a layout is not there
BOTH: tuple[Split, ...] = ("train", "test")
SPLIT_SEED = 2023  # of the layouts that have no official split; a part of the layout, never an option


@dataclass(frozen=True, slots=True)
class Sample:
    """One image. ``defect`` is its type ("good" where it has none), ``mask`` the file that marks it, None where there is none.

    ``also`` are further masks of the same image, which has defects of other types, too.
    """

    path: Path
    split: Split
    label: Label
    defect: str
    mask: Path | None = None
    also: tuple[Path, ...] = ()

    @property
    def masks(self) -> tuple[Path, ...]:
        """All files that mark it."""
        return (*([self.mask] if self.mask else []), *self.also)

    def marked(self) -> Mask:
        """What any of its masks marks, bool (H, W). Raises ImageError for a file that cannot be read, or of another size than the first."""
        found, *others = [decode_mask(path) for path in self.masks]
        for path, mask in zip(self.masks[1:], others, strict=True):
            if mask.shape != found.shape:
                raise ImageError(f"{path}: mask of {mask.shape}; {self.masks[0]}, of the same image, has {found.shape}")
            found = found | mask
        return found


@dataclass(frozen=True, slots=True)
class Dataset:
    """The samples of one folder, in the order of their paths."""

    root: Path
    layout: str
    samples: tuple[Sample, ...]

    def part(self, split: Split, label: Label | None = None) -> tuple[Sample, ...]:
        """The samples of one split, and of one label where given."""
        return tuple(s for s in self.samples if s.split == split and label in (None, s.label))


def load_dataset(root: Path, layout: str, needs: Sequence[Split] = BOTH) -> Dataset:
    """List the samples of ``root``; of each split that ``needs`` names there must be some.

    Raises DatasetError naming the folder and what the layout expects there; SettingsError for a layout that there is not.
    """
    dataset = _read(root, layout, _required)
    for split in needs:
        if not dataset.part(split):
            raise DatasetError(f"{root}: no images of the {split} part; layout {layout} expects {_EXPECTED[layout]}")
    return dataset


def load_part(root: Path, layout: str) -> Dataset:
    """List the samples of a folder that has some of its layout only: a few labelled defects, normals without defects.

    A bad sample whose mask is missing has None for it. Raises DatasetError where there is no image at all by that layout.
    """
    dataset = _read(root, layout, _optional)
    if not dataset.samples:
        raise DatasetError(f"{root}: no images found; layout {layout} expects {_EXPECTED[layout]}, or some of these")
    return dataset


def _read(root: Path, layout: str, missing: Missing) -> Dataset:
    reader = LAYOUTS.get(layout)
    if reader is None:
        raise SettingsError(f"--layout: unknown layout '{layout}'; one of {', '.join(LAYOUTS)}")
    if not root.is_dir():
        what = "a file, not a folder" if root.exists() else "no such folder"
        raise DatasetError(f"{root}: {what}; a data set of layout {layout} was expected")
    return Dataset(root, layout, tuple(sorted(reader(root, missing), key=lambda s: s.path)))


def _required(what: str) -> None:
    raise DatasetError(what)


def _optional(what: str) -> None:
    """Nothing."""


def without_type(dataset: Dataset, defect: str) -> Dataset:
    """The data set without the images of one defect type, whole where ``defect`` is "". Raises DatasetError for a type it does not have."""
    if not defect:
        return dataset
    if defect not in defect_types(dataset):
        raise DatasetError(f"{dataset.root}: no defect type '{defect}'; it has {', '.join(defect_types(dataset)) or 'none'}")
    return replace(dataset, samples=tuple(s for s in dataset.samples if s.defect != defect))


def defect_types(dataset: Dataset) -> tuple[str, ...]:
    """The defect types of the data set, by name."""
    return tuple(sorted({s.defect for s in dataset.samples if s.label == "bad"}))


def pick_seen(dataset: Dataset, n: int, seed: int, passed: Callable[[Sample], None] = lambda _: None) -> tuple[Sample, ...]:
    """``n`` defective samples whose masks mark something, drawn by ``seed``, as even over the defect types as they allow.

    From the training part where the set has defective images there, else from the test part. ``passed`` is told whose turn it was and whose
    mask is empty. Raises DatasetError where there are fewer; ImageError for a mask that cannot be read.
    """
    pool = [s for s in dataset.part("train", "bad") if s.mask] or [s for s in dataset.part("test", "bad") if s.mask]
    empty: list[Sample] = []
    turns = _round_robin(pool, np.random.default_rng(seed), empty.append)
    picked = list(islice(turns, n)) if 0 <= n <= len(pool) else []
    if len(picked) != n:
        without = [sample.path for sample in dataset.samples if sample.label == "bad" and not sample.mask]
        unmarked = f", and {len(empty)} with an empty one ({empty[0].mask}): mark the defect" if empty else ""
        unmarked += f", and {len(without)} without one ({without[0]})" if without else ""
        raise DatasetError(
            f"{dataset.root}: {n} seen images asked for (--seen); it has {len(pool) - len(empty)} defective images with masks to draw "
            f"from{unmarked}; layout {dataset.layout} expects {_EXPECTED[dataset.layout]}"
        )
    for sample in empty:
        passed(sample)
    return tuple(sorted(picked, key=lambda s: s.path))


def sha256_file(path: Path) -> str:
    """Lower-case hex sha256 of a file's content. Raises DatasetError naming a file that cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def _round_robin(pool: Iterable[Sample], rng: np.random.Generator, empty: Callable[[Sample], None]) -> Iterator[Sample]:
    """Shuffle inside each defect type, then take one of each type in turn, the types in drawn order.

    Masks are read when it is their turn; ``empty`` is told of one that marks nothing, and the next of its type takes the turn.
    """
    by_type: dict[str, list[Sample]] = defaultdict(list)
    for sample in sorted(pool, key=lambda s: s.path):
        by_type[sample.defect].append(sample)
    types = [sorted(by_type)[i] for i in rng.permutation(len(by_type))]
    shuffled = [[by_type[name][i] for i in rng.permutation(len(by_type[name]))] for name in types]
    waiting = deque(_not_empty(samples, empty) for samples in shuffled)
    while waiting:
        one = waiting.popleft()
        drawn = next(one, None)
        if drawn is not None:
            yield drawn
            waiting.append(one)


def _not_empty(samples: Iterable[Sample], empty: Callable[[Sample], None]) -> Iterator[Sample]:
    for sample in samples:
        if sample.marked().any():
            yield sample
        else:
            empty(sample)


# ------------------------------------------------------------------------------------------------------ what layouts share


def _images(folder: Path, layout: str, missing: Missing) -> list[Path]:
    """The image files directly in ``folder``, by name."""
    if not folder.is_dir():
        missing(f"{folder}: no such folder; layout {layout} expects {_EXPECTED[layout]}")
        return []
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))


def _images_of(split: Split, folder: Path, layout: str, missing: Missing) -> list[Path]:
    """The same for the folder of a split; none where there is no folder of the test part: a set may have nothing to test yet."""
    return _images(folder, layout, missing) if split == "train" or folder.is_dir() else []


def _folders(folder: Path) -> list[Path]:
    """The folders directly in ``folder``, by name; none where there is no such folder."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(p for p in found if p.is_dir() and not p.name.startswith("."))


def _good(paths: Iterable[Path], split: Split) -> Iterator[Sample]:
    return (Sample(path, split, "good", "good") for path in paths)


def _mask(folder: Path, stem: str, endings: tuple[str, ...], missing: Missing) -> Path | None:
    """The mask ``stem + ending`` with any image suffix, or None where the folder is absent; ``missing`` is told where only this one is."""
    if not folder.is_dir():
        return None
    for ending in endings:
        for suffix in (".png", ".PNG", *sorted(SUFFIXES), *(s.upper() for s in sorted(SUFFIXES))):
            if (path := folder / f"{stem}{ending}{suffix}").is_file():
                return path
    missing(f"{folder}: no mask for image '{stem}'; expected {stem}{endings[0]}.png")
    return None


def _marked(path: Path, split: Split, mask: Path, defect: str, missing: Missing) -> Sample:
    """Good or bad by whether the mask marks anything; an image whose mask may be missing counts as bad."""
    if not mask.is_file():
        missing(f"{mask}: no such file; it should mark the defects of {path.name}")
        return Sample(path, split, "bad", defect)
    return Sample(path, split, "bad", defect, mask) if decode_mask(mask).any() else Sample(path, split, "good", "good")


def _halves(names: list[Path], share: float) -> set[Path]:
    """A fixed draw of ``share`` of the names, at least one."""
    order = np.random.default_rng(SPLIT_SEED).permutation(len(names))
    return {names[i] for i in order[: max(1, round(len(names) * share))]}


# ------------------------------------------------------------------------------------------------------------ the layouts


def _mvtec(root: Path, missing: Missing) -> Iterator[Sample]:
    yield from _good(_images(root / "train" / "good", "mvtec", missing), "train")
    for folder in _folders(root / "test"):
        if folder.name == "good":
            yield from _good(_images(folder, "mvtec", missing), "test")
            continue
        for path in _images(folder, "mvtec", missing):
            mask = _mask(root / "ground_truth" / folder.name, path.stem, ("_mask", ""), missing)
            yield Sample(path, "test", "bad", folder.name, mask)


def _btad(root: Path, missing: Missing) -> Iterator[Sample]:
    yield from _good(_images(root / "train" / "ok", "btad", missing), "train")
    yield from _good(_images_of("test", root / "test" / "ok", "btad", missing), "test")
    for path in _images_of("test", root / "test" / "ko", "btad", missing):
        yield Sample(path, "test", "bad", "ko", _mask(root / "ground_truth" / "ko", path.stem, ("",), missing))


def _kolektor(root: Path, missing: Missing) -> Iterator[Sample]:
    folders = [folder for folder in _folders(root) if folder.name.startswith("kos")]
    train = _halves(folders, 0.5)
    for folder in folders:
        split: Split = "train" if folder in train else "test"
        for path in _images(folder, "kolektor", missing):
            if not path.stem.endswith("_label"):
                yield _marked(path, split, folder / f"{path.stem}_label.bmp", "defect", missing)


def _kolektor2(root: Path, missing: Missing) -> Iterator[Sample]:
    for split in BOTH:
        for path in _images_of(split, root / split, "kolektor2", missing):
            if not path.stem.endswith("_GT"):
                yield _marked(path, split, path.with_name(f"{path.stem}_GT.png"), "defect", missing)


def _dagm(root: Path, missing: Missing) -> Iterator[Sample]:
    classes = [root] if (root / "Train").is_dir() else [f for f in _folders(root) if f.name.startswith("Class")]
    splits: dict[str, Split] = {"Train": "train", "Test": "test"}
    for folder in classes:
        if not any((folder / name / "Label").is_dir() for name in splits):
            raise DatasetError(
                f"{folder}: no Label folder in Train or Test, so that every image would pass for good; layout dagm expects "
                f"{_EXPECTED['dagm']} (an empty Label folder where no image is defective)"
            )
        for name, split in splits.items():
            for path in _images_of(split, folder / name, "dagm", missing):
                mask = folder / name / "Label" / f"{path.stem}_label.PNG"
                yield Sample(path, split, "bad", folder.name, mask) if mask.is_file() else Sample(path, split, "good", "good")


def _visa(root: Path, missing: Missing) -> Iterator[Sample]:
    whole = (root / "split_csv").is_dir()
    top = root if whole else root.parent
    table = top / "split_csv" / "1cls.csv"
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise DatasetError(f"{root}: {table} cannot be read; layout visa expects {_EXPECTED['visa']}") from None
    for row in rows:
        if whole or row.get("object") == root.name:
            yield _visa_sample(top, table, row, missing)


def _visa_sample(top: Path, table: Path, row: dict[str, str], missing: Missing) -> Sample:
    try:
        kind, split, label, image, mask = (row[key] for key in ("object", "split", "label", "image", "mask"))
    except KeyError as error:
        raise DatasetError(f"{table}: column {error} is missing; layout visa expects {_EXPECTED['visa']}") from None
    path = top / image
    if split not in ("train", "test") or label not in ("normal", "anomaly") or not path.is_file():
        raise DatasetError(f"{table}: row {kind}, {split}, {label}, {image}: no such image, split (train, test) or label (normal, anomaly)")
    part: Split = "train" if split == "train" else "test"
    if label == "normal":
        return Sample(path, part, "good", "good")
    if mask and not (top / mask).is_file():
        missing(f"{top / mask}: no such file; {table} names it as the mask of {image}")
        mask = ""
    return Sample(path, part, "bad", kind, top / mask if mask else None)


def _folder(root: Path, missing: Missing) -> Iterator[Sample]:
    good = _images(root / "good", "folder", missing)
    train = _halves(good, 0.8)
    yield from _good((p for p in good if p in train), "train")
    yield from _good((p for p in good if p not in train), "test")
    flat, claimed = root / "masks", dict[Path, Path]()
    for folder in (root / "bad", *_folders(root / "bad")):
        defect = "bad" if folder == root / "bad" else folder.name
        own = flat / folder.name
        masks = own if folder != root / "bad" and own.is_dir() else flat
        for path in _images_of("test", folder, "folder", missing):
            mask = _mask(masks, path.stem, ("", "_mask"), missing)
            if mask and masks == flat:
                _claim(mask, path, claimed)
            yield Sample(path, "test", "bad", defect, mask)


def _claim(mask: Path, image: Path, claimed: dict[Path, Path]) -> None:
    """Note whose ``mask`` it is. Raises DatasetError where it is another image's already: for one of the two it would be wrong."""
    first = claimed.setdefault(mask, image)
    if first != image:
        raise DatasetError(
            f"{mask}: the mask of both {first} and {image} by its name; "
            "put the masks of each defect type below masks/<defect>/, or give the images names of their own"
        )


LAYOUTS: dict[str, Callable[[Path, Missing], Iterator[Sample]]] = {
    "mvtec": _mvtec,
    "btad": _btad,
    "kolektor": _kolektor,
    "kolektor2": _kolektor2,
    "dagm": _dagm,
    "visa": _visa,
    "folder": _folder,
}
_EXPECTED = {
    "mvtec": "train/good, test/<defect> and ground_truth/<defect>/<name>_mask.png",
    "btad": "train/ok, test/ok, test/ko and ground_truth/ko/<name>.png",
    "kolektor": "folders kosNN with PartN.jpg and PartN_label.bmp",
    "kolektor2": "train/NNNNN.png, test/NNNNN.png and NNNNN_GT.png beside them",
    "dagm": "ClassN/Train, ClassN/Test and Label/NNNN_label.PNG in them",
    "visa": "split_csv/1cls.csv with the columns object, split, label, image, mask",
    "folder": "good/, bad/ and masks/",
}
