"""A model in three says what the whole says; and what a processor without bf16 cannot show is told by the skip."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from edge_inspector.engine import openvino
from edge_inspector.engine.bundle import load_bundle
from edge_inspector.engine.openvino import Lane, OpenVinoEngine, OpenVinoSession, Options, _sources, capabilities, check_float32, run_stage
from edge_inspector.engine.openvino_split import split
from edge_inspector.engine.sessions import open_session
from edge_inspector.engine.vino import ov
from edge_inspector.errors import EngineError
from tests.bundles import make_bundle
from tests.networks import SIDE, make_network, make_network_bundle, pictures

DEMO = Path(__file__).parents[3] / "models" / "demo" / "model.onnx"


def read(path: Path, side: int) -> ov.Model:
    model = ov.Core().read_model(path)
    model.reshape({0: [1, side, side, 3]})
    return model


def network(folder: Path) -> Path:
    onnx.save(make_network(), folder / "network.onnx")
    return folder / "network.onnx"


def test_openvino_is_imported_in_one_place() -> None:
    """The one that keeps its telemetry out."""
    package = Path(openvino.__file__).parents[1]
    naming = re.compile(r"^\s*(import|from) openvino\b", re.MULTILINE)
    assert [path.name for path in package.rglob("*.py") if naming.search(path.read_text(encoding="utf-8"))] == ["vino.py"]


def run_whole(model: ov.Model, image: NDArray[np.uint8]) -> dict[str, NDArray[np.generic]]:
    compiled = ov.Core().compile_model(model, "CPU", Options("f32", 1).settings("f32"))
    request = compiled.create_infer_request()
    request.infer({0: image})
    return {port.get_any_name(): request.get_tensor(port).data.copy() for port in compiled.outputs}


@pytest.mark.parametrize("name", ["network", "demo"])
def test_three_parts_say_what_the_whole_says(name: str, tmp_path: Path) -> None:
    """Compiled in float32 all three: to the last bit, on two lanes at once."""
    path, side = (network(tmp_path), SIDE) if name == "network" else (DEMO, 256)
    model = read(path, side)
    parts = split(model)
    assert parts is not None
    stages = [(part, ov.Core().compile_model(part.model, "CPU", Options("f32", 1).settings("f32"))) for part in parts]
    lanes = [Lane(stages), Lane(stages)]
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (1, side, side, 3), np.uint8) for _ in lanes]
    for stage in range(3):
        for lane, image in zip(lanes, images, strict=True):
            lane.start(stage, image)
        for lane in lanes:
            lane.wait(stage)
    for lane, image in zip(lanes, images, strict=True):
        for output, values in run_whole(model, image).items():
            np.testing.assert_array_equal(lane.output(*_sources(model, parts)[output]), values)


def test_the_search_is_in_the_part_that_is_float32(tmp_path: Path) -> None:
    parts = split(read(network(tmp_path), SIDE))
    assert parts is not None
    kinds = [[node.get_type_name() for node in part.model.get_ordered_ops()] for part in parts]
    assert [kind.count("MatMul") for kind in kinds] == [0, 1, 0]
    assert kinds[1].count("Convolution") == 0
    assert [len(part.takes) for part in parts] == [0, 1, 2]


def test_a_model_of_nothing_but_search_is_not_split(tmp_path: Path) -> None:
    assert split(read(load_bundle(make_bundle(tmp_path / "small")).onnx, 64)) is None


@pytest.mark.parametrize("precision", ["bf16", "f16"])
def test_a_search_below_float32_is_an_error(precision: str) -> None:
    check_float32([("a", "f32"), ("b", "i32")])
    with pytest.raises(EngineError, match=f"distances in less than float32 \\(b in {precision}\\); choose f32"):
        check_float32([("a", "f32"), ("b", precision)])


def test_a_precision_that_the_processor_lacks_is_named(tmp_path: Path) -> None:
    if "BF16" in capabilities():
        pytest.skip("this processor has bf16: elsewhere this checks that asking for it is a named error")
    bundle = load_bundle(make_network_bundle(tmp_path / "network"))
    with pytest.raises(EngineError, match="precision bf16 is not offered by this processor; choose auto or one of f32, int8"):
        OpenVinoEngine(bundle, 1, "bf16")


def test_bf16_computes_distances_in_float32(tmp_path: Path) -> None:
    if "BF16" not in capabilities():
        pytest.skip("this processor has no bf16: would check that the search runs in float32 there, and maps stay within 0.05")
    bundle = load_bundle(make_network_bundle(tmp_path / "network"))
    exact, coarse = OpenVinoEngine(bundle, 1, "f32"), OpenVinoEngine(bundle, 1, "bf16")  # opening checks what the plugin made of the search
    batch = np.stack(pictures(6, seed=3))
    for wanted, found in zip(exact.infer(batch), coarse.infer(batch), strict=True):
        assert np.abs(wanted.anomaly_map - found.anomaly_map).mean() < 0.05
        assert wanted.prototypes == found.prototypes
    exact.close()
    coarse.close()


@pytest.mark.parametrize(("exact", "stages"), [(True, 3), (False, 1)], ids=["a bundle's", "another's"])
def test_only_a_bundle_s_search_is_a_model_of_its_own(exact: bool, stages: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That this processor had bf16 is pretended: OpenVINO takes the hint anywhere, and computes in what there is."""
    monkeypatch.setattr(openvino, "capabilities", lambda: frozenset({"FP32", "BF16"}))
    session = open_session("openvino", network(tmp_path), "bf16", 1, (SIDE, SIDE), exact_search=exact)
    assert isinstance(session, OpenVinoSession)
    assert [lane.stages for lane in session.lanes(1)] == [stages]


def test_an_output_that_no_part_gives_is_named(tmp_path: Path) -> None:
    model = read(network(tmp_path), SIDE)
    parts = split(model)
    assert parts is not None
    with pytest.raises(EngineError, match=r"output '.*' comes from no part of the graph that is computed; choose f32"):
        _sources(model, [replace(part, gives=()) for part in parts])


class BrokenLane:
    """Keeps what it is asked for; fails at the ``bad`` call."""

    def __init__(self, name: str, asked: list[str], bad: str = "") -> None:
        self._name, self._asked, self._bad = name, asked, bad

    def start(self, _stage: int, _image: NDArray[np.uint8]) -> None:
        self._told("start")

    def wait(self, _stage: int) -> None:
        self._told("wait")

    def _told(self, call: str) -> None:
        self._asked.append(f"{call} {self._name}")
        if call == self._bad:
            raise RuntimeError(f"{call} of {self._name} failed")


@pytest.mark.parametrize(("bad", "waited"), [("wait", {"wait a", "wait b", "wait c"}), ("start", {"wait a"})])
def test_no_lane_runs_on_where_one_has_failed(bad: str, waited: set[str]) -> None:
    """The batch may be freed once the call has ended."""
    asked: list[str] = []
    lanes = [BrokenLane("a", asked), BrokenLane("b", asked, bad), BrokenLane("c", asked)]
    with pytest.raises(RuntimeError, match=f"{bad} of b failed"):
        run_stage(0, [(cast("Lane", lane), np.zeros((1, 2, 2, 3), np.uint8)) for lane in lanes])
    assert {call for call in asked if call.startswith("wait")} == waited
