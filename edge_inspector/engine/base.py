"""The engine protocol: uint8 images in, anomaly maps out. An engine is used by the thread that called ``warm_up``."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_inspector.records import ScoreMap
from edge_inspector.settings.certificate import FormKey
from edge_inspector.settings.manifest import Manifest


class Engine(Protocol):
    """One loaded bundle on one backend."""

    @property
    def backend(self) -> str:
        """The registry's name of the backend that runs, never ``auto``."""

    @property
    def precision(self) -> str:
        """f32, fp16, bf16 or int8."""

    @property
    def manifest(self) -> Manifest:
        """The bundle's manifest: input size, score rule, threshold proposals."""

    @property
    def form_key(self) -> FormKey:
        """What its form was made from and for: its certificate is kept under this key."""

    @property
    def form_sha256(self) -> str:
        """Of the compiled file that it runs; empty where the backend compiles the bundle's own graph at every start."""

    def warm_up(self) -> None:
        """Run until timings are steady. Raises EngineError."""

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        """Maps of a batch: uint8 (N, H, W, 3) RGB at the manifest's H and W. Raises EngineError for any other shape or a failure."""

    def close(self) -> None:
        """Release what the backend holds. Idempotent."""


def best_batch(engine: Engine) -> int:
    """How many images the engine runs best at a time, where there are many (the tiles of a large frame).

    One, unless it says otherwise by an attribute of this name: a processor takes longer for a batch than for its images one by one
    (docs/decisions/0010), a GPU gains by it.
    """
    return int(getattr(engine, "best_batch", 1))
