"""Graphs of lower precision on a small network: what stays float32 is found by structure, and what is lowered says nearly the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from edge_inspector.engine import openvino_split
from edge_inspector.engine.bundle import Bundle, load_bundle
from edge_inspector.engine.calibrate import build
from edge_inspector.engine.calibrated import CREATED, DEVICE, KIND, calibrated
from edge_inspector.engine.cut import backbone_outputs, cut
from edge_inspector.engine.forms import FORM, key_of, store_form
from edge_inspector.engine.onnx_graph import fold_weights, ops_of, read_graph
from edge_inspector.engine.precision import LEAST_IMAGES, evenly, fp16_graph, int8_graph, quantised
from edge_inspector.engine.search import find_search, find_tail
from edge_inspector.engine.vino import ov
from edge_inspector.errors import BundleError, FormError
from tests.bundles import make_bundle
from tests.networks import DISTANCE, FEATURES, make_network, make_network_bundle, pictures

SEARCH = {
    "stored", "words", "columns", "places", "distance", "squares", "lengths", "twice", "closeness",
    "chosen", "nearest", "apart", "residual", "prototypes",
}  # fmt: skip
TAIL = {"sigmoid", "anomaly_map", "line", "top", "image_score"}


class Silent:
    def __init__(self) -> None:
        self.stages: list[str] = []
        self.done: list[int] = []

    def stage(self, title: str, total: int) -> None:
        self.stages.append(title)

    def advance(self, done: int, total: int, text: str) -> None:
        self.done.append(done)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(make_network_bundle(tmp_path_factory.mktemp("precision") / "network"))


@pytest.fixture(scope="module")
def int8(bundle: Bundle) -> bytes:
    return int8_graph(bundle, pictures(LEAST_IMAGES), Silent())


def answers(graph: bytes, images: list[NDArray[np.uint8]]) -> dict[str, NDArray[np.float32]]:
    """What the graph says as it is written: without the optimisations of a backend."""
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(graph, options)
    return dict(zip([port.name for port in session.get_outputs()], session.run(None, {"image": np.stack(images)}), strict=True))


def renamed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph under names that say nothing."""
    for number, node in enumerate(model.graph.node):
        node.name = f"n{number}"
    return model


def test_the_search_is_found_by_structure() -> None:
    found = find_search(ops_of(make_network()))
    assert found.nodes == SEARCH
    assert found.products == {DISTANCE}


def test_the_search_is_found_whatever_nodes_are_called() -> None:
    assert len(find_search(ops_of(renamed(make_network()))).nodes) == len(SEARCH)


def test_the_tail_is_what_follows_the_last_product() -> None:
    assert find_tail(ops_of(make_network()), ["anomaly_map", "image_score"]) == TAIL


def test_a_graph_without_a_choice_has_no_search() -> None:
    model = cut(make_network(), FEATURES)
    assert find_search(ops_of(model)).nodes == frozenset()


def test_the_backbone_ends_where_it_feeds_the_head() -> None:
    model = make_network()
    assert backbone_outputs(model) == FEATURES
    short = cut(model, FEATURES)
    onnx.checker.check_model(short)
    assert {node.name for node in short.graph.node} == {
        "planes", "floats", "input", "stem", "stem_relu", "depthwise", "depthwise_relu", "f1", "down", "down_relu", "f2",
    }  # fmt: skip
    assert len(model.graph.node) > len(short.graph.node)


# ---- float16


def test_float16_says_nearly_the_same(bundle: Bundle) -> None:
    images = pictures(6, seed=3)
    exact, lowered = answers(bundle.onnx.read_bytes(), images), answers(fp16_graph(bundle.onnx), images)
    np.testing.assert_allclose(lowered["anomaly_map"], exact["anomaly_map"], atol=5e-3)
    assert not np.array_equal(lowered["anomaly_map"], exact["anomaly_map"])
    np.testing.assert_array_equal(lowered["prototypes"], exact["prototypes"])


