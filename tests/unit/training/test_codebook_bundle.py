"""A bundle whose prototypes are a codebook, from training to a child of its own."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from edge_inspector.engine import openvino_split, plans
from edge_inspector.engine.bundle import load_bundle
from edge_inspector.engine.onnx_graph import ops_of, read_graph
from edge_inspector.engine.plan_build import build
from edge_inspector.engine.precision import LEAST_IMAGES, int8_graph, quantised
from edge_inspector.engine.registry import open_engine
from edge_inspector.engine.search import find_search
from edge_inspector.engine.vino import ov
from edge_inspector.errors import BundleError
from edge_inspector.evaluation.equivalence import Reference, compare, load_references
from edge_inspector.geometry import PADDING
from edge_inspector.prn.backbone import CHANNELS
from edge_inspector.prn.codebook import MOST_UNUSUAL, Codebook
from edge_inspector.prn.head import HeadForm
from edge_inspector.settings.certificate import Precision
from edge_inspector.training import evidence, peaks
from edge_inspector.training.export import CODEBOOK, HEAD, load_head, load_network, load_prototypes
from edge_inspector.training.options import TrainSettings, check
from edge_inspector.training.progress import Silent
from edge_inspector.training.retrain import RetrainSettings, _Retraining
from edge_inspector.training.run import scratch, train
from tests.unit.training.parts import assert_for_tensorrt, write_set

PEAKS = HeadForm(peak_limit=3.0)  # two steps teach a head nothing to weigh them by


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("codebook")
    root = write_set(base / "set", normals=6, defects=3)
    asked = TrainSettings(root, "mvtec", base / "book", 2, 1, 2, device="cpu", batch=2, size=(128, 128), prototypes="codebook", form=PEAKS)
    return train(asked).folder


def test_the_manifest_says_which_form_and_why(folder: Path) -> None:
    manifest = load_bundle(folder).manifest
    assert (manifest.prototypes.form, manifest.prototypes.k) == ("codebook", 48)  # 6 normals of 64 places, eight a word
    assert manifest.prototypes.why == "as asked; 48 words at the coarsest scale"
    assert (manifest.score.name, manifest.score.pixels) == ("top-mean", (5,))


@pytest.mark.parametrize("precision", ["f32", "fp16"])
def test_tensorrt_builds_its_graph(folder: Path, precision: Precision, tmp_path: Path) -> None:
    if plans.present()[:1] != ("tensorrt_rtx",):
        pytest.skip("TensorRT for RTX is not the TensorRT here: that TensorRT parses and builds a codebook's graph is not checked")
    shutil.copytree(folder, tmp_path / "book")
    form = build(load_bundle(tmp_path / "book"), precision, 1, Silent(), "8.9")
    assert (form.folder / plans.PLAN).stat().st_size > 1e6


def test_a_retraining_takes_as_many_steps_as_its_form_needs(folder: Path, tmp_path: Path) -> None:
    add = write_set(tmp_path / "more", normals=1, defects=1)
    asked = RetrainSettings(folder, add, "mvtec", tmp_path / "child")
    session = _Retraining(asked, load_bundle(folder), Silent())
    assert session.begin(session.training()).steps == 420  # one is new


def test_engine_and_torch_say_what_the_references_say(folder: Path) -> None:
    bundle = load_bundle(folder)
    network = load_network(folder, bundle.manifest.score.pixels)
    with closing(open_engine(bundle)) as engine:
        for reference in load_references(bundle):
            batch = reference.image[None]
            with torch.no_grad():
                anomaly_map, score, chosen = network(torch.from_numpy(batch))
            answer = engine.infer(batch)[0]
            for found, value in ((anomaly_map[0].numpy(), float(score[0])), (answer.anomaly_map, answer.image_score)):
                np.testing.assert_allclose(found, reference.answer.anomaly_map, atol=1e-3)
                assert value == pytest.approx(reference.answer.image_score, abs=1e-3)
            assert tuple(chosen[0].tolist()) == reference.answer.prototypes


def test_the_graph_uses_no_operator_that_tensorrt_lacks(folder: Path) -> None:
    assert_for_tensorrt(folder)


def test_both_products_of_each_scales_search_stay_float32_at_every_precision(folder: Path) -> None:
    """That onto the components, and that with the words, whose result is looked up in a table."""
    model = read_graph(folder / "model.onnx")
    search = find_search(ops_of(model))
    assert [node.op_type for node in model.graph.node if node.name in search.products] == ["MatMul"] * 6
    others = [node.name for node in model.graph.node if node.op_type == "MatMul" and node.name not in search.products]
    words = [name for name in others if _of_constants(model, name)]
    assert words, "but those that the exporter has computed"
    assert search.nodes.issuperset(words), "float16 would round the words' lengths"
    assert not search.nodes & quantised(model)


def _of_constants(model: onnx.ModelProto, name: str) -> bool:
    """Whether what the node ``name`` takes hangs on no image."""
    givers = {output: node for node in model.graph.node for output in node.output}
    ahead = [tensor for node in model.graph.node if node.name == name for tensor in node.input]
    while ahead:
        tensor = ahead.pop()
        if tensor == "image":
            return False
        ahead.extend(givers[tensor].input if tensor in givers else ())
    return True


def test_openvinos_own_graph_has_the_same_products_in_its_search(folder: Path) -> None:
    """What is computed from the words alone is none of them."""
    model = ov.Core().read_model(folder / "model.onnx")
    model.reshape({0: [1, 128, 128, 3]})
    assert len(find_search(openvino_split.ops_of(model)).products) == 6
    parts = openvino_split.split(model)
    assert parts is not None
    kinds = [[node.get_type_name() for node in part.model.get_ordered_ops()] for part in parts]
    assert not {"Convolution", "GroupConvolution"} & set(kinds[1])


def test_its_int8_graph_says_nearly_the_same(folder: Path) -> None:
    """Quantised is what surrounds the search."""
    ort = pytest.importorskip("onnxruntime")
    bundle, rng = load_bundle(folder), np.random.default_rng(0)
    noise = rng.integers(0, 256, (LEAST_IMAGES, 128, 128, 3), np.uint8)
    images = [np.asarray(cv2.GaussianBlur(image, (0, 0), 3.0), np.uint8) for image in noise]
    graphs = (bundle.onnx.read_bytes(), int8_graph(bundle, images, Silent()))
    maps = [ort.InferenceSession(graph).run(["anomaly_map"], {"image": images[0][None]})[0] for graph in graphs]
    assert 0.0 < np.abs(maps[0] - maps[1]).mean() < 0.01


def with_a_flip(reference: Reference) -> Reference:
    """As if torch had chosen another word at one place."""
    words = reference.answer.prototypes
    return replace(reference, answer=replace(reference.answer, prototypes=((words[0] + 1) % 48, *words[1:])))


def corrupted(folder: Path, path: Path) -> Path:
    """The bundle's graph with the bias of its last layer a little off: a map that is wrong everywhere, by 0.025 at most."""
    model = onnx.load(folder / "model.onnx")
    bias = next(tensor for tensor in model.graph.initializer if tensor.name.endswith("decoder.segment.bias"))
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.float32(0.1), bias.name))
    onnx.save(model, path)
    return path


