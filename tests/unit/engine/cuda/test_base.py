"""What both bindings share: arguments are checked, what is handed out is known, and closing leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from edge_inspector.engine.cuda.base import Cuda, DeviceMemory
from edge_inspector.errors import CudaError
from tests.unit.engine.cuda.script import Script, ScriptedCuda


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def cuda(script: Script) -> Iterator[ScriptedCuda]:
    made = ScriptedCuda(script)
    with made.active():
        yield made


def _other() -> ScriptedCuda:
    other = ScriptedCuda(Script())
    other._push()
    return other


def _freed(cuda: Cuda) -> DeviceMemory:
    memory = cuda.allocate(4)
    cuda.free(memory)
    return memory


def _freed_twice(cuda: Cuda) -> None:
    memory = cuda.allocate(4)
    cuda.free(memory)
    cuda.free(memory)


WRONG: dict[str, tuple[Callable[[Cuda], object], str]] = {
    "no bytes": (lambda c: c.allocate(0), "0 bytes cannot be allocated"),
    "negative pinned": (lambda c: c.pin(-1), "-1 bytes cannot be allocated"),
    "negative mapped": (lambda c: c.map_host(-1), "-1 bytes cannot be allocated"),
    "more than the target holds": (lambda c: c.copy_in(c.allocate(4), c.pin(8), 8, c.stream()), "8 bytes cannot be copied"),
    "more than the source holds": (lambda c: c.copy_out(c.pin(8), c.allocate(4), 8, c.stream()), "8 bytes cannot be copied"),
    "nothing to copy": (lambda c: c.copy_in(c.allocate(4), c.pin(4), 0, c.stream()), "0 bytes cannot be copied"),
    "a stream of another": (lambda c: c.synchronise(_other().stream()), "Stream is not held by scripted on Orin"),
    "freed twice": (_freed_twice, "DeviceMemory is not held"),
    "memory that was freed": (lambda c: c.copy_in(_freed(c), c.pin(4), 4, c.stream()), "DeviceMemory is not held"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_are_named_and_nothing_is_queued(cuda: ScriptedCuda, script: Script, name: str) -> None:
    act, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        act(cuda)
    assert script.queue == []


def test_devices_are_counted_from_0() -> None:
    with pytest.raises(ValueError, match="counted from 0"):
        ScriptedCuda(Script(), -1)


def test_what_is_copied_there_and_back_is_the_same(cuda: ScriptedCuda) -> None:
    stream, there, back, memory = cuda.stream(), cuda.pin(8), cuda.pin(8), cuda.allocate(8)
    there.array[:] = range(8)
    cuda.copy_in(memory, there, 8, stream)
    cuda.copy_out(back, memory, 4, stream)
    assert not back.array.any(), "queued, not done"
    cuda.synchronise(stream)
    assert back.array.tolist() == [0, 1, 2, 3, 0, 0, 0, 0]


def test_a_graph_runs_what_was_captured_each_time(cuda: ScriptedCuda) -> None:
    stream, there, memory = cuda.stream(), cuda.pin(2), cuda.allocate(2)
    graph = cuda.capture(stream, lambda: cuda.copy_in(memory, there, 2, stream))
    for value in (3, 5):
        there.array[:] = value
        cuda.launch(graph, stream)
        cuda.synchronise(stream)
        assert cuda.script.memory[memory.address].tolist() == [value, value]


def test_a_binding_without_graphs_says_what_has_them() -> None:
    cuda = ScriptedCuda(Script(graphs=False))
    with cuda.active(), pytest.raises(CudaError, match="install cuda-bindings"):
        cuda.capture(cuda.stream(), lambda: None)


def test_close_frees_all_that_is_held_then_the_context_once(cuda: ScriptedCuda, script: Script) -> None:
    for make in (lambda: cuda.allocate(1), lambda: cuda.pin(1), cuda.stream, cuda.event):
        make()
    script.log.clear()
    script.fail["free HostMemory"] = CudaError("one that cannot be freed must not keep the rest")
    cuda.close()
    cuda.close()
    assert sorted(script.log) == ["free DeviceMemory", "free Event", "free HostMemory", "free Stream", "push", "release"]
    assert script.log[-1] == "release"
    with pytest.raises(CudaError, match="closed"), cuda.active():
        pass


def test_a_context_that_has_died_is_closed_all_the_same(script: Script) -> None:
    cuda = ScriptedCuda(script)
    with cuda.active():
        cuda.allocate(1)
    script.fail["push"] = CudaError("context is destroyed")
    cuda.close()
    assert script.log[-1] == "release"


def test_what_is_abandoned_is_not_touched_again(script: Script) -> None:
    cuda = ScriptedCuda(script)
    with cuda.active():
        cuda.allocate(1)
    script.log.clear()
    cuda.abandon()
    cuda.close()
    assert script.log == []
