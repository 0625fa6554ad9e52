"""Who is there, on a real socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zmq

from edge_inspector.outputs.peers import Peers
from edge_inspector.wire.keys import Socket
from edge_inspector.wire.messages import Hello


@pytest.fixture
def router() -> Iterator[Socket]:
    context = zmq.Context()
    socket = context.socket(zmq.SocketType.ROUTER)
    socket.setsockopt(zmq.SocketOption.ROUTER_MANDATORY, 1)
    yield socket
    socket.close()
    context.term()


def test_who_cannot_be_reached_is_gone_once(router: Socket) -> None:
    peers = Peers(router, 100)
    peer, before = peers.join(b"x", Hello(name="plc"), 0)
    assert before is None
    assert not peers.send(peer, b"")
    assert not peers.send(peer, b"")
    assert [peers.gone(1), peers.gone(1)] == [[peer], []]


def test_who_said_hello_since_is_not_gone_in_place_of_the_one_before(router: Socket) -> None:
    peers = Peers(router, 100)
    first, _ = peers.join(b"x", Hello(name="first"), 0)
    assert not peers.send(first, b"")
    second, before = peers.join(b"x", Hello(name="second"), 1)
    assert before is first
    assert peers.gone(2) == []
    assert peers.get(b"x") is second