def test_a_flipped_word_does_not_excuse_a_corrupted_graph(folder: Path, tmp_path: Path) -> None:
    bundle = load_bundle(folder)
    flipped = tuple(with_a_flip(reference) for reference in load_references(bundle))
    assert {reference.places for reference in flipped} == {64}
    broken = replace(bundle, onnx=corrupted(folder, tmp_path / "model.onnx"))
    for found, equal in ((bundle, True), (broken, False)):
        with closing(open_engine(found, "onnxruntime")) as engine:
            rows = compare(engine, flipped)
        assert [(row.flips, row.equal) for row in rows] == [(1, equal)] * len(flipped)


def test_a_child_keeps_the_codebook(folder: Path, tmp_path: Path) -> None:
    more = write_set(tmp_path / "more", normals=1, defects=6)
    wanted = RetrainSettings(folder, more, "mvtec", tmp_path / "child", Path(load_bundle(folder).manifest.training.folder), steps=1)
    retraining = _Retraining(wanted, load_bundle(folder), Silent())
    start = retraining.begin(retraining.training())
    assert start.kept is not None
    book, plan = start.kept
    assert isinstance(book, Codebook)
    assert (plan.form, plan.k) == ("codebook", 48)


def test_a_damaged_codebook_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / CODEBOOK).write_bytes(b"nonsense")
    with pytest.raises(BundleError, match=r"codebook\.safetensors: cannot be read as a codebook"):
        load_prototypes(tmp_path, CHANNELS)


