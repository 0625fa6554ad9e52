"""An engine without a network, for soak runs and tests of everything around it: fast, deterministic, and told what to say.

The map is even: the image's mean over 255, or the next value of a script, whatever the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.forms import key_of
from edge_inspector.engine.graph import check_batch
from edge_inspector.errors import EngineError
from edge_inspector.records import ScoreMap
from edge_inspector.settings.manifest import InputForm, Manifest, OutputForm, Prototypes, ScoreRule, Thresholds, Training
from edge_inspector.version import __version__

_NO_FILE = "0" * 64


class StubEngine:
    """Says of each image its mean brightness (0..1), or the values of ``script`` in turn, over and over."""

    backend = "stub"
    precision = "f32"
    form_sha256 = ""

    def __init__(self, bundle: Bundle, threads: int = 0, precision: str = "auto", script: Sequence[float] = ()) -> None:
        """``bundle`` gives the manifest alone (`stub_bundle` where there is none). Raises EngineError for a precision but f32."""
        if precision not in ("auto", "f32"):
            raise EngineError(f"stub: precision {precision} is not offered; choose auto or f32")
        del threads  # there is nothing to run on them
        self.manifest = bundle.manifest
        self.form_key = key_of(bundle, self.backend, __version__, "cpu", "f32")
        self._script = cycle(script) if script else None
        self._closed = False

    def warm_up(self) -> None:
        """Nothing to warm."""

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        """An even map for each image: uint8 (N, H, W, 3) RGB at the manifest's H and W. Raises EngineError for another shape, or closed."""
        if self._closed:
            raise EngineError("stub: the engine is closed")
        batch = check_batch(images, self.manifest.input)
        return [self._even(float(image.mean()) / 255.0) for image in batch]

    def close(self) -> None:
        """Idempotent."""
        self._closed = True

    def _even(self, brightness: float) -> ScoreMap:
        value = next(self._script) if self._script else brightness
        out = self.manifest.output
        return ScoreMap(np.full((out.height, out.width), value, np.float32), float(value))


def stub_bundle(height: int = 64, width: int = 64) -> Bundle:
    """A bundle that exists in memory alone, for the stub: input (height, width), a map half as large, thresholds 0.5."""
    manifest = Manifest(
        id="stub",
        created_utc="1970-01-01T00:00:00Z",
        program_version=__version__,
        backbone="none",
        input=InputForm(height=height, width=width),
        output=OutputForm(height=max(1, height // 2), width=max(1, width // 2)),
        prototypes=Prototypes(k=1, why="the stub has none"),
        score=ScoreRule(score_pixels=1),
        training=Training(
            folder="", layout="", fingerprint=_NO_FILE, seed=0, steps=0, planned_steps=0, minutes=0.0, device="none", torch="none"
        ),
        thresholds=(Thresholds(accept_threshold=0.5, reject_threshold=0.5, region_threshold=0.5, evidence="none: a stub"),),
        files={},
    )
    return Bundle(Path("stub"), manifest, Path("stub") / "model.onnx")
