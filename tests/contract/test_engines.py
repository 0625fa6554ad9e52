"""One suite for every engine: what the line may rely on, whatever runs the graph.

The bundles are a small one made here and each that is committed in models/; a backend that is not installed skips, saying so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import Bundle, bundle_hash, load_bundle, seal
from edge_inspector.engine.calibrate import build
from edge_inspector.engine.cuda.base import Device
from edge_inspector.engine.cuda.registry import open_cuda
from edge_inspector.engine.graph import GraphEngine
from edge_inspector.engine.plan_build import build as build_plan
from edge_inspector.engine.plans import device_name, load_tensorrt, unsupported
from edge_inspector.engine.precision import LEAST_IMAGES
from edge_inspector.engine.processor import processor
from edge_inspector.engine.registry import NAMES, available, engine_class, open_engine, why_not
from edge_inspector.engine.stub import stub_bundle
from edge_inspector.engine.tensorrt import TensorRtEngine
from edge_inspector.errors import BundleError, EngineError, FormError
from edge_inspector.evaluation.equivalence import compare, load_references
from edge_inspector.records import ScoreMap
from edge_inspector.settings.certificate import Precision
from tests.bundles import expected_map, make_bundle, make_graph, make_manifest
from tests.networks import make_network_bundle, pictures

COMMITTED = sorted(path.parent for path in (Path(__file__).parents[2] / "models").glob("*/manifest.toml"))
BUNDLES = ("small", *(folder.name for folder in COMMITTED))
GRAPH_BACKENDS = tuple(name for name in NAMES if name != "stub")


class Silent:
    """Nobody watches a build here."""

    def stage(self, title: str, total: int) -> None: ...

    def advance(self, done: int, total: int, text: str) -> None: ...


def needed(backend: str) -> str:
    """The backend, or a skip that says why it cannot run here."""
    if why := why_not(backend):
        pytest.skip(f"not checked that {backend} keeps the contract of engines: {why}")
    if backend == "tensorrt" and (why := unsupported(load_tensorrt(), device().compute_capability)):
        pytest.skip(f"not checked that {backend} keeps the contract of engines: {why}")
    return backend


def device() -> Device:
    cuda = open_cuda()
    cuda.close()
    return cuda.device


def start(bundle: Bundle, backend: str, precision: Precision = "f32") -> Engine:
    """An engine; of a backend that runs compiled plans alone, one that is built for it."""
    if needed(backend) == "tensorrt":
        build_plan(bundle, precision, 4, Silent())
    return open_engine(bundle, backend, threads=2, precision=precision)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(make_bundle(tmp_path_factory.mktemp("bundles") / "small"))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A small network, and its int8 graph in the cache beside it."""
    bundle = load_bundle(make_network_bundle(tmp_path_factory.mktemp("networks") / "network"))
    build(bundle, "int8", pictures(LEAST_IMAGES), Silent())
    return bundle


def lowered() -> list[tuple[str, str, Precision]]:
    """Each backend that runs graphs, on the network, in every precision below float32 that it knows."""
    kinds = [(backend, engine_class(backend)) for backend in GRAPH_BACKENDS if backend in available()]
    return [(b, "network", p) for b, kind in kinds for p in getattr(kind, "precisions", ()) if p != "f32"]


F32 = [(b, m, "f32") for b in GRAPH_BACKENDS for m in BUNDLES]


@pytest.fixture(scope="module", params=[*F32, *lowered(), ("stub", "stub", "f32")], ids="-".join)
def opened(request: pytest.FixtureRequest, small: Bundle) -> Iterator[tuple[Engine, Bundle]]:
    """Every engine on every bundle, warmed up."""
    backend, name, precision = request.param
    known = {"small": small, "stub": stub_bundle()}
    if name == "network":
        known[name] = request.getfixturevalue("network")
    bundle = known[name] if name in known else load_bundle(next(f for f in COMMITTED if f.name == name))
    kind = engine_class(needed(backend))
    if precision not in getattr(kind, "offered", lambda: (precision,))():
        pytest.skip(f"this processor has no {precision}: would run the small network on {backend} in it, and the whole suite on that")
    engine = start(bundle, backend, precision)
    engine.warm_up()
    yield engine, bundle
    engine.close()


@pytest.fixture
def engine(opened: tuple[Engine, Bundle]) -> Engine:
    return opened[0]


