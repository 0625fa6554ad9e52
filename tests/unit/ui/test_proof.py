"""What the screen makes of a certificate."""

from __future__ import annotations

from typing import Any

import pytest

from edge_inspector.engine.forms import key_of
from edge_inspector.engine.stub import stub_bundle
from tests.certificates import certificate
from ui.model.proof import Proof, proof_of

TOLD = certificate(key_of(stub_bundle(), "openvino", "1", "cpu", "int8")).summary()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, Proof()),
        ({"backend": "openvino"}, Proof()),  # an older line
        ({"backend": "", "certificate": None}, Proof()),
        ({"backend": "openvino", "certificate": None}, Proof(told=True)),
    ],
    ids=["nothing", "an older line", "no engine", "no certificate"],
)
def test_nothing_to_tell(state: dict[str, Any], expected: Proof) -> None:
    assert proof_of(state) == expected


def test_figures() -> None:
    found = proof_of({"backend": "openvino", "certificate": TOLD})
    assert (found.stands, found.passed, found.images, found.good, found.bad, found.flips) == (True, True, 100, 50, 50, 0)
    assert (found.against, found.thresholds, found.score_difference, found.aurocs) == ("stored", (0.4, 0.5), 0.01, None)
    assert len(found.when) == len("2026-01-01 00:00")


def test_one_that_was_refused_and_one_with_labels() -> None:
    told = {
        **TOLD,
        "passed": False,
        "failures": ["3 verdicts flip"],
        "image_auroc": 0.98,
        "image_auroc_torch": 0.99,
        "map_difference": None,
    }
    found = proof_of({"backend": "", "certificate": told})
    assert (found.told, found.passed, found.failures, found.aurocs) == (True, False, ("3 verdicts flip",), (0.98, 0.99))
    assert found.map_difference is None
