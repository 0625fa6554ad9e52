"""Does a backend say what torch said? A bundle's reference images run again, and held against the map, score and prototypes stored with
them."""

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

TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Reference:
    """One stored image, uint8 (H, W, 3) at the bundle's input size, with torch's float32 answer."""

    name: str
    image: NDArray[np.uint8]
    answer: ScoreMap


@dataclass(frozen=True, slots=True)
class Comparison:
    """One reference image on one backend: greatest differences of map and score, and how many of the chosen prototypes are others."""

    name: str
    map_difference: float
    score_difference: float
    flips: int

    @property
    def equal(self) -> bool:
        """Within 1e-3 in map and score; where a prototype flipped, differences prove nothing, and only finite ones are asked for."""
        worst = max(self.map_difference, self.score_difference)
        return bool(np.isfinite(worst)) and (self.flips > 0 or worst <= TOLERANCE)


def compare(engine: Engine, references: tuple[Reference, ...]) -> tuple[Comparison, ...]:
    """Run the references one by one. Raises EngineError."""
    return tuple(_compare(ref, engine.infer(ref.image[np.newaxis])[0]) for ref in references)


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
    return Reference(path.stem, on_canvas(images.decode(path.with_suffix(".png")), form), answer)


def _compare(reference: Reference, found: ScoreMap) -> Comparison:
    wanted = reference.answer
    # Only a NaN on both sides agrees with a NaN.
    difference = np.where(np.isnan(found.anomaly_map) & np.isnan(wanted.anomaly_map), 0.0, np.abs(found.anomaly_map - wanted.anomaly_map))
    flips = sum(a != b for a, b in zip(found.prototypes, wanted.prototypes, strict=False))
    return Comparison(reference.name, float(difference.max()), abs(found.image_score - wanted.image_score), flips)