def some_images(engine: Engine, n: int, seed: int = 0) -> np.ndarray:
    """Uneven images: each has its own brightness and a bright square."""
    form = engine.manifest.input
    rng = np.random.default_rng(seed)
    batch = rng.integers(0, 60, (n, form.height, form.width, 3), np.uint8) + (np.arange(n, dtype=np.uint8) * 30)[:, None, None, None]
    batch[:, form.height // 4 : form.height // 2, form.width // 4 : form.width // 2] = 250
    return batch


def near(engine: Engine) -> float:
    """How far a batch's map may lie from a single image's: a GPU adds in another order in kernels for another size."""
    return 1e-4 if engine.backend == "tensorrt" else 1e-5


def same(a: ScoreMap, b: ScoreMap, tolerance: float = 1e-5) -> bool:
    near = np.allclose(a.anomaly_map, b.anomaly_map, atol=tolerance) and abs(a.image_score - b.image_score) <= tolerance
    return bool(near) and a.prototypes == b.prototypes


@pytest.mark.parametrize("n", [1, 2, 5])
def test_maps_have_the_manifests_form(engine: Engine, n: int) -> None:
    out = engine.manifest.output
    found = engine.infer(some_images(engine, n))
    assert len(found) == n
    for one in found:
        assert one.anomaly_map.shape == (out.height, out.width)
        assert one.anomaly_map.dtype == np.float32
        assert 0.0 <= one.anomaly_map.min() <= one.anomaly_map.max() <= 1.0
        assert 0.0 <= one.image_score <= 1.0


def test_it_says_what_it_is(opened: tuple[Engine, Bundle]) -> None:
    engine, bundle = opened
    assert engine.backend in NAMES
    assert engine.precision in ("f32", "bf16", "fp16", "int8")
    assert engine.manifest == bundle.manifest
    key = engine.form_key
    assert (key.bundle, key.bundle_hash) == (bundle.manifest.id, bundle_hash(bundle.manifest))
    assert (key.backend, key.precision) == (engine.backend, engine.precision)
    assert key.version
    if isinstance(engine, TensorRtEngine):  # a certificate of another device does not count
        assert key.device == device_name(load_tensorrt(), device())
    elif isinstance(engine, GraphEngine):
        assert key.device == engine.device(engine.precision)
        assert key.device.startswith(processor())
    assert bool(engine.form_sha256) == (engine.precision == "int8" or engine.backend == "tensorrt")


def test_a_batch_says_what_single_images_say(engine: Engine) -> None:
    batch = some_images(engine, 4)
    together = engine.infer(batch)
    assert all(same(a, engine.infer(batch[i : i + 1])[0], near(engine)) for i, a in enumerate(together))


def test_memory_that_may_only_be_read_is_taken(engine: Engine) -> None:
    batch = some_images(engine, 1)
    wanted = engine.infer(batch)[0]
    batch.flags.writeable = False
    assert same(engine.infer(batch)[0], wanted)


def test_the_same_image_gives_the_same_map(engine: Engine) -> None:
    batch = some_images(engine, 1)
    first, _, again = engine.infer(batch)[0], engine.infer(some_images(engine, 1, seed=9)), engine.infer(batch)[0]
    assert same(first, again, tolerance=0.0)


def test_results_outlive_the_next_call(engine: Engine) -> None:
    first = engine.infer(some_images(engine, 1))[0]
    kept = first.anomaly_map.copy()
    engine.infer(255 - some_images(engine, 1))
    np.testing.assert_array_equal(first.anomaly_map, kept)


def test_a_view_into_a_larger_image_is_taken_as_it_looks(engine: Engine) -> None:
    batch = some_images(engine, 2)
    strided = np.repeat(batch, 2, axis=2)[:, :, ::2]
    assert not strided.flags.c_contiguous
    assert all(same(a, b) for a, b in zip(engine.infer(strided), engine.infer(batch), strict=True))


WRONG = ("too small", "channels", "float", "one image without N", "empty batch")


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_batch_is_an_error_and_the_engine_goes_on(engine: Engine, name: str) -> None:
    batch = some_images(engine, 1)
    wrong = {
        "too small": batch[:, 1:],
        "channels": batch[:, :, :, :1],
        "float": batch.astype(np.float32),
        "one image without N": batch[0],
        "empty batch": batch[:0],
    }[name]
    before = engine.infer(batch)[0]
    with pytest.raises(EngineError, match=r"uint8 \(N, "):
        engine.infer(wrong)
    assert same(engine.infer(batch)[0], before)


def test_it_runs_on_the_thread_that_warms_it_up(engine: Engine) -> None:
    found: list[ScoreMap] = []

    def work() -> None:
        engine.warm_up()
        found.extend(engine.infer(some_images(engine, 1)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert len(found) == 1


@pytest.mark.parametrize("backend", NAMES)
def test_close_is_idempotent_and_final(backend: str, small: Bundle) -> None:
    engine = start(small, backend)
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.infer(some_images(engine, 1))


@pytest.mark.parametrize("backend", NAMES)
def test_an_unknown_precision_is_an_error(backend: str, small: Bundle) -> None:
    with pytest.raises(EngineError, match="precision int4 is not offered"):
        open_engine(small, needed(backend), precision="int4")


# ---- what a graph says


def test_it_says_what_torch_said(opened: tuple[Engine, Bundle]) -> None:
    """Within 1e-3 in float32 wherever the chosen prototypes agree; flips are counted apart, and may not be the rule."""
    engine, bundle = opened
    if engine.backend == "stub" or bundle.manifest.id == "network":
        pytest.skip("there is no torch behind it")
    rows = compare(engine, load_references(bundle))
    assert rows
    assert all(row.equal for row in rows), rows
    assert sum(row.flips > 0 for row in rows) * 2 < len(rows)


PAIR: tuple[Precision, Precision] = ("f32", "int8")


@pytest.mark.parametrize("backend", [b for b, _, p in lowered() if p == "int8"])
def test_int8_decides_nearly_as_float32(backend: str, network: Bundle) -> None:
    """On this processor, with its own arithmetic: maps as the graph says that was calibrated, not cut off by 16-bit sums."""
    batch = np.stack(pictures(6, seed=3))
    exact, coarse = (start(network, backend, precision) for precision in PAIR)
    wanted, found = exact.infer(batch), coarse.infer(batch)
    apart = [np.abs(a.anomaly_map - b.anomaly_map).mean() for a, b in zip(wanted, found, strict=True)]
    assert 0.0 < max(apart) < 0.02
    exact.close()
    coarse.close()


@pytest.mark.parametrize("backend", [b for b, _, p in lowered() if p == "int8"])
def test_int8_that_was_not_built_names_the_command(backend: str, small: Bundle) -> None:
    with pytest.raises(FormError, match=f"models build .* --backend {backend} --precision int8"):
        open_engine(small, needed(backend), precision="int8")


@pytest.mark.parametrize("backend", GRAPH_BACKENDS)
def test_the_small_graph_computes_what_it_should(backend: str, small: Bundle) -> None:
    engine = start(small, backend)
    batch = some_images(engine, 5)
    maps, scores, chosen = expected_map(batch)
    found = engine.infer(batch)
    np.testing.assert_allclose([f.anomaly_map for f in found], maps, atol=1e-5)
    np.testing.assert_allclose([f.image_score for f in found], scores, atol=1e-5)
    assert [list(f.prototypes) for f in found] == chosen.tolist()
    assert len(set(chosen[:, 0])) > 1
    engine.close()


@pytest.mark.parametrize("backend", GRAPH_BACKENDS)
def test_a_map_that_is_no_number_is_passed_on(backend: str, tmp_path: Path) -> None:
    engine = start(bundle_of(tmp_path, make_graph(64, 64, poison=True)), backend)
    found = engine.infer(some_images(engine, 2))
    assert all(np.isnan(one.anomaly_map).all() for one in found)
    engine.close()


def bundle_of(folder: Path, graph: onnx.ModelProto | bytes) -> Bundle:
    """A sealed bundle of another graph than its manifest (64x64) may expect."""
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(graph if isinstance(graph, bytes) else graph.SerializeToString())
    seal(folder, make_manifest())
    return load_bundle(folder)


def without(graph: onnx.ModelProto, output: str) -> onnx.ModelProto:
    kept = [o for o in graph.graph.output if o.name != output]
    del graph.graph.output[:]
    graph.graph.output.extend(kept)
    return graph


def fixed_batch(graph: onnx.ModelProto) -> onnx.ModelProto:
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    return graph


def float_input(graph: onnx.ModelProto) -> onnx.ModelProto:
    graph.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    return graph


GRAPHS: dict[str, tuple[Callable[[], onnx.ModelProto | bytes], str]] = {
    "another input size": (lambda: make_graph(96, 64), r"'image' is uint8 \(N, 96, 64, 3\); the manifest says uint8 \(N, 64, 64, 3\)"),
    "a misnamed map": (lambda: make_graph(64, 64, map_name="heat"), "no output 'anomaly_map'"),
    "no score": (lambda: without(make_graph(64, 64), "image_score"), "no output 'image_score'"),
    "a batch of one alone": (lambda: fixed_batch(make_graph(64, 64)), r"\(1, 64, 64, 3\)"),
    "float input": (lambda: float_input(make_graph(64, 64)), "'image' is float32"),
    "no graph at all": (lambda: b"not an ONNX file", "graph"),
    "half a graph": (lambda: make_graph(64, 64).SerializeToString()[:400], "graph"),
}


@pytest.mark.parametrize("backend", GRAPH_BACKENDS)
@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_of_another_form_is_a_bundle_error(backend: str, name: str, tmp_path: Path) -> None:
    make, message = GRAPHS[name]
    bundle = bundle_of(tmp_path, make())
    with pytest.raises(BundleError, match=message) as caught:
        start(bundle, backend)
    assert str(bundle.onnx) in str(caught.value)


@pytest.mark.parametrize("backend", GRAPH_BACKENDS)
def test_a_graph_without_prototype_output_is_fine(backend: str, tmp_path: Path) -> None:
    engine = start(bundle_of(tmp_path, without(make_graph(64, 64), "prototypes")), backend)
    assert engine.infer(some_images(engine, 2))[1].prototypes == ()
    engine.close()
