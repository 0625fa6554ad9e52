"""One suite for both bindings to CUDA, on a GPU: what engines rely on. Without one it skips, and says what it would have checked.

What needs no GPU (choice, probe, error texts, arguments) is in tests/unit/engine/cuda.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from edge_inspector.engine.cuda.base import Cuda
from edge_inspector.engine.cuda.probe import probe
from edge_inspector.engine.cuda.registry import NAMES, installed, open_cuda
from edge_inspector.errors import CudaError

SIZE = 1 << 20


@pytest.fixture(params=NAMES)
def cuda(request: pytest.FixtureRequest) -> Iterator[Cuda]:
    name = request.param
    unchecked = f"not checked that {name} copies, maps, times, captures and comes back after an error"
    if name not in installed():
        pytest.skip(f"{unchecked}: it is not installed")
    if not (found := probe()).devices:
        pytest.skip(f"{unchecked}: {found.why}")
    made = open_cuda(name)
    yield made
    made.close()


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, SIZE, np.uint8)


def test_it_knows_its_device(cuda: Cuda) -> None:
    device = cuda.device
    assert device.name
    assert device.compute_capability >= (5, 0)
    assert device.memory > SIZE
    with cuda.active():
        assert 0 < cuda.memory_left() <= device.memory


def test_what_goes_to_the_device_comes_back(cuda: Cuda) -> None:
    with cuda.active():
        stream, there, back, memory = cuda.stream(), cuda.pin(SIZE), cuda.pin(SIZE), cuda.allocate(SIZE)
        there.array[:] = noise()
        cuda.copy_in(memory, there, SIZE, stream)
        cuda.copy_out(back, memory, SIZE - 3, stream)
        cuda.synchronise(stream)
        np.testing.assert_array_equal(back.array[:-3], noise()[:-3])


def test_mapped_memory_is_seen_by_the_device_in_place(cuda: Cuda) -> None:
    with cuda.active():
        host = cuda.map_host(SIZE)
        assert host.device_address
        host.array[:] = noise(1)
        np.testing.assert_array_equal(host.array, noise(1))
        assert cuda.pin(8).device_address is None


def test_events_time_what_lies_between_them(cuda: Cuda) -> None:
    with cuda.active():
        stream, host, memory, start, end = cuda.stream(), cuda.pin(SIZE), cuda.allocate(SIZE), cuda.event(), cuda.event()
        cuda.record(start, stream)
        cuda.copy_in(memory, host, SIZE, stream)
        cuda.record(end, stream)
        cuda.synchronise(stream)
        assert 0.0 < cuda.elapsed_ms(start, end) < 1000.0


def test_a_graph_repeats_what_was_captured_or_the_binding_says_that_it_has_none(cuda: Cuda) -> None:
    with cuda.active():
        stream, there, back, memory = cuda.stream(), cuda.pin(SIZE), cuda.pin(SIZE), cuda.allocate(SIZE)

        def work() -> None:
            cuda.copy_in(memory, there, SIZE, stream)
            cuda.copy_out(back, memory, SIZE, stream)

        if not cuda.graphs:
            with pytest.raises(CudaError, match="cuda-bindings"):
                cuda.capture(stream, work)
            return
        graph = cuda.capture(stream, work)
        for seed in range(3):
            there.array[:] = noise(seed)
            cuda.launch(graph, stream)
            cuda.synchronise(stream)
            np.testing.assert_array_equal(back.array, noise(seed))


def test_a_capture_that_fails_leaves_the_stream_usable(cuda: Cuda) -> None:
    if not cuda.graphs:
        pytest.skip(f"{cuda.binding} has no graphs: that a capture which fails leaves the stream usable is not checked")
    with cuda.active():
        stream, host, memory = cuda.stream(), cuda.pin(8), cuda.allocate(8)
        with pytest.raises(RuntimeError, match="while capturing"):
            cuda.capture(stream, _raises)
        cuda.copy_in(memory, host, 8, stream)
        cuda.synchronise(stream)


def _raises() -> None:
    raise RuntimeError("while capturing")


def test_out_of_memory_is_named_and_the_next_allocation_works(cuda: Cuda) -> None:
    with cuda.active():
        with pytest.raises(CudaError, match=r"allocating .* bytes of device memory: .*out of memory.*--batch") as caught:
            cuda.allocate(cuda.device.memory * 2)
        assert not caught.value.sticky
        assert cuda.allocate(SIZE).address


def test_any_thread_may_make_it_current(cuda: Cuda) -> None:
    found: list[np.ndarray] = []

    def work() -> None:
        with cuda.active():
            stream, there, back, memory = cuda.stream(), cuda.pin(SIZE), cuda.pin(SIZE), cuda.allocate(SIZE)
            there.array[:] = noise(4)
            cuda.copy_in(memory, there, SIZE, stream)
            cuda.copy_out(back, memory, SIZE, stream)
            cuda.synchronise(stream)
            found.append(back.array.copy())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    np.testing.assert_array_equal(found[0], noise(4))


def test_both_hold_the_same_context_and_one_that_closes_does_not_end_the_other(cuda: Cuda) -> None:
    others = [open_cuda(name) for name in installed()]
    with cuda.active():
        memory, host, stream = cuda.allocate(SIZE), cuda.pin(SIZE), cuda.stream()
    for other in others:
        assert other.device == cuda.device
        other.close()
    with cuda.active():
        cuda.copy_in(memory, host, SIZE, stream)
        cuda.synchronise(stream)


def test_what_is_closed_gives_its_memory_back(cuda: Cuda) -> None:
    with cuda.active():
        before = cuda.memory_left()
    other = open_cuda(cuda.binding)
    with other.active():
        other.allocate(64 * SIZE)
        assert cuda.memory_left() <= before - 32 * SIZE
    other.close()
    with cuda.active():
        assert cuda.memory_left() > before - 32 * SIZE
