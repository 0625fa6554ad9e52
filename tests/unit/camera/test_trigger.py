"""Trigger sources: the clock's grid, and a belt's messages over a real socket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from edge_inspector.camera.trigger import BeltTrigger, FreeTrigger
from edge_inspector.errors import CameraError
from edge_inspector.wire.messages import MAX_BYTES, Heartbeat, Trigger, encode
from tests.unit.camera.belts import TestBelt


@contextmanager
def belt() -> Iterator[tuple[TestBelt, BeltTrigger]]:
    with TestBelt() as source:
        trigger = BeltTrigger(source.endpoint)
        trigger.open()
        source.wait_for_camera()
        try:
            yield source, trigger
        finally:
            trigger.close()


def test_the_clock_keeps_its_rate_without_drift() -> None:
    trigger = FreeTrigger(200.0)
    trigger.open()
    begin = time.monotonic_ns()
    trigger.arm(7)
    got = [trigger.wait(1.0) for _ in range(40)]
    elapsed = (time.monotonic_ns() - begin) / 1e9
    assert [t.trigger_count for t in got if t] == list(range(8, 48))
    assert elapsed >= 0.2 - 1e-3
    moments = [t.triggered_ns for t in got if t]
    assert moments == sorted(moments)


def test_the_clock_says_none_when_it_is_not_yet_time() -> None:
    trigger = FreeTrigger(0.5)
    trigger.open()
    trigger.arm(0)
    begin = time.monotonic()
    assert trigger.wait(0.02) is None
    assert time.monotonic() - begin < 10.0
    assert trigger.wait(0.0) is None


def test_a_reader_that_was_away_gets_no_burst() -> None:
    trigger = FreeTrigger(50.0)
    trigger.open()
    trigger.arm(0)
    trigger._due_ns -= 1_000_000_000
    assert trigger.wait(0.0) is not None
    assert trigger.wait(0.0) is None


def test_belt_messages_arrive_in_order_and_whole() -> None:
    with belt() as (source, trigger):
        sent = [Trigger(trigger_count=n, triggered_ns=n * 10, encoder=n * 600, part=n % 3) for n in range(1, 301)]
        for message in sent:
            source.send(encode(message))
        assert [trigger.wait(5.0) for _ in sent] == sent
        assert trigger.wait(0.01) is None


def test_what_was_counted_before_the_arming_is_passed_over_and_a_count_gone_back_is_not() -> None:
    with belt() as (source, trigger):
        now = time.monotonic_ns()
        for count in range(1, 2001):
            source.send(encode(Trigger(trigger_count=count, triggered_ns=now)))
        trigger.arm(2000)
        later = Trigger(trigger_count=7, triggered_ns=time.monotonic_ns())  # the reader has to see that the counter began anew
        early = Trigger(trigger_count=2001, triggered_ns=now)
        for message in (early, later):
            source.send(encode(message))
        assert [trigger.wait(5.0), trigger.wait(5.0)] == [early, later]


def test_passing_over_keeps_to_the_time_given() -> None:
    with belt() as (source, trigger):
        trigger.arm(10)
        for _ in range(100):
            source.send(encode(Trigger(trigger_count=1, triggered_ns=1)))
        assert trigger.wait(0.0) is None
        last = Trigger(trigger_count=11, triggered_ns=1)
        source.send(encode(last))
        assert trigger.wait(5.0) == last


def test_a_trigger_from_the_future_is_taken_as_now(expected_warnings: list[str]) -> None:
    expected_warnings.append("belt tcp://")
    with belt() as (source, trigger):
        source.send(encode(Trigger(trigger_count=1, triggered_ns=2**62, part=4)))
        got = trigger.wait(5.0)
        assert got is not None
        assert (got.trigger_count, got.part) == (1, 4)
        assert got.triggered_ns <= time.monotonic_ns()


NOISE: dict[str, list[bytes]] = {
    "not utf-8": [b"\xff\xfe\x00"],
    "not json": [b"{"],
    "empty": [b""],
    "another message": [encode(Heartbeat())],
    "no such type": [b'{"v":1,"type":"nudge"}'],
    "another version": [b'{"v":9,"type":"trigger","trigger_count":1,"triggered_ns":1}'],
    "negative count": [b'{"v":1,"type":"trigger","trigger_count":-1,"triggered_ns":1}'],
    "two frames": [encode(Trigger(trigger_count=5, triggered_ns=1)), b"more"],
    "deep nesting": [b"[" * 20_000],
}


@pytest.mark.parametrize("frames", NOISE.values(), ids=NOISE)
def test_anything_else_is_logged_and_ignored(frames: list[bytes], expected_warnings: list[str]) -> None:
    expected_warnings.append("belt tcp://")
    with belt() as (source, trigger):
        source.send(*frames)
        good = Trigger(trigger_count=1, triggered_ns=2)
        source.send(encode(good))
        assert trigger.wait(5.0) == good


def test_a_flood_of_garbage_is_logged_once(expected_warnings: list[str], caplog: pytest.LogCaptureFixture) -> None:
    expected_warnings.append("belt tcp://")
    with belt() as (source, trigger):
        for _ in range(200):
            source.send(b"garbage")
        source.send(encode(Trigger(trigger_count=1, triggered_ns=2)))
        assert trigger.wait(5.0) is not None
    assert len(caplog.records) == 1


def test_a_belt_that_restarts_is_found_again() -> None:
    with TestBelt() as source:
        endpoint = source.endpoint
        trigger = BeltTrigger(endpoint)
        trigger.open()
        source.wait_for_camera()
    try:
        with TestBelt(endpoint) as again:
            deadline = time.monotonic() + 10.0
            while not again.subscribed():  # a subscriber renews its subscription while it waits
                assert time.monotonic() < deadline
                assert trigger.wait(0.02) is None
            again.send(encode(Trigger(trigger_count=9, triggered_ns=1)))
            got = trigger.wait(5.0)
            assert got is not None
            assert got.trigger_count == 9
    finally:
        trigger.close()


def test_too_long_a_message_does_not_end_the_connection_for_good() -> None:
    with belt() as (source, trigger):
        source.send(b"a" * (2 * MAX_BYTES))  # ZeroMQ hangs up, and would not connect again by itself
        good = Trigger(trigger_count=1, triggered_ns=2)
        deadline, got = time.monotonic() + 10.0, None
        while got is None and time.monotonic() < deadline:  # until the new connection has subscribed
            source.send(encode(good))
            got = trigger.wait(0.02)
        assert got == good


def test_no_belt_at_all_is_a_wait_in_vain_not_an_error() -> None:
    trigger = BeltTrigger("tcp://127.0.0.1:9")
    trigger.open()
    assert trigger.wait(0.02) is None
    trigger.close()
    trigger.close()


def test_waiting_on_a_closed_belt_says_so() -> None:
    with pytest.raises(CameraError, match="not open"):
        BeltTrigger("tcp://127.0.0.1:9").wait(0.0)


def test_an_impossible_endpoint_is_named() -> None:
    trigger = BeltTrigger("tcp://127.0.0.1:*")
    with pytest.raises(CameraError, match=r"tcp://127\.0\.0\.1:\*"):
        trigger.open()


def test_the_socket_is_an_ordinary_subscriber() -> None:
    with belt() as (source, _):
        assert source.subscriptions == [b"\x01"]
