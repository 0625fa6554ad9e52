"""Every backend says of a trained bundle what torch says: within 1e-3 in float32 wherever both chose the same prototypes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("torch", reason="training is not installed")

import torch

from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import Bundle, load_bundle
from edge_inspector.engine.registry import available, open_engine
from edge_inspector.evaluation.certify import Basis, certify
from edge_inspector.evaluation.equivalence import TOLERANCE, compare, load_references
from edge_inspector.training.export import load_network
from edge_inspector.training.fit import run
from edge_inspector.training.reference import TorchEngine
from tests.unit.training.parts import disc, stained, trained_bundle

BACKENDS = [name for name in ("openvino", "onnxruntime") if name in available()]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield load_bundle(trained_bundle(tmp_path_factory).folder)
    torch.set_num_threads(before)


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, bundle: Bundle) -> Iterator[Engine]:
    engine = open_engine(bundle, request.param, precision="f32")
    engine.warm_up()
    yield engine
    engine.close()


def test_references_agree(engine: Engine, bundle: Bundle) -> None:
    comparisons = compare(engine, load_references(bundle))
    assert len(comparisons) == 4
    assert all(comparison.equal for comparison in comparisons)


def test_new_images_agree_with_the_network_rebuilt_from_the_bundle(engine: Engine, bundle: Bundle) -> None:
    rng = np.random.default_rng(3)
    images = np.stack([disc(rng), stained(rng)[0], rng.integers(0, 256, (128, 128, 3), np.uint8), np.zeros((128, 128, 3), np.uint8)])
    network = load_network(bundle.folder, bundle.manifest.score.pixels)
    maps, scores, chosen = run(network, images)
    agreeing = 0
    for number, found in enumerate(engine.infer(images)):
        if found.prototypes != tuple(chosen[number].tolist()):
            continue  # a flip: two prototypes equally near
        agreeing += 1
        assert float(np.abs(found.anomaly_map - maps[number]).max()) <= TOLERANCE
        assert abs(found.image_score - float(scores[number])) <= TOLERANCE
    assert agreeing >= 3


def test_the_references_stored_are_what_the_rebuilt_network_says(bundle: Bundle) -> None:
    network = load_network(bundle.folder, bundle.manifest.score.pixels)
    for reference in load_references(bundle):
        maps, scores, chosen = run(network, reference.image[None])
        assert np.allclose(maps[0], reference.answer.anomaly_map, atol=1e-5)
        assert float(scores[0]) == pytest.approx(reference.answer.image_score, abs=1e-5)
        assert tuple(chosen[0].tolist()) == reference.answer.prototypes


def test_held_against_torch_itself(engine: Engine, bundle: Bundle) -> None:
    certificate = certify(bundle, engine, Basis(torch=TorchEngine(bundle))).certificate
    assert (certificate.passed, certificate.against, certificate.stand_in, certificate.images) == (True, "torch", "", 4)
    assert certificate.prototype_places > 0


def test_torch_is_an_engine_that_agrees_with_itself(bundle: Bundle) -> None:
    certificate = certify(bundle, TorchEngine(bundle), Basis()).certificate
    assert (certificate.passed, certificate.key.backend, certificate.prototype_flips) == (True, "torch", 0)
    assert certificate.map_difference < 1e-5
