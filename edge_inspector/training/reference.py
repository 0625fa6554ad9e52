"""The bundle's network in torch, as an engine: what every form of the bundle is held against."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.forms import key_of
from edge_inspector.engine.graph import check_batch
from edge_inspector.records import ScoreMap
from edge_inspector.training.export import load_network
from edge_inspector.training.fit import run


class TorchEngine:
    """PRN rebuilt from the bundle's weights, in float32 on the CPU. No line runs it."""

    backend = "torch"
    precision = "f32"
    form_sha256 = ""

    def __init__(self, bundle: Bundle) -> None:
        """Raises BundleError, SettingsError and TrainingError as ``load_network``."""
        self.manifest = bundle.manifest
        self.form_key = key_of(bundle, self.backend, torch.__version__, "cpu", "f32")
        self._network = load_network(bundle.folder, bundle.manifest.score.pixels)

    def warm_up(self) -> None:
        """Nothing to warm."""

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        """Maps of a batch: uint8 (N, H, W, 3) RGB at the manifest's H and W. Raises EngineError for any other shape."""
        maps, scores, chosen = run(self._network, check_batch(images, self.manifest.input))
        return [ScoreMap(maps[i], float(scores[i]), tuple(int(k) for k in chosen[i])) for i in range(len(images))]

    def close(self) -> None:
        """Nothing to release."""
