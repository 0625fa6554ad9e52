"""The TensorRT engine around the device: batches, buffers, graphs, and how it comes back after an error.

No GPU runs here. Device and TensorRT's runtime are scripted behind our own small interface (cuda/script.py, scripted_trt.py), which proves
the logic of recovery and of the copies, not TensorRT: that is tests/contract/test_engines.py on a GPU (scripts/test-gpu).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edge_inspector.engine import tensorrt
from edge_inspector.engine.base import best_batch
from edge_inspector.engine.bundle import Bundle, load_bundle
from edge_inspector.engine.cuda.base import Device
from edge_inspector.engine.cuda.faults import cuda_error
from edge_inspector.engine.forms import store_form
from edge_inspector.engine.plans import plan_key
from edge_inspector.engine.tensorrt import TensorRtEngine
from edge_inspector.errors import BundleError, CudaError, EngineError, FormError, FormMissing
from tests.bundles import expected_map, make_bundle
from tests.unit.engine.cuda.script import ORIN, Script, ScriptedCuda
from tests.unit.engine.scripted_trt import PLAN, ScriptedTrt

JETSON = Device(0, "Orin", (8, 7), integrated=True, memory=1 << 33)
STICKY = cuda_error("waiting for the device", "an illegal memory access was encountered")
PASSING = cuda_error("waiting for the device", "invalid argument")


@dataclass
class Rig:
    """The machine: what is scripted, the bundle with its plan, and how an engine is opened on them."""

    script: Script
    trt: ScriptedTrt
    bundle: Bundle

    def open(self, precision: str = "auto") -> TensorRtEngine:
        return TensorRtEngine(self.bundle, precision=precision)

    def build(self, precision: str = "f32") -> None:
        key = plan_key(self.bundle, self.trt.package(), f"{ORIN.name} {ORIN.sm}", precision)  # type: ignore[arg-type]
        store_form(self.bundle, key, {"model.plan": PLAN})


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    script = Script()
    made = Rig(script, ScriptedTrt(script), load_bundle(make_bundle(tmp_path / "models" / "small")))
    made.build()
    monkeypatch.setattr(tensorrt, "open_cuda", lambda: ScriptedCuda(script))
    monkeypatch.setattr(tensorrt, "load_tensorrt", made.trt.package)
    return made


@pytest.fixture
def engine(rig: Rig) -> Iterator[TensorRtEngine]:
    made = rig.open()
    yield made
    made.close()


def images(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 64, 64, 3), np.uint8)


def right(engine: TensorRtEngine, n: int, seed: int = 0) -> bool:
    """Whether it answers as the small graph does."""
    batch = images(n, seed)
    maps, scores, chosen = expected_map(batch)
    found = engine.infer(batch)
    return (
        np.allclose([f.anomaly_map for f in found], maps)
        and np.allclose([f.image_score for f in found], scores)
        and [list(f.prototypes) for f in found] == chosen.tolist()
    )


@pytest.mark.parametrize("n", [1, 2, 4, 5, 9], ids=lambda n: f"{n} images, at most 4 at once")
def test_batches_of_any_size_run_in_parts_that_the_plan_takes(engine: TensorRtEngine, n: int) -> None:
    assert all(right(engine, n, seed) for seed in range(4))


def test_sizes_may_change_from_call_to_call(engine: TensorRtEngine) -> None:
    assert all(right(engine, n, seed) for seed, n in enumerate((1, 1, 3, 1, 3, 3, 3, 4, 2, 1)))


@pytest.mark.parametrize(("device", "kind", "copies"), [(ORIN, "pin", 4), (JETSON, "map", 0)], ids=["discrete", "Jetson"])
def test_a_frame_is_copied_once_and_then_by_the_device_or_not_at_all(rig: Rig, device: Device, kind: str, copies: int) -> None:
    rig.script.device, rig.script.graphs = device, False
    engine = rig.open()
    assert {name for name in rig.script.log if name in ("pin", "map")} == {kind}
    rig.script.log.clear()
    assert right(engine, 2)
    assert sum(name.startswith("copy") for name in rig.script.log) == copies  # the image in; map, score and prototypes out
    engine.close()


def test_a_size_that_comes_again_is_launched_as_a_graph(rig: Rig, engine: TensorRtEngine) -> None:
    assert right(engine, 1, 0)
    assert right(engine, 1, 1)
    rig.script.log.clear()
    assert right(engine, 1, 2)
    assert [name for name in rig.script.log if name in ("launch", "execute", "copy_in")] == ["launch"]


def test_a_frame_s_last_tiles_run_in_the_graph_of_the_others(rig: Rig, engine: TensorRtEngine) -> None:
    assert all(right(engine, 4, seed) for seed in range(3))
    rig.script.log.clear()
    for seed in range(3):
        assert right(engine, 4, seed)
        assert right(engine, 3, seed)
    assert [name for name in rig.script.log if name in ("launch", "execute", "capture")] == ["launch"] * 6


def test_a_smaller_size_that_stays_has_a_graph_of_its_own(rig: Rig, engine: TensorRtEngine) -> None:
    assert all(right(engine, 4, seed) for seed in range(3))
    rig.script.log.clear()
    assert all(right(engine, 3, seed) for seed in range(5))
    found = [name for name in rig.script.log if name in ("launch", "execute", "capture")]
    assert found[0] == "launch" and found.count("capture") == 1 and found[-1] == "launch"


def test_a_plan_that_cannot_be_captured_runs_on_without_a_graph(rig: Rig, engine: TensorRtEngine) -> None:
    rig.script.fail["capture"] = cuda_error("capturing a CUDA graph", "operation not permitted when stream is capturing")
    assert all(right(engine, 1, seed) for seed in range(4))
    assert rig.script.log.count("capture") == 1
    assert "launch" not in rig.script.log


def test_results_outlive_the_next_call(engine: TensorRtEngine) -> None:
    first = engine.infer(images(2, 1))
    kept = [one.anomaly_map.copy() for one in first]
    engine.infer(images(2, 2))
    np.testing.assert_array_equal([one.anomaly_map for one in first], kept)


def test_warming_up_runs_the_largest_batch_too(rig: Rig, engine: TensorRtEngine) -> None:
    """Otherwise the first part of several views would meet what that needs: memory, kernels that are loaded late."""
    rig.script.log.clear()
    engine.warm_up()
    assert rig.script.log.count("capture") == 1
    assert right(engine, 4, 1)
    assert rig.script.log.count("capture") == 2, "it had run before"


def test_any_thread_may_use_it_one_at_a_time(engine: TensorRtEngine) -> None:
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(right(engine, 2)))
    thread.start()
    thread.join(20)
    assert found == [True]
    assert right(engine, 1)


def test_it_names_its_plan_and_its_version(engine: TensorRtEngine) -> None:
    assert (engine.backend, engine.precision, engine.version) == ("tensorrt", "f32", "10.9")
    assert (engine.form_key.device, engine.form_key.bundle) == ("Orin sm87", "small")
    assert engine.form_sha256 == hashlib.sha256(PLAN).hexdigest()


# ---- what is not as it should be


@pytest.mark.parametrize("call", ["push", "copy_in", "copy_out", "synchronise", "launch"])
def test_after_a_passing_error_everything_is_made_anew_at_the_next_call(rig: Rig, engine: TensorRtEngine, call: str) -> None:
    """The part that met it is missed, with an EngineError; nothing that was made before is used again, nor left."""
    for _ in range(3 if call == "launch" else 1):
        engine.infer(images(1))
    rig.script.fail[call] = PASSING
    rig.script.log.clear()
    with pytest.raises(CudaError, match="tensorrt: inference of bundle small failed: waiting for the device: invalid argument") as caught:
        engine.infer(images(1))
    assert not caught.value.sticky
    assert (rig.script.log.count("release"), len(rig.trt.plans)) == (1, 1)
    assert right(engine, 1)
    assert (rig.script.log.count("retain"), len(rig.trt.plans)) == (1, 2)


def test_no_other_plan_takes_the_place_of_the_one_that_was_loaded(rig: Rig, engine: TensorRtEngine) -> None:
    """Its certificate is of that one: what was built anew meanwhile runs only once the recipe is activated again."""
    before = engine.form_key, engine.form_sha256
    store_form(rig.bundle, engine.form_key, {"model.plan": PLAN + b"built anew"})
    rig.script.fail["synchronise"] = PASSING
    with pytest.raises(CudaError):
        engine.infer(images(1))
    for _ in range(2):
        with pytest.raises(EngineError, match="not the plan that was loaded; activate the recipe again"):
            engine.infer(images(1))
    assert (engine.form_key, engine.form_sha256) == before


def test_the_tiles_of_a_frame_come_in_its_largest_batch(engine: TensorRtEngine) -> None:
    assert best_batch(engine) == engine.session.most == 4


def test_it_tries_again_at_each_call_until_the_device_is_back(rig: Rig, engine: TensorRtEngine) -> None:
    rig.script.fail["synchronise"] = PASSING
    with pytest.raises(CudaError):
        engine.infer(images(1))
    for _ in range(3):
        rig.script.fail["retain"] = cuda_error("setting the CUDA device", "no CUDA-capable device is detected")
        with pytest.raises(CudaError, match="nvidia-smi"):
            engine.infer(images(1))
    assert right(engine, 1)


def test_after_a_sticky_error_the_device_is_not_touched_again(rig: Rig, engine: TensorRtEngine) -> None:
    rig.script.fail["synchronise"] = STICKY
    for _ in range(3):
        with pytest.raises(CudaError, match=r"illegal memory access.*restart the line") as caught:
            engine.infer(images(1))
        assert caught.value.sticky
        rig.script.log.clear()
    engine.close()
    assert rig.script.log == []


def test_what_tensorrt_logs_of_a_failed_run_decides_whether_it_is_sticky(rig: Rig, engine: TensorRtEngine) -> None:
    rig.trt.fail["execute"] = "Cuda Runtime (an illegal memory access was encountered)"
    with pytest.raises(CudaError, match="running the plan: Cuda Runtime") as caught:
        engine.infer(images(1))
    assert caught.value.sticky


def test_a_wrong_batch_does_not_cost_the_session(rig: Rig, engine: TensorRtEngine) -> None:
    with pytest.raises(EngineError, match=r"uint8 \(N, 64, 64, 3\)"):
        engine.infer(images(1)[:, 1:])
    assert right(engine, 1)
    assert len(rig.trt.plans) == 1


OUT_OF_MEMORY = cuda_error("allocating 9 bytes of device memory", "out of memory")
CANNOT_OPEN: dict[str, tuple[dict[str, CudaError], dict[str, str], type[Exception], str]] = {
    "out of device memory": ({"allocate": OUT_OF_MEMORY}, {}, CudaError, "out of memory; end other programs on the GPU"),
    "out of memory for the context": ({}, {"context": "out of memory"}, CudaError, "making an execution context: out of memory; end"),
    "a profile that TensorRT refuses": ({}, {"profile 1": "out of memory"}, CudaError, "choosing profile 1 of the plan: out of memory"),
    "a plan that TensorRT refuses": ({}, {"deserialise": "Version tag does not match"}, FormError, "Version tag .*; build it again"),
    "out of memory for the plan": (
        {},
        {"deserialise": "CUDA error: out of memory"},
        CudaError,
        "loading .*plan.*: CUDA error: out of memory; end",
    ),
    "a driver lost for the plan": ({}, {"deserialise": "Cuda failure: unknown error"}, CudaError, "loading .*plan.*only a new process"),
    "no device": ({"retain": cuda_error("x", "no CUDA-capable device")}, {}, CudaError, "nvidia-smi"),
}


@pytest.mark.parametrize("name", CANNOT_OPEN)
def test_what_keeps_it_from_opening_is_named_and_nothing_is_left(rig: Rig, name: str) -> None:
    device, tensorrts, kind, message = CANNOT_OPEN[name]
    rig.script.fail, rig.trt.fail = dict(device), dict(tensorrts)
    with pytest.raises(kind, match=message) as caught:
        rig.open()
    assert rig.trt.alive == [], "while the error, and the frames that it keeps, are still there"
    del caught
    held = sum(name in ("allocate", "pin", "map", "stream") for name in rig.script.log) - ("allocate" in device)
    assert sum(name.startswith("free") for name in rig.script.log) == held
    assert right(rig.open(), 1), "once the cause is gone"


def test_a_line_is_never_built_for_a_plan_that_is_not_there(rig: Rig) -> None:
    with pytest.raises(FormMissing, match=r"models build .* --backend tensorrt --precision fp16"):
        rig.open("fp16")
    assert rig.script.log[-1] == "release"


def test_a_precision_that_is_not_offered_is_an_error(rig: Rig) -> None:
    with pytest.raises(EngineError, match="precision bf16 is not offered; choose auto or one of f32, fp16, int8"):
        rig.open("bf16")


def test_a_plan_of_another_form_than_the_manifests_is_refused(rig: Rig) -> None:
    rig.trt.height = 96
    with pytest.raises(BundleError, match=r"'image' is uint8 \(N, 96, 64, 3\); the manifest says"):
        rig.open()


def test_close_is_idempotent_and_lets_everything_go(rig: Rig) -> None:
    engine = rig.open()
    engine.infer(images(1))
    engine.close()
    engine.close()
    assert rig.script.log.count("release") == 1
    with pytest.raises(EngineError, match="closed"):
        engine.infer(images(1))
    with pytest.raises(EngineError, match="nothing runs"):
        _ = engine.session


@pytest.mark.parametrize("call", ["synchronise", "execute"])
def test_nothing_of_tensorrt_outlives_the_device_s_context(rig: Rig, engine: TensorRtEngine, call: str) -> None:
    """An error that somebody keeps keeps the frames that it has gone through, and they what they hold."""
    assert rig.trt.alive == ["ScriptedRuntime", "ScriptedPlan", "ScriptedContext", "ScriptedContext"]
    if call == "execute":
        rig.trt.fail[call] = "invalid argument"
    else:
        rig.script.fail[call] = PASSING
    with pytest.raises(CudaError) as caught:
        engine.infer(images(1))
    rig.script.queue.clear()  # what was never waited for: a device would have forgotten it
    assert rig.trt.alive == []
    assert caught.value.__traceback__ is not None


def test_device_time_is_measured_pass_by_pass(rig: Rig, engine: TensorRtEngine) -> None:
    with engine.cuda.active():
        assert engine.session.device_ms(4, 5) == [1.5] * 5
    assert rig.script.log.count("record") == 10
