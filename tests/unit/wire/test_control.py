from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import zmq

from edge_inspector.errors import RequestError, StateError, WireError
from edge_inspector.wire.client import ControlClient
from edge_inspector.wire.server import ControlServer, Reply


def fail(_params: dict[str, Any]) -> dict[str, Any]:
    raise RuntimeError("a bug")


def refuse(_params: dict[str, Any]) -> dict[str, Any]:
    raise StateError("the line is not Ready")


def image(params: dict[str, Any]) -> Reply:
    return Reply({"frames": params["frames"]}, tuple(bytes([n]) * size for n, size in enumerate(params["frames"])))


@pytest.fixture
def server() -> Iterator[ControlServer]:
    handlers = {"echo": lambda params: params, "fail": fail, "refuse": refuse, "odd": lambda _: {"x": object()}, "image": image}
    control = ControlServer("tcp://127.0.0.1:*", handlers)
    control.start()
    yield control
    assert control.stop(5.0)
    assert control.stop(5.0)


def test_a_wait_that_is_given_up_says_so_and_the_next_call_is_answered(server: ControlServer) -> None:
    over = threading.Event()
    with socket_that_never_answers() as endpoint, ControlClient(endpoint, given_up=over.is_set) as client:
        began = time.monotonic()
        threading.Timer(0.3, over.set).start()
        with pytest.raises(WireError, match=r"was not waited for any longer"):
            client.call("echo", {}, 30.0)
        assert 0.25 < time.monotonic() - began < 5.0
    with ControlClient(server.endpoint, given_up=lambda: False) as client:
        assert client.call("echo", {"n": 1}) == {"n": 1}


@contextmanager
def socket_that_never_answers() -> Iterator[str]:
    """The endpoint of one."""
    context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    try:
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        yield f"tcp://127.0.0.1:{port}"
    finally:
        context.destroy(linger=0)


def test_calls(server: ControlServer) -> None:
    with ControlClient(server.endpoint) as client:
        for n in range(20):
            assert client.call("echo", {"n": n, "text": "größer"}) == {"n": n, "text": "größer"}


@pytest.mark.parametrize("frames", [[], [5], [0, 3_000_000, 7]], ids=["none", "one", "empty and large ones"])
def test_an_answer_may_bring_binary_frames(server: ControlServer, frames: list[int]) -> None:
    with ControlClient(server.endpoint) as client:
        result, blobs = client.fetch("image", {"frames": frames})
        assert result == {"frames": frames}
        assert blobs == [bytes([n]) * size for n, size in enumerate(frames)]
        assert client.call("image", {"frames": frames}) == {"frames": frames}
        assert client.fetch("echo", {"n": 1}) == ({"n": 1}, [])


def test_two_clients_get_their_own_answers(server: ControlServer) -> None:
    wrong: list[int] = []

    def ask(start: int) -> None:
        with ControlClient(server.endpoint) as client:
            wrong.extend(n for n in range(start, start + 200) if client.call("echo", {"n": n}) != {"n": n})

    threads = [threading.Thread(target=ask, args=(start,)) for start in (0, 1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


REFUSALS = {"refuse": ("StateError", "not Ready"), "nothing": ("unknown_method", "echo"), "odd": ("internal", "TypeError")}


@pytest.mark.parametrize(("method", "answer"), REFUSALS.items(), ids=REFUSALS)
def test_refusals(server: ControlServer, expected_warnings: list[str], method: str, answer: tuple[str, str]) -> None:
    expected_warnings.append("control: a request failed")
    with ControlClient(server.endpoint) as client:
        with pytest.raises(RequestError, match=answer[1]) as caught:
            client.call(method)
        assert caught.value.code == answer[0]


def test_a_handlers_bug_ends_nothing(server: ControlServer, expected_warnings: list[str]) -> None:
    expected_warnings.append("control: a request failed")
    with ControlClient(server.endpoint) as client:
        with pytest.raises(RequestError, match="a bug"):
            client.call("fail")
        assert client.call("echo", {"n": 1}) == {"n": 1}


GARBAGE: dict[str, tuple[tuple[bytes, ...], str]] = {
    "not UTF-8": ((b"\xff\xfe",), "malformed"),
    "not JSON": ((b"{",), "malformed"),
    "deep": ((b"[" * 100_000,), "malformed"),
    "an array": ((b"[]",), "malformed"),
    "no type": ((b'{"v":1,"method":"echo"}',), "malformed"),
    "another version": ((b'{"v":9,"type":"request","method":"echo"}',), "version"),
    "params of another form": ((b'{"v":1,"type":"request","method":"echo","params":[1]}',), "malformed"),
    "a method that is no name": ((b'{"v":1,"type":"request","method":{"a":1}}',), "unknown_method"),
    "two frames": ((b"", b'{"v":1,"type":"request","method":"echo"}'), "malformed"),
}


@pytest.mark.parametrize(("frames", "code"), GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_answered(server: ControlServer, frames: tuple[bytes, ...], code: str) -> None:
    context = zmq.Context()
    socket = context.socket(zmq.SocketType.DEALER)
    socket.linger = 0
    try:
        socket.connect(server.endpoint)
        socket.send_multipart(frames)
        assert socket.poll(5000)
        answer = json.loads(socket.recv())
        assert (answer["type"], answer["code"]) == ("error", code)
    finally:
        socket.close()
        context.term()
    with ControlClient(server.endpoint) as client:
        assert client.call("echo") == {}


def test_of_a_client_that_does_not_read_few_answers_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    asked, large, over = 60, bytes(4_000_000), threading.Event()

    class Dropped(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "was not taken" in record.getMessage():
                over.set()

    handler, logger = Dropped(logging.INFO), logging.getLogger("edge_inspector.wire.server")
    logger.addHandler(handler)
    server = ControlServer("tcp://127.0.0.1:*", {"image": lambda _: Reply({}, (large,)), "echo": lambda params: params})
    server.start()
    context = zmq.Context()
    socket = context.socket(zmq.SocketType.DEALER)
    socket.linger, socket.rcvhwm = 0, 1
    try:
        with caplog.at_level(logging.INFO, logger.name):
            socket.connect(server.endpoint)
            for number in range(asked):
                socket.send_json({"v": 1, "type": "request", "id": number, "method": "image"})
            assert over.wait(10.0)
        with ControlClient(server.endpoint) as client:
            assert client.call("echo", {"n": 1}) == {"n": 1}
    finally:
        logger.removeHandler(handler)
        socket.close()
        context.term()
    assert server.stop(5.0)


def test_no_answer_names_the_endpoint() -> None:
    with ControlClient("tcp://127.0.0.1:9") as client:
        for _ in range(2):
            with pytest.raises(WireError, match=r"tcp://127\.0\.0\.1:9 within 0\.05 s"):
                client.call("echo", timeout_s=0.05)


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next(server: ControlServer) -> None:
    gate = threading.Event()
    server._handlers = {"wait": lambda _: {"waited": gate.wait(5.0)}, "echo": lambda params: params}
    with ControlClient(server.endpoint) as client:
        with pytest.raises(WireError, match="no answer"):
            client.call("wait", timeout_s=0.1)
        gate.set()
        assert client.call("echo", {"n": 2}) == {"n": 2}


def test_a_port_in_use(server: ControlServer) -> None:
    with pytest.raises(WireError, match=f"desk endpoint {server.endpoint} is in use"):
        ControlServer(server.endpoint, {}, "desk").start()
