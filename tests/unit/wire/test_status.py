from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import zmq

from edge_inspector.errors import WireError
from edge_inspector.wire.client import StatusClient, StatusMessage
from edge_inspector.wire.server import StatusPublisher


@pytest.fixture
def publisher() -> Iterator[StatusPublisher]:
    status = StatusPublisher("tcp://127.0.0.1:*")
    status.start()
    yield status
    assert status.stop(5.0)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10.0
    while not true():
        assert time.monotonic() < end


def gather(client: StatusClient, number: int) -> list[StatusMessage]:
    found: list[StatusMessage] = []
    end = time.monotonic() + 10.0
    while len(found) < number:
        assert time.monotonic() < end, found
        found += client.poll(0.1)
    return found


def test_parts_come_numbered_and_in_order(publisher: StatusPublisher) -> None:
    with StatusClient(publisher.endpoint, ("part", "state")) as client:
        until(lambda: publisher.has_subscribers("part") and publisher.has_subscribers("state"))
        for n in range(100):
            publisher.put("part", {"part_id": f"p{n}"}, b"blob")
        publisher.put("state", {"state": "Ready"})
        found = gather(client, 101)
        parts = [m for m in found if m.topic == "part"]
        assert [m.payload["n"] for m in parts] == list(range(1, 101))
        assert parts[7].payload["part_id"] == "p7"
        assert parts[7].blobs == (b"blob",)
        assert [m.payload["state"] for m in found if m.topic == "state"] == ["Ready"]
        assert not any(m.gap for m in found)


def test_a_gap_is_seen(publisher: StatusPublisher) -> None:
    with StatusClient(publisher.endpoint, ("part",)) as client:
        until(lambda: publisher.has_subscribers("part"))
        publisher.put("part", {})
        gather(client, 1)
        publisher._numbers["part"] += 3  # as if they had been dropped
        publisher.put("part", {})
        publisher.put("part", {})
        assert [m.gap for m in gather(client, 2)] == [True, False]


def test_a_publisher_that_restarts_is_a_gap() -> None:
    first = StatusPublisher("tcp://127.0.0.1:*")
    first.start()
    with StatusClient(first.endpoint, ("part",)) as client:
        until(lambda: first.has_subscribers("part"))
        first.put("part", {})
        gather(client, 1)
        first.stop()
        second = StatusPublisher(first.endpoint)
        second.start()
        until(lambda: not client.poll(0.01) and second.has_subscribers("part"))
        second.put("part", {})
        assert [m.gap for m in gather(client, 1)] == [True]
        second.stop()


def test_previews_are_made_only_for_subscribers_and_the_newest_wins(publisher: StatusPublisher) -> None:
    made: list[int] = []

    def maker(number: int) -> Callable[[], tuple[dict[str, Any], list[bytes]]]:
        def make() -> tuple[dict[str, Any], list[bytes]]:
            made.append(number)
            return {"number": number}, [b"png"]

        return make

    publisher.put_preview(maker(0))
    with StatusClient(publisher.endpoint, ("preview",)) as client:
        until(lambda: publisher.has_subscribers("preview"))
        for number in range(1, 50):
            publisher.put_preview(maker(number))
        until(lambda: bool(made) and made[-1] == 49)
        newest = gather(client, 1)
        while newest[-1].payload["number"] != 49:
            newest = gather(client, 1)
        assert newest[-1].blobs == (b"png",)
    assert len(made) < 49  # of those that wait for their turn the newest alone is made
    until(lambda: not publisher.has_subscribers("preview"))
    publisher.put_preview(maker(100))
    assert 0 not in made
    assert 100 not in made


def test_what_cannot_be_published_costs_itself_alone(publisher: StatusPublisher, expected_warnings: list[str]) -> None:
    expected_warnings += ["status: a message on part is not JSON", "status: a preview could not be made"]

    def fail() -> tuple[dict[str, Any], list[bytes]]:
        raise RuntimeError("no picture")

    with StatusClient(publisher.endpoint, ("",)) as client:
        until(lambda: publisher.has_subscribers("preview"))
        publisher.put("part", {"score": float("nan")})
        publisher.put("part", {"score": object()})
        publisher.put_preview(fail)
        publisher.put("part", {"score": 0.5})
        found = gather(client, 1)
        assert (found[0].payload["n"], found[0].payload["score"]) == (3, 0.5)


def test_put_never_waits_for_a_subscriber_that_does_not_read(publisher: StatusPublisher) -> None:
    with StatusClient(publisher.endpoint, ("part",)):
        until(lambda: publisher.has_subscribers("part"))
        started = time.monotonic()
        for n in range(20_000):
            publisher.put("part", {"n_part": n})
        assert time.monotonic() - started < 5.0


def test_garbage_from_a_subscriber_is_ignored(publisher: StatusPublisher) -> None:
    context = zmq.Context()
    socket = context.socket(zmq.SocketType.XSUB)
    socket.linger = 0
    try:
        socket.connect(publisher.endpoint)
        for frame in (b"\x07garbage", b"", b"\x01\xff\xfe", b"\x01part"):
            socket.send(frame)
        until(lambda: publisher.has_subscribers("part"))
        publisher.put("part", {})
        assert socket.poll(5000)
    finally:
        socket.close()
        context.term()


def test_garbage_from_a_publisher_is_passed_over() -> None:
    context = zmq.Context()
    socket = context.socket(zmq.SocketType.XPUB)
    socket.linger = 0
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    try:
        with StatusClient(f"tcp://127.0.0.1:{port}", ("",)) as client:
            assert socket.poll(5000)
            socket.recv()
            for frames in ((b"part",), (b"part", b"{"), (b"\xff", b"{}"), (b"part", b'{"n":1,"run":1}')):
                socket.send_multipart(frames)
            assert [m.payload for m in gather(client, 1)] == [{"n": 1, "run": 1}]
            assert client.unreadable == 3
    finally:
        socket.close()
        context.term()


def test_a_port_in_use(publisher: StatusPublisher) -> None:
    with pytest.raises(WireError, match="in use"):
        StatusPublisher(publisher.endpoint).start()
