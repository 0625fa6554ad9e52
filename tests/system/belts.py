"""A belt with a PLC and its gate in the test's own hands: each trigger, count and encoder value is the test's."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import zmq

from edge_inspector.wire.client import RejectClient
from edge_inspector.wire.messages import Trigger, VerdictMessage, encode


class HandBelt:
    """``count`` is the PLC's; ``encoder`` the belt's. Used by the test's thread, which keeps the link going by ``listen``."""

    def __init__(self, trigger: str, reject: str, *, name: str = "belt", heartbeat_ms: int = 50, encoder: bool = False) -> None:
        self.count = 0
        self.encoder = 0
        self.verdicts: dict[int, VerdictMessage] = {}
        self._context = zmq.Context()
        self._triggers = self._context.socket(zmq.SocketType.XPUB)
        self._triggers.linger = 0
        self._triggers.xpub_verbose = True
        self._triggers.bind(trigger)
        self._watching = 0
        self.client = RejectClient(
            reject,
            name,
            trigger_count=lambda: self.count,
            encoder=(lambda: self.encoder) if encoder else None,
            heartbeat_ms=heartbeat_ms,
        )

    def wait_armed(self, cameras: int = 1, seconds: float = 60.0) -> None:
        """Until the line has armed the gate and its cameras listen to the trigger."""
        self.listen_until(lambda: self.client.armed is not None and self._watched() >= cameras, "the line is armed", seconds)

    def _watched(self) -> int:
        while self._triggers.poll(0):
            self._watching += 1 if self._triggers.recv()[:1] == b"\x01" else -1
        return self._watching

    def trigger(self, label: int, part: int = 0, encoder: int | None = None, triggered_ns: int | None = None) -> None:
        """The cameras see a trigger, of now unless ``triggered_ns`` says when it was, and take it for number ``label``."""
        given: dict[str, Any] = {} if encoder is None else {"encoder": encoder}
        message = Trigger(trigger_count=label, triggered_ns=triggered_ns or time.monotonic_ns(), part=part, **given)
        self._triggers.send(encode(message), zmq.NOBLOCK)

    def listen(self, seconds: float) -> None:
        """Keep the link going, and take verdicts."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            for event in self.client.poll(min(left, 0.02)):
                if isinstance(event, VerdictMessage):
                    self.verdicts[event.trigger_count] = event

    def listen_until(self, found: Callable[[], Any], what: str, seconds: float = 30.0) -> None:
        """Keep the link going until ``found``; fails naming ``what`` after the time."""
        until = time.monotonic() + seconds
        while not found():
            assert time.monotonic() < until, f"{what}: not within {seconds:g} s; verdicts {self.outcomes()}"
            self.listen(0.02)

    def outcomes(self) -> dict[int, str]:
        """What was said of each count: accepted, rejected, or the reason why it was missed."""
        return {n: v.reason.value if v.outcome.value == "missed" else v.outcome.value for n, v in sorted(self.verdicts.items())}

    def close(self) -> None:
        self.client.close()
        self._triggers.close()
        self._context.term()

    def __enter__(self) -> HandBelt:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
