"""Does a backend say what torch said? A bundle's reference images run again, and held against the map, score and prototypes stored with
them.

Where two prototypes are equally near, rounding decides which is chosen, and the maps part: a flip. Of whole maps a flip changes the
residual everywhere, so it excuses any finite difference. A codebook's words are chosen place by place, 256 of them on an input of
256 x 256: one flip excuses a difference of the map around its place, no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from edge_inspector import images
from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import Bundle
from edge_inspector.errors import BundleError
from edge_inspector.geometry import on_canvas
from edge_inspector.records import ScoreMap
from edge_inspector.settings.manifest import Manifest

TOLERANCE = 1e-3
# Measured on a codebook of magnetic tiles (2048 words, 256 x 256), by giving the places where two words are nearest to a tie the second
# nearest: one flip put up to 1048 map pixels beyond the tolerance, sixteen places' worth (a place is 8 x 8 of them), not all of them
# around it, for attention looks everywhere; five flips at once up to 2292. The score moved by 0.033 at most where the place was a peak (by
# 0.011 without peaks, prn/evidence.py). OpenVINO and ONNX Runtime, in float32, flipped none of 5,376 places each.
FLIPPED = 0.02  # of the places at most, but one at least
TOUCHED = 24  # places' worth of map that one flip may put beyond the tolerance; at FLIPPED that is less than half of the map
FLIPPED_SCORE = 0.04


@dataclass(frozen=True, slots=True)
class Reference:
    """One stored image, uint8 (H, W, 3) at the bundle's input size, with torch's float32 answer.

    ``places`` is how many places choose a word of a codebook each; 0 where prototypes are whole maps.
    """

    name: str
    image: NDArray[np.uint8]
    answer: ScoreMap
    places: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """One reference image on one backend: greatest differences of map and score, and how many of the chosen prototypes are others.

    ``beyond`` is the share of the map, 0..1, that differs by more than TOLERANCE; ``places`` as a Reference's; ``chosen`` is how many
    prototypes were compared, ``map_difference_mean`` the mean over the map's pixels.
    """

    name: str
    map_difference: float
    score_difference: float
    flips: int
    beyond: float = 0.0
    places: int = 0
    map_difference_mean: float = 0.0
    chosen: int = 0

    @property
    def equal(self) -> bool:
        """Within TOLERANCE in map and score; beyond it only by what flips explain. Differences are finite, words that flipped few."""
        if not np.isfinite([self.map_difference, self.score_difference]).all() or (self.places and not self._few_flips):
            return False
        return max(self.map_difference, self.score_difference) <= TOLERANCE or self._explained

    @property
    def _few_flips(self) -> bool:
        return self.flips <= max(1, FLIPPED * self.places)

    @property
    def _explained(self) -> bool:
        if not self.places:
            return self.flips > 0
        return self.flips > 0 and self.beyond <= min(0.5, self.flips * TOUCHED / self.places) and self.score_difference <= FLIPPED_SCORE


def compare(engine: Engine, references: tuple[Reference, ...]) -> tuple[Comparison, ...]:
    """Run the references one by one. Raises EngineError."""
    return tuple(compare_maps(ref.name, ref.answer, engine.infer(ref.image[np.newaxis])[0], ref.places) for ref in references)


def load_references(bundle: Bundle) -> tuple[Reference, ...]:
    """The reference images of a bundle, by name. Raises BundleError naming the file where one is not whole, ImageError for its image."""
    return tuple(_load(bundle, path) for path in sorted((bundle.folder / "reference").glob("*.npz")))


def _load(bundle: Bundle, path: Path) -> Reference:
    form = bundle.manifest.input
    try:
        # The file is opened here: np.load leaves its own open when the archive is broken.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            chosen = stored["prototypes"].reshape(-1) if "prototypes" in stored else ()
            answer = ScoreMap(stored["map"].astype(np.float32).squeeze(), float(stored["score"]), tuple(int(k) for k in chosen))
    except (OSError, KeyError, ValueError, TypeError, BadZipFile) as error:
        raise BundleError(f"{path}: not a reference (keys map, score, prototypes): {error}") from error
    out = bundle.manifest.output
    if answer.anomaly_map.shape != (out.height, out.width):
        raise BundleError(f"{path}: its map is {answer.anomaly_map.shape}; the manifest says {(out.height, out.width)}")
    image = on_canvas(images.decode(path.with_suffix(".png")), form)
    return Reference(path.stem, image, answer, places_of(bundle.manifest, answer))


def places_of(manifest: Manifest, answer: ScoreMap) -> int:
    """How many places choose a word of a codebook each; 0 where prototypes are whole maps."""
    return len(answer.prototypes) if manifest.prototypes.form == "codebook" else 0


def compare_maps(name: str, wanted: ScoreMap, found: ScoreMap, places: int = 0) -> Comparison:
    """One image's answers, torch's and the backend's; ``places`` as a Reference's."""
    difference = _apart(found.anomaly_map, wanted.anomaly_map)
    score = float(_apart(np.float64(found.image_score), np.float64(wanted.image_score)))
    pairs = list(zip(found.prototypes, wanted.prototypes, strict=False))
    flips = sum(a != b for a, b in pairs)
    beyond = float((difference > TOLERANCE).mean())
    return Comparison(name, float(difference.max()), score, flips, beyond, places, float(difference.mean()), len(pairs))


def _apart(a: NDArray[np.floating] | np.float64, b: NDArray[np.floating] | np.float64) -> NDArray[np.floating]:
    """Absolute differences. Only a NaN on both sides agrees with a NaN."""
    return np.where(np.isnan(a) & np.isnan(b), 0.0, np.abs(a - b))