def test_float16_keeps_ports_and_distances(bundle: Bundle) -> None:
    model = onnx.shape_inference.infer_shapes(onnx.load_model_from_string(fp16_graph(bundle.onnx)), strict_mode=True)
    before = read_graph(bundle.onnx)
    for ports, wanted in ((model.graph.input, before.graph.input), (model.graph.output, before.graph.output)):
        assert [(p.name, p.type.tensor_type.elem_type) for p in ports] == [(p.name, p.type.tensor_type.elem_type) for p in wanted]
    types = {port.name: port.type.tensor_type.elem_type for port in model.graph.value_info}
    assert {types[name] for name in ("distance", "closeness", "residual", "sigmoid")} == {onnx.TensorProto.FLOAT}
    assert {types[name] for name in ("stem", "depthwise", "f1", "merge", "segment")} == {onnx.TensorProto.FLOAT16}


def test_a_residual_beyond_float16_is_clipped_not_infinite(tmp_path: Path) -> None:
    model = make_network()
    stored = next(t for t in model.graph.initializer if t.name == "prototypes.scale0")
    far = np.full_like(onnx.numpy_helper.to_array(stored), 3e4)
    stored.CopyFrom(onnx.numpy_helper.from_array(far, stored.name))
    onnx.save(model, tmp_path / "far.onnx")
    found = answers(fp16_graph(tmp_path / "far.onnx"), pictures(2))
    assert np.isfinite(found["anomaly_map"]).all()


@pytest.mark.parametrize("content", [b"", b"no graph", make_network().SerializeToString()[:900]], ids=["empty", "text", "half"])
def test_what_is_no_graph_is_a_bundle_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(content)
    with pytest.raises(BundleError, match=r"bad\.onnx"):
        fp16_graph(tmp_path / "bad.onnx")


# ---- int8


def test_int8_says_nearly_the_same(bundle: Bundle, int8: bytes) -> None:
    images = pictures(6, seed=3)
    exact, lowered = answers(bundle.onnx.read_bytes(), images), answers(int8, images)
    difference = np.abs(lowered["anomaly_map"].astype(float) - exact["anomaly_map"].astype(float))
    assert difference.mean() < 0.01
    assert difference.max() < 0.3  # the network is random: its logits reach far, and a map's steep places move
    assert not np.array_equal(lowered["anomaly_map"], exact["anomaly_map"])


def test_int8_is_symmetric_and_signed(int8: bytes) -> None:
    model = onnx.load_model_from_string(int8)
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    zeros = [constants[n.input[2]] for n in model.graph.node if n.op_type in ("QuantizeLinear", "DequantizeLinear")]
    assert zeros
    assert all(zero.dtype == np.int8 and not zero.any() for zero in zeros)


