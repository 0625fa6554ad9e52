"""An OPC UA client for the gateway, on asyncua's own thread."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from asyncua.sync import Client, ThreadLoop

from edge_inspector.gateway.nodes import NAMESPACE

PATIENCE_S = 15.0


@dataclass
class UaClient:
    """Reads and calls by the node ids of docs/gateways.md; ``events`` are the results that were told."""

    client: Client
    space: int
    events: list[Any] = field(default_factory=list)

    def node(self, path: str) -> Any:  # noqa: ANN401 - asyncua's
        return self.client.get_node(f"ns={self.space};s=VisionSystem.{path}")

    def read(self, path: str) -> Any:  # noqa: ANN401
        value = self.node(path).read_value()
        return getattr(value, "Text", value)

    def call(self, path: str, *arguments: Any) -> None:  # noqa: ANN401
        self.node(path.rpartition(".")[0]).call_method(self.node(path), *arguments)

    def until(self, path: str, true: Callable[[Any], object], patience_s: float = PATIENCE_S) -> Any:  # noqa: ANN401
        end = time.monotonic() + patience_s
        while not true(value := self.read(path)):
            assert time.monotonic() < end, f"{path} is {value!r} after {patience_s:g} s"
            time.sleep(0.01)  # a poll of another thread's server
        return value

    def subscribe(self) -> None:
        kind = self.client.nodes.base_event_type.get_child([f"{self.space}:ResultReadyEventType"])
        self.client.create_subscription(50, self).subscribe_events(self.node("ResultManagement"), kind)

    def event_notification(self, event: Any) -> None:  # noqa: ANN401
        self.events.append(event)

    def status_change_notification(self, status: object) -> None:
        """Asyncua asks for it."""


@contextmanager
def ua_client(port: int) -> Iterator[UaClient]:
    before = logging.getLogger("asyncua").level
    logging.getLogger("asyncua").setLevel(logging.ERROR)  # it warns of each value that the server revises
    try:
        with ThreadLoop() as loop:
            with Client(f"opc.tcp://127.0.0.1:{port}/", tloop=loop) as client:
                yield UaClient(client, client.get_namespace_index(NAMESPACE))
            loop.post(asyncio.sleep(0.05))  # the connection is closed by a later turn of the loop
    finally:
        logging.getLogger("asyncua").setLevel(before)
