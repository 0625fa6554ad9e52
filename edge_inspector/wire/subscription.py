"""What a line publishes of itself: the status socket's subscriber."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import zmq

from edge_inspector.wire.keys import ClientKeys, connect

BATCH = 200  # messages read at once: a burst of thousands is not held twice


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """One status message. ``gap`` says that messages of its topic before it were lost, or the publisher restarted: ask control."""

    topic: str
    payload: dict[str, Any]
    blobs: tuple[bytes, ...] = ()
    gap: bool = False


class StatusClient:
    """Subscribes to topics of a status endpoint; used by one thread."""

    def __init__(self, endpoint: str, topics: tuple[str, ...] = ("part", "state"), keys: ClientKeys | None = None) -> None:
        self._places: dict[str, tuple[Any, int]] = {}
        self.unreadable = 0
        """Messages that are not of the protocol, and were passed over."""
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SocketType.SUB)
        try:
            for topic in topics:
                self._socket.subscribe(topic)
            connect(self._socket, endpoint, keys)
        except BaseException:
            self.close()
            raise

    def poll(self, timeout_s: float) -> list[StatusMessage]:
        """What has come within the time, as soon as something has, at most ``BATCH`` messages; of previews the newest of them only."""
        if not self._socket.poll(max(0, int(timeout_s * 1e3))):
            return []
        found: list[StatusMessage] = []
        preview: list[bytes] | None = None
        for _ in range(BATCH):
            if not self._socket.poll(0):
                break
            frames = self._socket.recv_multipart()
            if frames[0] == b"preview":
                preview = frames
            else:
                found.extend(self._read(frames))
        return [*found, *self._read(preview)] if preview else found

    def _read(self, frames: list[bytes]) -> list[StatusMessage]:
        try:
            topic, payload = frames[0].decode(), json.loads(frames[1])
        except (ValueError, IndexError, RecursionError):
            self.unreadable += 1
            return []
        return [StatusMessage(topic, payload, tuple(frames[2:]), self._gap(topic, payload))]

    def _gap(self, topic: str, payload: dict[str, Any]) -> bool:
        if "n" not in payload:
            return False
        before, now = self._places.get(topic), (payload.get("run"), payload["n"])
        self._places[topic] = now
        return before is not None and now != (before[0], before[1] + 1)

    def close(self) -> None:
        """Idempotent."""
        self._socket.close()
        self._context.term()

    def __enter__(self) -> StatusClient:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
