"""Training data in memory: normals, held-out normals, seen anomalies, and what the manifest says of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.errors import DatasetError
from edge_inspector.evaluation.layouts import Sample, load_dataset, pick_seen, sha256_file, without_type
from edge_inspector.evaluation.remarks import named, unlabelled, unread, untestable
from edge_inspector.geometry import Size, Window, on_canvas, window_of
from edge_inspector.images import SUFFIXES, decode, size_of
from edge_inspector.labels.hints import MaskSource, hints_of, redrawn
from edge_inspector.labels.marks import Marked, kept_marks, marks_file
from edge_inspector.records import Image, Mask
from edge_inspector.settings.manifest import InputForm, Tiling
from edge_inspector.training.extended import SeenAnomaly
from edge_inspector.training.geometry import FitChoice, choose_input
from edge_inspector.training.making import WHOLE_PART, Making
from edge_inspector.training.textures import covering

Stack = NDArray[np.uint8]  # (M, H, W, 3)
Which = NDArray[np.bool_]  # (M,)
HELD_SHARE, HELD_LEAST, HELD_FROM = 0.10, 8, 40  # a tenth is held out, at least 8 where there are 40 normals or more
_FEW = 10  # below it nothing is held out: every normal is dear
BLACK_BELOW = 16  # grey levels that no part of a black image reaches: twelve bits in a 16-bit file end there too
TEXTURES = 500  # images of a user's folder at most: more variety than a training run can use


@dataclass(frozen=True)
class TrainingData:
    """``normals`` train and make prototypes; ``held`` only say what a threshold should be (empty where normals are few).

    All lie on inputs of ``form``: the normals in ``windows``, those held out in ``held_windows``; both empty where there is no padding.
    ``notes`` are what a person should know of the images.
    """

    normals: Stack
    held: Stack
    seen: tuple[SeenAnomaly, ...]
    textures: tuple[Image, ...]
    grey: bool
    normal_hashes: tuple[str, ...]
    seen_hashes: tuple[str, ...]
    form: InputForm
    windows: tuple[Window, ...] = ()
    held_windows: tuple[Window, ...] = ()
    notes: tuple[str, ...] = ()
    mask_hashes: tuple[str, ...] = ()  # of the mask files of ``seen``, and of the marks kept beside them
    held_hashes: tuple[str, ...] = ()  # those of ``normal_hashes`` that are held out
    tiling: Tiling | None = None  # of a tile bundle, whose ``normals`` and ``held`` are crops
    frames: tuple[Path, ...] = ()  # the whole frames that its thresholds rest on, those held out where there are any
    making: Making = WHOLE_PART  # how anomalies are made of them

    @property
    def fingerprint(self) -> str:
        """sha256 over the sorted sha256 of every image used."""
        return fingerprint_of((*self.normal_hashes, *self.seen_hashes))


def fingerprint_of(hashes: Sequence[str]) -> str:
    """sha256 over the sorted sha256 of images."""
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()


def load_training_data(  # noqa: PLR0913, PLR0917 - one parameter a setting
    root: Path,
    layout: str,
    seen: int,
    seed: int,
    size: Size | None,
    textures: Path | None = None,
    without: str = "",
    masks: MaskSource = "exact",
    fit: FitChoice = "auto",
) -> TrainingData:
    """Read a data set's training side and ``seen`` defective images, none of the type ``without``, all as the network will see them.

    The input's ``size`` (H, W) and ``fit`` are chosen where they are not given. ``masks`` says what the seen masks are made of. Black
    normals are left out, with a note.

    Raises DatasetError where there is no normal image or all are black, or a seen image has no usable mask; ImageError naming a file that
    cannot be read.
    """
    samples, picked, notes = pick_samples(root, layout, seen, seed, without)
    form = choose_input([size_of(sample.path) for sample in samples], size, fit)
    found = _lit(_read([sample.path for sample in samples], form))
    held = held_out(len(found.paths), seed)
    data = _training_data(found, held, [(sample, masks) for sample in picked], form, textures)
    return replace(data, notes=(*notes, *data.notes))


def pick_samples(
    root: Path, layout: str, seen: int, seed: int, without: str = ""
) -> tuple[Sequence[Sample], Sequence[Sample], tuple[str, ...]]:
    """The normals of a data set's training side, ``seen`` defective images of it, and what a person should know. Raises DatasetError."""
    whole = load_dataset(root, layout, needs=("train",))
    dataset = without_type(whole, without)
    empty: list[Sample] = []
    picked = pick_seen(dataset, seen, seed, empty.append) if seen else ()
    chosen = {sample.path for sample in picked}
    samples = [s for s in dataset.samples if s.split == "train" and s.label == "good" and s.path not in chosen]
    if not samples:
        raise DatasetError(f"{root}: no normal training image found by layout '{layout}'; training needs at least one")
    return samples, picked, (*unread(whole), *unlabelled(whole), *untestable(whole), *_passed_over(empty))