def test_what_costs_accuracy_stays_float(bundle: Bundle, int8: bytes) -> None:
    """The first three and the last three products, those that take residuals, and the search; the other convolutions are quantised."""
    wanted = {"down", "f2", "features", "enter"}
    assert quantised(fold_weights(read_graph(bundle.onnx))) == wanted
    model = onnx.load_model_from_string(int8)
    given = {name for node in model.graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    assert {node.name for node in model.graph.node if node.input[0] in given} == wanted


def test_the_same_images_give_the_same_graph(bundle: Bundle, int8: bytes) -> None:
    assert int8_graph(bundle, pictures(LEAST_IMAGES), Silent()) == int8


def test_what_it_does_is_told(bundle: Bundle, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    listener = Silent()
    int8_graph(bundle, pictures(LEAST_IMAGES), listener)
    assert listener.stages == ["calibrating int8"]
    assert max(listener.done) == LEAST_IMAGES
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(("of", "most", "wanted"), [(3, 8, [0, 1, 2]), (9, 3, [0, 4, 8]), (4, 1, [0]), (0, 3, [])])
def test_what_is_too_many_is_picked_evenly(of: int, most: int, wanted: list[int]) -> None:
    assert evenly(range(of), most) == wanted


@pytest.mark.parametrize("count", [0, LEAST_IMAGES - 1])
def test_too_few_images_are_a_form_error(bundle: Bundle, count: int) -> None:
    with pytest.raises(FormError, match=f"{count} images to calibrate network on; at least {LEAST_IMAGES}"):
        int8_graph(bundle, pictures(LEAST_IMAGES)[:count], Silent())


def test_a_graph_without_convolutions_cannot_be_quantised(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="no convolution that could be quantised"):
        int8_graph(load_bundle(make_bundle(tmp_path / "small")), pictures(LEAST_IMAGES), Silent())


def test_the_form_is_kept_and_found(tmp_path: Path) -> None:
    bundle = load_bundle(make_network_bundle(tmp_path / "network"))
    with pytest.raises(FormError, match=r"models build .*network --backend onnxruntime --precision int8"):
        calibrated(bundle, "onnxruntime")
    form = build(bundle, "int8", pictures(LEAST_IMAGES), Silent())
    assert calibrated(bundle, "openvino") == form
    assert form.record.facts["images"] == LEAST_IMAGES


def test_of_several_graphs_the_newest_is_taken(tmp_path: Path) -> None:
    """By when it was made, not by name: 3.4.0 comes after 3.10.0 there, and the version of nncf may have gone down."""
    bundle = load_bundle(make_network_bundle(tmp_path / "network"))
    made = {"3.9.0": None, "3.10.0": "2026-11-29T10:00:00.000+00:00", "3.4.0": "2026-11-28T10:00:00.000+00:00"}
    for version, created in made.items():
        facts: dict[str, str | int | float] = {CREATED: created} if created else {}
        store_form(bundle, key_of(bundle, KIND, version, DEVICE, "int8"), {"model.onnx": version.encode()}, facts)
    assert calibrated(bundle, "openvino").record.key.version == "3.10.0"
    assert calibrated(bundle, "openvino") != (form := build(bundle, "int8", pictures(LEAST_IMAGES), Silent()))
    assert calibrated(bundle, "openvino") == form


def test_a_form_of_another_bundle_is_not_taken(tmp_path: Path) -> None:
    bundle = load_bundle(make_network_bundle(tmp_path / "network"))
    build(bundle, "int8", pictures(LEAST_IMAGES), Silent())
    changed = load_bundle(make_network_bundle(tmp_path / "network", "renamed"))
    with pytest.raises(FormError, match="only one of the bundle as it was before"):
        calibrated(changed, "openvino")


def test_a_damaged_form_is_named(tmp_path: Path) -> None:
    bundle = load_bundle(make_network_bundle(tmp_path / "network"))
    path = build(bundle, "int8", pictures(LEAST_IMAGES), Silent()).folder / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    assert (path.parent / FORM).is_file()
    with pytest.raises(FormError, match=r"model\.onnx: truncated or changed"):
        calibrated(bundle, "openvino")


def test_what_needs_no_building_is_not_built(bundle: Bundle) -> None:
    with pytest.raises(FormError, match="int8 alone is built"):
        build(bundle, "bf16", pictures(LEAST_IMAGES), Silent())


def graph_with_a_product_of_constants() -> onnx.ModelProto:
    """float32 (1, 4) -> itself times (A B): one product of constants, and one of the input."""
    rng = np.random.default_rng(0)
    stored = [onnx.numpy_helper.from_array(rng.normal(0, 1, (4, 4)).astype(np.float16), name) for name in "AB"]
    nodes = [
        onnx.helper.make_node("Cast", ["A"], ["a"], name="cast a", to=onnx.TensorProto.FLOAT),
        onnx.helper.make_node("Cast", ["B"], ["b"], name="cast b", to=onnx.TensorProto.FLOAT),
        onnx.helper.make_node("MatMul", ["a", "b"], ["words"], name="of constants"),
        onnx.helper.make_node("MatMul", ["image", "words"], ["found"], name="of the image"),
    ]
    ports = [[onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 4])] for name in ("image", "found")]
    graph = onnx.helper.make_graph(nodes, "g", *ports, stored)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)


def test_what_is_computed_from_constants_alone_is_no_product() -> None:
    model = graph_with_a_product_of_constants()
    assert [(op.name, op.kind) for op in ops_of(model)] == [
        ("cast a", "other"), ("cast b", "other"), ("of constants", "other"), ("of the image", "product"),
    ]  # fmt: skip
    read = ov.Core().read_model(model.SerializeToString())
    products = {node.get_friendly_name() for node in read.get_ordered_ops() if node.get_type_name() == "MatMul"}
    assert sorted(op.kind for op in openvino_split.ops_of(read) if op.name in products) == ["other", "product"]
