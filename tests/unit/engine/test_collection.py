"""Garbage collection stays out of calls that it must not run in."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from edge_inspector.engine.collection import without_collection

BUILDS = """
import gc
from pathlib import Path
from edge_inspector.engine.plan_build import Target, compile_graph, typed
from edge_inspector.engine.plans import Messages, load_tensorrt
from edge_inspector.training.progress import Silent
from tests.bundles import make_graph, make_manifest

gc.set_threshold(10**9)  # as if the next collection fell due in the logger, and not before
Messages.note = lambda messages, severity, text: gc.isenabled() and gc.collect()
trt, onnx = load_tensorrt(), Path("g.onnx")
old = [trt.module.Builder(Messages(trt.module).logger)]
old.append(old)  # only a collection finds it, as what a kept traceback holds
del old
compile_graph(trt, typed(make_graph(64, 64).SerializeToString(), onnx), onnx, make_manifest(), 1, Target("sm89", (8, 9)), Silent())
print("built")
"""


def test_it_is_off_inside_and_on_after_the_last() -> None:
    assert gc.isenabled()
    with without_collection():
        inner = Thread(target=_enter_and_leave)
        inner.start()
        inner.join()
        assert not gc.isenabled()
    assert gc.isenabled()


def _enter_and_leave() -> None:
    with without_collection():
        pass


def test_it_stays_off_where_it_was() -> None:
    gc.disable()
    try:
        with without_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_an_error_inside_brings_it_back() -> None:
    with pytest.raises(RuntimeError, match="inside"), without_collection():
        raise RuntimeError("inside")
    assert gc.isenabled()


def test_a_builder_among_the_garbage_does_not_stop_the_next_build() -> None:
    """It did: the collection freed it in TensorRT's logger, under the lock that freeing it takes."""
    pytest.importorskip("tensorrt_rtx", reason="would build a plan while an old builder waits for collection")
    done = subprocess.run(
        [sys.executable, "-c", BUILDS], cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "built\n", done.stderr