def read_training_data(
    normals: Sequence[Sample],
    held: NDArray[np.bool_],
    seen: Sequence[tuple[Sample, MaskSource]],
    form: InputForm,
    textures: Path | None = None,
) -> TrainingData:
    """Read chosen samples onto inputs of ``form``; ``held`` says which normals are held out, ``seen`` what each mask is made of.

    Black normals are left out, with a note; where only held-out ones are left, they train.

    Raises DatasetError where all normals are black, or a seen image has no usable mask; ImageError naming a file that cannot be read.
    """
    found = _read([sample.path for sample in normals], form)
    kept = held[~found.black]
    return _training_data(_lit(found), np.zeros_like(kept) if kept.all() else kept, seen, form, textures)


def _training_data(
    found: _Normals, held: Which, seen: Sequence[tuple[Sample, MaskSource]], form: InputForm, textures: Path | None
) -> TrainingData:
    hashes = tuple(sha256_file(path) for path in found.paths)
    return TrainingData(
        normals=found.images[~held],
        held=found.images[held],
        seen=tuple(_seen(sample, form, masks) for sample, masks in seen),
        textures=tuple(covering(decode(path), form.height, form.width) for path in texture_files(textures)),
        grey=found.grey,
        normal_hashes=hashes,
        held_hashes=tuple(digest for digest, out in zip(hashes, held, strict=True) if out),
        seen_hashes=tuple(sha256_file(sample.path) for sample, _ in seen),
        mask_hashes=mask_hashes(sample for sample, _ in seen),
        form=form,
        windows=tuple(window for window, out in zip(found.windows, held, strict=False) if not out),
        held_windows=tuple(window for window, out in zip(found.windows, held, strict=False) if out),
        notes=found.notes,
    )