def test_a_head_made_before_takes_away_where_a_place_is_familiar(folder: Path, tmp_path: Path) -> None:
    """Its file does not name the switch, and its graph adds t - 2 everywhere."""
    old = tmp_path / "old"
    shutil.copytree(folder, old)
    with safe_open(folder / HEAD, framework="pt") as file:
        metadata = file.metadata()
    form = json.loads(metadata["form"])
    assert form.pop("unusual_only") is True
    assert form.pop("peak_limit") == PEAKS.peak_limit
    save_file(load_file(folder / HEAD), old / HEAD, {**metadata, "form": json.dumps(form)})
    assert [load_head(where).form.unusual_only for where in (folder, old)] == [True, False]
    assert load_head(old).form.peak_limit == 0.0


def test_the_held_out_normals_tell_from_where_on_peaks_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the graph sees them, padding and all; a child tells it anew."""
    looked: list[tuple[list[float], list[float]]] = []

    def limit_of(t: list[float], scores: list[float]) -> float:
        looked.append((t, scores))
        return 5.25

    monkeypatch.setattr(peaks, "limit_of", limit_of)
    root = write_set(tmp_path / "set", normals=40, defects=1)
    asked = TrainSettings(root, "mvtec", tmp_path / "book", 1, 1, 2, device="cpu", batch=2, size=(128, 256), fit="letterbox")
    found = train(replace(asked, prototypes="codebook")).folder
    assert load_head(found).form.peak_limit == 5.25
    assert load_bundle(found).manifest.thresholds[0].evidence.endswith("as likely defects from 5.2 deviations on")
    held = scratch(check(replace(asked, out=tmp_path / "other"))).data
    network = load_network(found, (5,))
    network.head.form = replace(network.head.form, peak_limit=0.0)
    scores, _ = evidence.scored(network, list(zip(held.held, held.held_windows, strict=True)))
    t, told = looked[0]
    assert len(t) == 8
    assert told == pytest.approx(scores.tolist(), abs=1e-4)
    assert max(t) < MOST_UNUSUAL  # which the padding, unlike any part, would reach
    child = RetrainSettings(found, root, "mvtec", tmp_path / "child")
    assert _Retraining(child, load_bundle(found), Silent()).training().form == replace(load_head(found).form, peak_limit=None)


def test_few_normals_tell_nothing_of_what_is_unlike_any(tmp_path: Path) -> None:
    root = write_set(tmp_path / "few", normals=20, defects=1)
    made = train(TrainSettings(root, "mvtec", tmp_path / "book", 1, 1, 1, device="cpu", batch=2, size=(128, 128), prototypes="codebook"))
    assert load_head(made.folder).form.peak_limit == 0.0
    assert any("4 normals are held out, 8 could tell" in note for note in made.notes)


def test_padding_bears_no_peaks_in_the_graph_either(folder: Path) -> None:
    """The runtime's graph and torch say the same of an image between bars of padding, and nothing of the bars."""
    image = np.full((1, 128, 128, 3), PADDING, np.uint8)
    image[0, :, 32:96] = np.random.default_rng(0).integers(0, 256, (128, 64, 3))
    network = load_network(folder, (5,))
    with torch.no_grad():
        wanted = network(torch.from_numpy(image))[0].numpy()
        network.head.form = replace(network.head.form, peak_limit=0.0)
        without = network(torch.from_numpy(image))[0].numpy()
    assert np.abs(wanted - without)[:, :, 16:48].max() > 0.05
    np.testing.assert_allclose(wanted[:, :, :12], without[:, :, :12], atol=0.05)
    for name in ("openvino", "onnxruntime"):
        with closing(open_engine(load_bundle(folder), name)) as engine:
            np.testing.assert_allclose(engine.infer(image)[0].anomaly_map, wanted[0], atol=1e-3)
