"""A belt's XPUB socket for tests."""

from __future__ import annotations

from types import TracebackType

import zmq

from edge_inspector.wire.messages import Trigger, encode


class TestBelt:
    """Binds an XPUB socket and publishes triggers from the test's own thread."""

    __test__ = False

    def __init__(self, endpoint: str = "tcp://127.0.0.1:*") -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.SNDHWM, 0)
        self._socket.bind(endpoint)
        self.endpoint = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self.subscriptions: list[bytes] = []

    def __enter__(self) -> TestBelt:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close(linger=0)
        self._context.term()

    def wait_for_camera(self) -> None:
        """Until a camera has subscribed."""
        assert self._socket.poll(5000), "no camera subscribed within 5 s"
        self.subscriptions.append(self._socket.recv())

    def subscribed(self) -> bool:
        """Whether a subscription has come by now."""
        if not self._socket.poll(0):
            return False
        self.subscriptions.append(self._socket.recv())
        return True

    def send(self, *frames: bytes) -> None:
        self._socket.send_multipart(frames)

    def trigger(self, count: int, triggered_ns: int, part: int = 0, encoder: int = 0) -> None:
        self.send(encode(Trigger(trigger_count=count, triggered_ns=triggered_ns, part=part, encoder=encoder)))
