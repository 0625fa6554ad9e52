from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from edge_inspector.images import decode_bytes
from edge_inspector.outputs.status import PREVIEW_SIDE, RING, StatusOutput, preview
from edge_inspector.records import Outcome
from edge_inspector.wire.client import ControlClient, StatusClient, StatusMessage
from edge_inspector.wire.server import ControlServer, Refused, StatusPublisher
from tests.unit.outputs.parts import image, sent


@pytest.fixture
def publisher() -> StatusPublisher:
    return StatusPublisher("tcp://127.0.0.1:*")


@pytest.fixture
def status(publisher: StatusPublisher) -> Iterator[StatusOutput]:
    status = StatusOutput(publisher)
    status.start()
    yield status
    status.stop(5.0)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10.0
    pause = threading.Event()
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        pause.wait(0.01)


def receive(client: StatusClient, count: int) -> list[StatusMessage]:
    got: list[StatusMessage] = []
    deadline = time.monotonic() + 10.0
    while len(got) < count:
        assert time.monotonic() < deadline, f"only {got}"
        got += client.poll(0.2)
    return got


def parts(status: StatusOutput, params: dict[str, object]) -> dict[str, Any]:
    """The answer as it goes over the socket."""
    answer: dict[str, Any] = json.loads(status.parts(params).result)
    return answer


def test_a_part_is_published_and_stands_in_the_ring_under_the_same_number(status: StatusOutput, publisher: StatusPublisher) -> None:
    with StatusClient(publisher.endpoint) as client:
        client.poll(0.0)
        until(lambda: publisher.has_subscribers("part") and publisher.has_subscribers("state"))
        status.put(sent(5))
        status.state({"state": "Ready"})
        status.put(sent(6, Outcome.MISSED, images=(None,), peak=float("nan")))
        got = receive(client, 3)
    told = [message.payload for message in got if message.topic == "part"]
    kept = parts(status, {})
    assert [part["n"] for part in told] == [1, 2] == [part["n"] for part in kept["parts"]]
    assert all(part.items() >= mine.items() for part, mine in zip(told, kept["parts"], strict=True))
    assert {part["run"] for part in told} == {kept["run"]}
    assert (told[0]["seq"], told[0]["outcome"], told[0]["regions"][0]["peak"], told[0]["latency_ms"]) == (5, "rejected", 0.9, 12.0)
    assert (told[1]["seq"], told[1]["outcome"], told[1]["regions"][0]["peak"]) == (6, "missed", None)
    assert [message.payload["state"] for message in got if message.topic == "state"] == ["Ready"]


def test_the_ring_keeps_the_last_thousand(status: StatusOutput) -> None:
    assert parts(status, {}) | {"run": 0} == {"run": 0, "parts": [], "oldest": 0, "newest": 0}
    for seq in range(1, RING + 51):
        status.put(sent(seq))
    answer = parts(status, {"since": RING + 40})
    assert (answer["oldest"], answer["newest"]) == (51, RING + 50)
    assert [part["n"] for part in answer["parts"]] == list(range(RING + 41, RING + 51))
    assert len(parts(status, {})["parts"]) == RING
    assert [part["n"] for part in parts(status, {"since": 60, "limit": 2})["parts"]] == [61, 62]


ASKED: dict[str, tuple[dict[str, object], list[int]]] = {
    "all": ({}, [1, 2, 3, 4, 5]),
    "above a number": ({"since": 3}, [4, 5]),
    "the newest two": ({"last": 2}, [4, 5]),
    "more than there are": ({"last": 50}, [1, 2, 3, 4, 5]),
    "none": ({"last": 0}, []),
    "the newest two above a number": ({"since": 1, "last": 2}, [4, 5]),
    "the newest above a number, of which fewer are": ({"since": 4, "last": 3}, [5]),
    "the first two of the newest four": ({"last": 4, "limit": 2}, [2, 3]),
}


@pytest.mark.parametrize(("params", "expected"), ASKED.values(), ids=ASKED)
def test_parts_are_told_as_asked(status: StatusOutput, params: dict[str, object], expected: list[int]) -> None:
    for seq in range(1, 6):
        status.put(sent(seq))
    answer = parts(status, params)
    assert [part["n"] for part in answer["parts"]] == expected
    assert (answer["oldest"], answer["newest"]) == (1, 5)


def test_parts_are_not_encoded_again_when_somebody_asks(status: StatusOutput, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ControlServer("tcp://127.0.0.1:*", {"parts": status.parts}, "line")
    server.start()
    for seq in range(1, RING + 1):
        status.put(sent(seq))
    real, written = json.dumps, []

    def dumps(value: object, **options: Any) -> str:  # noqa: ANN401 - as json has it
        text = real(value, **options)
        written.append(len(text))
        return text

    with ControlClient(server.endpoint) as client:
        monkeypatch.setattr(json, "dumps", dumps)
        assert len(client.call("parts")["parts"]) == RING
    assert server.stop(5.0)
    assert 0 < max(written) < 200


@pytest.mark.parametrize(
    "params", [{"since": "x"}, {"last": "x"}, {"last": -1}, {"since": -1}, {"limit": 1.5}, {"limit": True}, {"since": None}]
)
def test_parameters_that_are_no_numbers_are_refused(status: StatusOutput, params: dict[str, object]) -> None:
    with pytest.raises(Refused, match="whole number"):
        status.parts(params)


def test_a_preview_is_made_only_for_a_subscriber(status: StatusOutput, publisher: StatusPublisher) -> None:
    status.put(sent(1))
    with StatusClient(publisher.endpoint, topics=("preview",)) as client:
        client.poll(0.0)
        until(lambda: publisher.has_subscribers("preview"))
        smooth = np.repeat(np.linspace(0, 255, 64, dtype=np.uint8)[None, :, None], 64, axis=0).repeat(3, axis=2)
        status.put(sent(2, images=(smooth,)))
        status.put(sent(3, Outcome.MISSED, images=(None,)))
        (got,) = receive(client, 1)
    assert (got.payload["part_id"], got.payload["part"]) == ("line1-7-2", 2)
    np.testing.assert_allclose(decode_bytes(got.blobs[0]).astype(float), smooth.astype(float), atol=8)  # JPEG loses a little


def test_a_preview_of_a_line_of_pixels_has_one_row() -> None:
    payload, frames = preview(sent(1, images=(image(height=2, width=4000, channels=1),)), 1)
    assert (payload["views"][0]["height"], payload["views"][0]["width"]) == (2, 4000)
    assert decode_bytes(frames[0]).shape[:2] == (1, PREVIEW_SIDE)


def test_a_preview_of_large_views_is_shrunk_and_a_missing_view_left_out() -> None:
    payload, frames = preview(sent(1, Outcome.MISSED, images=(image(height=600, width=1200, channels=1), None)), 9)
    assert payload == {"part": 9, "part_id": "line1-7-1", "views": [{"view": 0, "camera": "cam0", "width": 1200, "height": 600}]}
    assert decode_bytes(frames[0]).shape[:2] == (PREVIEW_SIDE // 2, PREVIEW_SIDE)
    assert frames[1] == b""
    _, whole = preview(sent(1), 1)
    values = decode_bytes(whole[1])[:, :, 0]
    assert (values.shape, values[3, 4], values[0, 0]) == ((8, 9), 255, 64)
