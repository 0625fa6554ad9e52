"""TensorRT's real parser and builder on our graphs, in every precision: TensorRT for RTX parses and builds without a GPU.

What runs of a plan needs a GPU: tests/contract/test_engines.py, by scripts/test-gpu.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import pytest

from edge_inspector.engine import plan_build, plans
from edge_inspector.engine.bundle import MODEL, Bundle, load_bundle
from edge_inspector.engine.calibrated import calibrated
from edge_inspector.engine.cuda.probe import probe
from edge_inspector.engine.forms import find_form, key_of, read_kept, store_form
from edge_inspector.engine.plan_build import STEPS, Phases, Target, build, compile_graph, profiles, typed
from edge_inspector.engine.plans import PLAN, TensorRt, load_tensorrt
from edge_inspector.errors import BundleError, CudaError, EngineError, FormError, FormMissing, SettingsError
from edge_inspector.settings.certificate import FormKey
from tests.bundles import make_bundle, make_graph, make_manifest
from tests.contract.test_engines import GRAPHS, bundle_of
from tests.unit.engine.plan_graphs import convolved, quantised

DEMO = Path(__file__).parents[3] / "models" / "demo"
ONNX = Path("g.onnx")
AHEAD = Target("sm89", (8, 9))


@dataclass
class Watcher:
    """Keeps what a build tells; raises ``at`` so many tellings."""

    told: list[tuple[int, int, str]] = field(default_factory=list)
    stages: list[tuple[str, int]] = field(default_factory=list)
    at: int = -1

    def stage(self, title: str, total: int) -> None:
        self.stages.append((title, total))

    def advance(self, done: int, total: int, text: str) -> None:
        self.told.append((done, total, text))
        if len(self.told) == self.at:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def rtx() -> TensorRt:
    if plans.present()[:1] != ("tensorrt_rtx",):
        pytest.skip("TensorRT for RTX is not the TensorRT here: that TensorRT parses and builds our graphs is not checked")
    return load_tensorrt()


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return load_bundle(make_bundle(tmp_path / "models" / "small"))


def graph_in(precision: str) -> bytes:
    return make_graph(64, 64).SerializeToString() if precision == "f32" else convolved(precision)


@pytest.mark.parametrize("precision", ["f32", "fp16", "int8"])
def test_a_small_graph_is_built_in_each_precision(rtx: TensorRt, precision: str) -> None:
    watcher = Watcher()
    plan, _ = compile_graph(rtx, typed(graph_in(precision), ONNX), ONNX, make_manifest(), 4, AHEAD, watcher)
    assert len(plan) > 1000
    assert watcher.stages == [("TensorRT builds the plan", STEPS)]
    done = [d for d, _, _ in watcher.told]
    assert done == sorted(done)
    assert done[-1] > STEPS // 2


@pytest.mark.parametrize("precision", ["f32", "fp16", "int8"])
def test_the_demo_bundle_is_built_in_each_precision(rtx: TensorRt, precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And kept under the key that a device of this capability asks for. Int8 by made-up scales: it is the builder that is checked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    committed = load_bundle(DEMO)
    kept: list[tuple[FormKey, dict[str, bytes]]] = []
    monkeypatch.setattr(plan_build, "store_form", lambda _b, key, files, _facts: kept.append((key, files)))
    monkeypatch.setattr(plan_build, "keep", lambda *_: None)
    if precision == "int8":
        int8 = store_form(uncached(committed, tmp_path), int8_key(committed), {MODEL: quantised(committed.onnx.read_bytes())})
        monkeypatch.setattr(plan_build, "calibrated", lambda *_: int8)
    build(committed, precision, 1, Watcher(), "8.9")  # type: ignore[arg-type]
    key, files = kept[0]
    assert (key.device, key.version, key.precision) == ("sm89", rtx.version, precision)
    assert len(files[PLAN]) > 1e6


def test_a_plan_is_kept_with_what_the_builder_has_timed(rtx: TensorRt, bundle: Bundle) -> None:
    form = build(bundle, "f32", 2, Watcher(), "8.9")
    assert find_form(bundle, form.record.key) == form
    assert form.record.facts["batch"] == 2
    timing = f"tensorrt-{rtx.version}-sm89.timing"
    kept = read_kept(bundle, timing)
    assert kept
    (form.folder.parent / timing).write_bytes(b"no timings")
    build(bundle, "f32", 2, Watcher(), "8.9")
    assert read_kept(bundle, timing) == kept


REFUSED: dict[str, tuple[Callable[[Bundle], object], type[EngineError | SettingsError], str]] = {
    "no batch": (lambda b: build(b, "f32", 0, Watcher(), "8.9"), SettingsError, "--batch 0: at least 1"),
    "no capability": (lambda b: build(b, "f32", 1, Watcher(), "Orin"), SettingsError, "--device-cc Orin: a compute capability is expected"),
    "one that it does not know": (lambda b: build(b, "f32", 1, Watcher(), "8.7"), FormError, r"compute capability 8\.7; it knows .*8\.9"),
    "a precision that device lacks": (lambda b: build(b, "fp16", 1, Watcher(), "5.0"), FormError, "sm50.* does not compute in fp16"),
    "a precision without a graph": (lambda b: build(b, "bf16", 1, Watcher(), "8.9"), FormError, "f32, fp16 or int8, not in bf16"),
    "int8 that is not calibrated": (lambda b: build(b, "int8", 1, Watcher(), "8.9"), FormMissing, "calibrate it .*--images DIR"),
}


@pytest.mark.usefixtures("rtx")
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_built_is_refused(bundle: Bundle, name: str) -> None:
    act, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        act(bundle)


@pytest.mark.usefixtures("rtx")
def test_without_a_driver_nothing_is_built_for_this_machine(bundle: Bundle) -> None:
    if probe().devices:
        pytest.skip("this machine has a GPU: scripts/test-gpu builds for it")
    with pytest.raises(CudaError, match="no NVIDIA driver here"):
        build(bundle, "f32", 1, Watcher())


def test_the_full_tensorrt_builds_for_no_other_device(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_build, "load_tensorrt", lambda: TensorRt(None, "10.9", rtx=False))
    with pytest.raises(SettingsError, match=r"TensorRT 10\.9 builds for the GPU it runs on alone"):
        build(bundle, "f32", 1, Watcher(), "8.9")


def test_an_operator_that_tensorrt_does_not_know_is_named(rtx: TensorRt) -> None:
    graph = make_graph(64, 64)
    next(n for n in graph.graph.node if n.op_type == "Abs").op_type = "NoSuchOperator"
    with pytest.raises(BundleError, match=r"g\.onnx: TensorRT rtx-\S+ cannot read the graph: .*NoSuchOperator"):
        compile_graph(rtx, typed(graph.SerializeToString(), ONNX), ONNX, make_manifest(), 1, AHEAD, Watcher())


@pytest.mark.usefixtures("rtx")
@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_of_another_form_is_a_bundle_error(name: str, tmp_path: Path) -> None:
    """As every engine's when it opens; TensorRT meets them when it builds."""
    make, message = GRAPHS[name]
    bundle = bundle_of(tmp_path, make())
    with pytest.raises(BundleError, match=message) as caught:
        build(bundle, "f32", 1, Watcher(), "8.9")
    assert str(bundle.onnx) in str(caught.value)