def held_out(count: int, seed: int) -> NDArray[np.bool_]:
    """Which of ``count`` normals are held out of training: a seeded tenth, at least 8 of 40 and more, a fifth of fewer, none below 10."""
    return drawn(count, max(HELD_LEAST, round(HELD_SHARE * count)) if count >= HELD_FROM else count // 5, seed)


def drawn(count: int, number: int, seed: int) -> NDArray[np.bool_]:
    """``number`` of ``count`` normals to hold out, (count,); none of fewer than 10."""
    mask = np.zeros(count, np.bool_)
    if count >= _FEW:
        mask[np.random.default_rng([seed, 7]).permutation(count)[:number]] = True
    return mask


def _passed_over(empty: Sequence[Sample]) -> Iterator[str]:
    if empty:
        several = "s" if len(empty) > 1 else ""
        yield f"--seen passed over {len(empty)} defective image{several} whose mask is empty: {named([sample.path for sample in empty])}"


@dataclass(frozen=True)
class _Normals:
    """Normals on the input, their windows (none where there is no padding), whether all are grey, and which are black."""

    paths: Sequence[Path]
    images: Stack
    windows: tuple[Window, ...]
    grey: bool
    black: Which
    notes: tuple[str, ...] = ()


def _read(paths: Sequence[Path], form: InputForm) -> _Normals:
    stack, black = np.empty((len(paths), form.height, form.width, 3), np.uint8), np.zeros(len(paths), np.bool_)
    windows, grey = [], True
    for number, path in enumerate(paths):
        image = decode(path)
        stack[number] = on_canvas(image, form)
        windows.append(window_of((image.shape[0], image.shape[1]), form))
        black[number] = is_black(image)
        grey = grey and is_grey(image)
    return _Normals(paths, stack, () if all(window.whole for window in windows) else tuple(windows), grey, black)


def _lit(found: _Normals) -> _Normals:
    """Those that something can be learnt from. Raises DatasetError where all are black."""
    paths, black = found.paths, found.black
    if black.all():
        raise DatasetError(
            f"{paths[0]}: black, like every normal training image ({len(paths)} read, none reaches {BLACK_BELOW} of 255 grey levels): "
            "nothing to learn from; look at lens, light and exposure, and store 16-bit images over their full range"
        )
    if not black.any():
        return found
    dark = [path for path, out in zip(paths, black, strict=True) if out]
    return replace(
        found,
        paths=[path for path, out in zip(paths, black, strict=True) if not out],
        images=found.images[~black],
        windows=tuple(window for window, out in zip(found.windows, black, strict=False) if not out),
        black=black[~black],
        notes=(f"{len(dark)} of {len(paths)} normals are black and left out of the training: {named(dark)}",),
    )


def is_black(image: Image) -> bool:
    """Whether nothing in an image reaches BLACK_BELOW; single hot pixels do not count."""
    return int(cv2.medianBlur(image, 3).max()) < BLACK_BELOW


def is_grey(image: Image) -> bool:
    """Whether an image has no colour: one channel, or three that hardly differ."""
    if image.shape[2] == 1:
        return True
    spread = image.max(axis=2).astype(np.int16) - image.min(axis=2)
    return float(np.percentile(spread, 99)) <= 4.0


def image_and_mask(sample: Sample) -> tuple[Image, Mask]:
    """A seen sample's image, not black, and its mask, of one size, something marked. Raises DatasetError, ImageError."""
    if sample.mask is None:
        raise DatasetError(f"{sample.path}: a seen anomaly needs a mask, and its layout names none; draw one or lower --seen")
    image, mask = decode(sample.path), sample.marked()
    if mask.shape != image.shape[:2]:
        raise DatasetError(f"{sample.mask}: the mask is {mask.shape} and its image {image.shape[:2]} (height, width); they must be equal")
    if not mask.any():
        raise DatasetError(f"{sample.mask}: the mask is empty; mark the defect or take the image out")
    if is_black(image):
        raise DatasetError(
            f"{sample.path}: black (none reaches {BLACK_BELOW} of 255 grey levels), so its defect cannot be seen; take the image out, or "
            "store it over its full range"
        )
    return image, mask


def _seen(sample: Sample, form: InputForm, masks: MaskSource) -> SeenAnomaly:
    image, mask = image_and_mask(sample)
    window = window_of((mask.shape[0], mask.shape[1]), form)
    marked = fit_mask(redrawn(image, mask, masks), window.h, window.w)
    size = (window.h, window.w)
    hints = _marks_of(sample, size) if masks == "exact" else hints_of(fit_mask(mask, *size), masks)
    return SeenAnomaly(on_canvas(image, form), window.pad(marked, False), window, hints)


def mask_hashes(seen: Iterable[Sample]) -> tuple[str, ...]:
    """sha256 of all that says what is marked: mask files, and the marks that some were proposed from. Raises DatasetError."""
    files = (file for sample in seen for mask in sample.masks for file in (mask, marks_file(mask)))
    return tuple(sha256_file(file) for file in files if file.is_file())


def _marks_of(sample: Sample, size: Size) -> tuple[Marked, ...]:
    """What all its masks were proposed from; nothing where one of them is exact, which drawing again would lose."""
    kept = [kept_marks(mask, size) for mask in sample.masks]
    return tuple(mark for marks in kept for mark in marks) if all(kept) else ()


def fit_mask(mask: Mask, height: int, width: int) -> Mask:
    """A mask (H, W) at another size, bool (height, width): the pixels that it covers by half.

    Shrunk, a defect too thin to cover any by half keeps those that it covers half as much as the most covered one next to them, so that
    each of its regions leaves something and a crack stays in one piece, whatever lies beside it.
    """
    share = np.asarray(cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA), np.float32)
    shrunk = height < mask.shape[0] or width < mask.shape[1]
    return most_covered(share) if shrunk else np.asarray((share > 0.0) & (share >= min(0.5, float(share.max()))))


def most_covered(share: NDArray[np.float32]) -> Mask:
    """Of pixels covered to a ``share`` (h, w) in 0..1 those that ``fit_mask`` keeps of a mask that was shrunk to them."""
    least = 0.5 * cv2.dilate(share, np.ones((3, 3), np.uint8))
    return np.asarray((share > 0.0) & (share >= np.minimum(0.5, least)))


def texture_files(folder: Path | None) -> list[Path]:
    """The images of a texture folder that are used, none where there is no folder. Raises DatasetError where it holds none.

    Of more than TEXTURES those that lie evenly over the sorted folder: in one like DTD each kind of texture has a folder of its own.
    """
    if folder is None:
        return []
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise DatasetError(f"{folder}: no texture image found; expected {', '.join(sorted(SUFFIXES))}")
    return [files[n * len(files) // TEXTURES] for n in range(TEXTURES)] if len(files) > TEXTURES else files
