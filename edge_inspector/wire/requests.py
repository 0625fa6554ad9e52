"""Requests to a control socket, of the line or of the desk."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import zmq

from edge_inspector.errors import RequestError, WireError
from edge_inspector.wire.keys import ClientKeys, Socket, connect
from edge_inspector.wire.version import VERSION

LOOK_S = 0.1  # how soon a wait for an answer notices that it is to be given up


class ControlClient:
    """Requests to one control endpoint, one at a time; used by one thread.

    ``given_up`` is asked while an answer is waited for: once it says True, the wait ends with a WireError that says so.
    """

    def __init__(self, endpoint: str, keys: ClientKeys | None = None, given_up: Callable[[], bool] = lambda: False) -> None:
        self._endpoint = endpoint
        self._keys = keys
        self._given_up = given_up
        self._context = zmq.Context()
        self._socket: Socket | None = None
        self._ids = count(1)
        self.token = ""
        """What ``login`` at the desk gave; sent with each request, "" for none."""

    def call(self, method: str, params: dict[str, Any] | None = None, timeout_s: float = 5.0) -> dict[str, Any]:
        """The result of ``method``. Raises RequestError for an error answer, WireError naming the endpoint where none comes in time."""
        return self.fetch(method, params, timeout_s)[0]

    def fetch(self, method: str, params: dict[str, Any] | None = None, timeout_s: float = 5.0) -> tuple[dict[str, Any], list[bytes]]:
        """The result of ``method`` and the binary frames that came with it; the result says which is what. Raises as ``call``."""
        socket = self._socket = self._socket or self._open()
        number = next(self._ids)
        request = {"v": VERSION, "type": "request", "id": number, "method": method, "params": params or {}}
        if self.token:
            request["token"] = self.token
        until = time.monotonic() + timeout_s
        try:
            socket.send(json.dumps(request).encode(), zmq.NOBLOCK)
        except zmq.Again:
            self._drop()
            raise self._silent(timeout_s) from None
        while True:
            if not self._heard(socket, until):
                self._drop()  # with the request, so that it is not carried out much later
                raise self._silent(timeout_s)
            head, *blobs = socket.recv_multipart()
            answer = self._read(head)
            if answer.get("id") == number:
                return self._result(answer), blobs

    def _heard(self, socket: Socket, until: float) -> bool:
        """Whether something came before ``until`` (s, monotonic clock)."""
        while (left := until - time.monotonic()) > 0 and not self._given_up():
            if socket.poll(int(min(left, LOOK_S) * 1e3) + 1):
                return True
        return bool(socket.poll(0))

    def _open(self) -> Socket:
        socket = self._context.socket(zmq.SocketType.DEALER)
        try:
            connect(socket, self._endpoint, self._keys)
        except BaseException:
            socket.close()
            raise
        return socket

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _silent(self, timeout_s: float) -> WireError:
        if self._given_up():
            return WireError(f"the answer from {self._endpoint} was not waited for any longer; what was asked may be done yet")
        return WireError(f"no answer from {self._endpoint} within {timeout_s:g} s; is it running, and is this its control endpoint?")

    def _read(self, head: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(head)
        except ValueError as error:
            raise WireError(f"{self._endpoint} answered with something that is not JSON: {error}") from None
        if not isinstance(answer, dict) or answer.get("v") != VERSION:
            raise WireError(f"{self._endpoint} does not speak version {VERSION} of the control protocol")
        return answer

    @staticmethod
    def _result(answer: dict[str, Any]) -> dict[str, Any]:
        if answer.get("type") == "error":
            raise RequestError(str(answer.get("code")), str(answer.get("message")))
        result: dict[str, Any] = answer.get("result", {})
        return result

    def close(self) -> None:
        """Idempotent."""
        self._drop()
        self._context.term()

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def reachable(endpoint: str, through: str) -> str:
    """An endpoint that a process told of itself, as its client can reach it: a wildcard host is the host it was found at."""
    if not endpoint.startswith("tcp://") or not through.startswith("tcp://"):
        return endpoint
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    return f"tcp://{through.removeprefix('tcp://').rpartition(':')[0]}:{port}" if host in ("0.0.0.0", "*", "[::]") else endpoint


def endpoints(hello: Mapping[str, Any], through: str) -> tuple[str, str]:
    """Status and desk endpoint that a line's ``ping`` tells."""
    told = hello.get("endpoints") or {}
    return reachable(str(told.get("status", "")), through), reachable(str(told.get("desk", "")), through)