def test_to_interrupt_a_build_ends_it_and_keeps_nothing(rtx: TensorRt) -> None:
    watcher = Watcher(at=5)
    with pytest.raises(KeyboardInterrupt):
        compile_graph(rtx, typed(graph_in("f32"), ONNX), ONNX, make_manifest(), 1, AHEAD, watcher)


# ---- the graph


@pytest.mark.parametrize("precision", ["f32", "fp16"])
def test_without_onnx_it_says_what_to_install(precision: str, bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setattr(plan_build, "load_tensorrt", lambda: TensorRt(None, "10.9", rtx=True))
    monkeypatch.setattr(plan_build, "unsupported", lambda *_: "")
    with pytest.raises(EngineError, match=r"this needs onnx, which cannot be imported .*; pip install onnx$"):
        build(bundle, precision, 1, Watcher(), "8.9")  # type: ignore[arg-type]


def test_uint8_is_cast_before_anything_and_computes_the_same() -> None:
    reference = pytest.importorskip("onnxruntime")
    plain = convolved("f32")
    cast = typed(plain, ONNX)
    first, *others = onnx.load_model_from_string(cast).graph.node
    assert (first.op_type, list(first.input)) == ("Cast", ["image"])
    assert not any("image" in node.input for node in others)
    batch = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), np.uint8)
    answers = [
        reference.InferenceSession(graph, providers=["CPUExecutionProvider"]).run(["anomaly_map"], {"image": batch})[0]
        for graph in (plain, cast)
    ]
    np.testing.assert_array_equal(*answers)


def int8_key(bundle: Bundle, **changes: str) -> FormKey:
    return key_of(bundle, "onnx", "3.4", "any", "int8").model_copy(update=changes)


def int8_form(bundle: Bundle, **changes: str) -> None:
    store_form(bundle, int8_key(bundle, **changes), {MODEL: convolved("int8")})


def uncached(bundle: Bundle, folder: Path) -> Bundle:
    """The bundle with its cache elsewhere than beside the committed one."""
    return Bundle(folder / bundle.folder.name, bundle.manifest, bundle.onnx)


def test_the_calibrated_graph_is_found_whatever_made_it(bundle: Bundle) -> None:
    int8_form(bundle, bundle_hash="1" * 64)
    with pytest.raises(FormMissing, match="only one of the bundle as it was before"):
        calibrated(bundle, "tensorrt")
    int8_form(bundle)
    assert calibrated(bundle, "tensorrt").path(MODEL).read_bytes() == convolved("int8")


def test_the_sizes_a_plan_is_tuned_for() -> None:
    assert list(profiles(1)) == [(1, 1, 1)]
    assert list(profiles(16)) == [(1, 1, 1), (1, 16, 16)]


def test_progress_within_phases_never_goes_back() -> None:
    told: list[tuple[int, str]] = []
    phases = Phases(lambda done, _total, text: told.append((done, text)))
    phases.start("build", 2)
    phases.step("build", 0)
    phases.start("tune", 4)
    phases.step("tune", 1)
    phases.finish("tune")
    phases.start("check", 10)
    phases.finish("check")
    phases.step("build", 1)
    phases.finish("build")
    phases.finish("never begun")
    assert told == [(0, "build"), (500, "build"), (500, "tune"), (750, "tune"), (750, "check"), (1000, "build")]
