"""Plans by their keys: what is refused, and how it says why."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge_inspector.engine import plans
from edge_inspector.engine.bundle import Bundle, load_bundle
from edge_inspector.engine.cuda.base import Device
from edge_inspector.engine.forms import store_form
from edge_inspector.engine.plans import PLAN, Messages, TensorRt, check_precision, device_name, load_tensorrt, plan_key, require_plan
from edge_inspector.errors import EngineError, FormError, FormMissing
from edge_inspector.settings.certificate import FormKey
from tests.bundles import make_bundle

FULL, RTX = TensorRt(None, "10.9.0", rtx=False), TensorRt(None, "rtx-1.7.1", rtx=True)
ORIN = Device(0, "Orin", (8, 7), integrated=True, memory=1 << 33)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return load_bundle(make_bundle(tmp_path / "models" / "small"))


def key(bundle: Bundle, **changes: str) -> FormKey:
    return plan_key(bundle, FULL, "Orin sm87", "fp16").model_copy(update=changes)


def test_a_plan_that_nobody_has_built_names_the_command_that_does(bundle: Bundle) -> None:
    store_form(bundle, key(bundle, precision="f32"), {PLAN: b"of another precision"})
    with pytest.raises(FormMissing) as caught:
        require_plan(bundle, key(bundle))
    assert str(caught.value) == (
        "no plan for bundle small, fp16, Orin sm87, TensorRT 10.9.0; "
        f"build it: edge-inspector models build {bundle.folder} --backend tensorrt --precision fp16"
    )


OTHERS: dict[str, tuple[dict[str, str], str]] = {
    "another device": ({"device": "H100 sm90"}, r"there is one for another device \(H100 sm90\)"),
    "another version": ({"version": "10.3.0"}, r"there is one by another version \(TensorRT 10.3.0\)"),
    "the bundle changed since": ({"bundle_hash": "1" * 64}, "there is one of the bundle before it was changed"),
    "both": ({"device": "H100 sm90", "version": "8"}, r"for another device \(H100 sm90\) and by another version \(TensorRT 8\)"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_plan_of_something_else_is_refused_and_told_from_a_missing_one(bundle: Bundle, name: str) -> None:
    changes, message = OTHERS[name]
    store_form(bundle, key(bundle, **changes), {PLAN: b"a plan"})
    with pytest.raises(FormError, match=f"{message}.*; build it again: edge-inspector models build") as caught:
        require_plan(bundle, key(bundle))
    assert not isinstance(caught.value, FormMissing)


def test_a_truncated_plan_is_refused(bundle: Bundle) -> None:
    path = store_form(bundle, key(bundle), {PLAN: b"a plan of some length"}).path(PLAN)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(FormError, match=r"model\.plan: truncated or changed since it was built"):
        require_plan(bundle, key(bundle))


def test_a_plan_is_for_one_model_of_gpu_an_rtx_plan_for_a_capability() -> None:
    assert (device_name(FULL, ORIN), device_name(RTX, ORIN)) == ("Orin sm87", "sm87")


@pytest.mark.parametrize(
    ("capability", "precision", "refused"),
    [((5, 2), "fp16", True), ((5, 3), "fp16", False), ((6, 0), "int8", True), ((8, 7), "int8", False), ((5, 0), "f32", False)],
)
def test_a_precision_that_the_device_lacks_is_named(capability: tuple[int, int], precision: str, refused: bool) -> None:
    device = Device(0, "GTX", capability, integrated=False, memory=1)
    if not refused:
        check_precision(device, precision)  # type: ignore[arg-type]
        return
    with pytest.raises(FormError, match=rf"GTX \(sm{capability[0]}{capability[1]}\) does not compute in {precision}, .*choose f32"):
        check_precision(device, precision)  # type: ignore[arg-type]


def test_without_tensorrt_it_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "find_spec", lambda _name: None)
    with pytest.raises(EngineError, match=r"looked for tensorrt and tensorrt_rtx\); pip install \"edge-inspector\[gpu\]\".*JetPack"):
        load_tensorrt()


def test_a_tensorrt_that_cannot_be_imported_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "find_spec", lambda name: object() if name == "tensorrt" else None)
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(EngineError, match=r"TensorRT \(tensorrt\) cannot be imported"):
        load_tensorrt()


@pytest.mark.parametrize(("name", "version", "rtx"), [("tensorrt", "10.9", False), ("tensorrt_rtx", "rtx-10.9", True)])
def test_the_version_says_which_of_the_two_packages(name: str, version: str, rtx: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their plans are of no use to each other, and their numbers may meet."""
    monkeypatch.setattr(plans, "find_spec", lambda asked: object() if asked == name else None)
    monkeypatch.setitem(sys.modules, name, SimpleNamespace(__version__="10.9"))
    found = load_tensorrt()
    assert (found.version, found.rtx) == (version, rtx)


def test_errors_that_tensorrt_logs_are_told_once_and_fill_no_log(caplog: pytest.LogCaptureFixture) -> None:
    class Logger:
        def __init__(self) -> None: ...

    messages = Messages(SimpleNamespace(ILogger=Logger))
    with caplog.at_level(logging.INFO):
        messages.logger.log(2, "a warning")
        for _ in range(2):
            messages.logger.log(1, "no memory ")
        messages.logger.log(0, "internal")
    assert messages.take() == "no memory | internal"
    assert messages.take() == "TensorRT gives no reason"
    assert not caplog.records
