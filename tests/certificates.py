"""Certificates as a test wants them, and an engine that is a little off, as one of lower precision is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.forms import key_of, store_certificate
from edge_inspector.engine.onnxruntime import OnnxRuntimeEngine
from edge_inspector.records import ScoreMap
from edge_inspector.settings.certificate import Certificate, FormKey, Precision, digest_of
from edge_inspector.settings.recipe import DecisionRules

RULES = DecisionRules(accept_threshold=0.4, reject_threshold=0.5, region_threshold=0.5)  # as the bundle of tests.bundles proposes


def certificate(key: FormKey, **changes: Any) -> Certificate:  # noqa: ANN401 - any of its fields
    """One that has passed, on as many images as ``auto`` asks for."""
    values: dict[str, Any] = {
        "key": key,
        "created_utc": "2026-01-01T00:00:00+00:00",
        "program_version": "0",
        "against": "stored",
        "images": 100,
        "good": 50,
        "bad": 50,
        "map_difference": 0.1,
        "map_difference_mean": 0.001,
        "score_difference": 0.01,
        "prototype_flips": 1,
        "prototype_places": 300,
        "verdict_flips": 0,
        "accept_threshold": 0.4,
        "reject_threshold": 0.5,
        "limits": {"score_difference": 0.1},
        "rules": digest_of(RULES),
    }
    return Certificate(**{**values, **changes})


def store(key: FormKey, bundle: Bundle, **changes: Any) -> None:  # noqa: ANN401 - any of its fields
    """Keep one beside the bundle."""
    store_certificate(bundle, certificate(key, **changes))


class OffEngine(OnnxRuntimeEngine):
    """ONNX Runtime whose maps and scores are ``off`` too high: what rounding does to a form of lower precision, in its simplest form."""

    def __init__(self, bundle: Bundle, precision: Precision = "int8", off: float = 0.0) -> None:
        super().__init__(bundle, 1, "f32")
        self.precision = precision
        self.form_key = key_of(bundle, "off", "1", "cpu", precision)
        self.off = off

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        found = super().infer(images)
        return [ScoreMap(one.anomaly_map + np.float32(self.off), one.image_score + self.off, one.prototypes) for one in found]
