"""Hostile messages at every socket of a line: malformed, oversized, of another version, replayed.

``python -m tests.system.fuzz --help``
"""

from __future__ import annotations

import argparse
import json
import random
import re
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zmq

from edge_inspector.records import State
from edge_inspector.rehearsal.processes import TemporaryStation
from edge_inspector.wire import messages as m
from tests.system.lines import LineProcess, ask, simulated, write_station

SOCKETS = ("reject", "control", "desk", "status")
OVERSIZED = 2000  # one message in so many: each costs its sender the connection
LIMITED = re.compile(r"refused|unreadable|cannot be read")
REPLAYED: tuple[m.Message, ...] = (
    m.Arm(epoch=1, trigger_count=7),
    m.Ack(epoch=1, seq=1, trigger_count=1),
    m.Fired(trigger_count=1),
    m.Part(trigger_count=1, serial="SN-1"),
    m.RecipeChange(name="other"),
    m.Heartbeat(state=State.ERROR, last_seq=2**62, trigger_count=2**62),
    m.Bye(reason="replayed"),
    m.Trigger(trigger_count=1, triggered_ns=1),
)
REQUEST = {"v": 1, "type": "request", "id": 1, "method": "status", "params": {}}


def hostile(chance: random.Random, size_max: int = m.MAX_BYTES) -> list[bytes]:
    """The frames of one message."""
    kinds: tuple[Callable[[], list[bytes]], ...] = (
        lambda: [chance.randbytes(chance.randrange(200))],
        lambda: [_valid(chance)[: chance.randrange(40)]],
        lambda: [_flipped(chance)],
        lambda: [_valid(chance).replace(b'"v":1', b'"v":%d' % chance.randrange(2, 99))],
        lambda: [_another_value(chance)],
        lambda: [_valid(chance)],
        lambda: [b"[" * chance.randrange(20_000)],
        lambda: [b"", _valid(chance), chance.randbytes(5)],
        lambda: [b'{"v":1,"type":"' + chance.randbytes(6).hex().encode() + b'"}'],
    )
    if chance.randrange(OVERSIZED) == 0:
        return [b"x" * (size_max + 1)]
    return chance.choice(kinds)()


def _valid(chance: random.Random) -> bytes:
    """A message of an earlier session, or a request for a method that there is not."""
    if chance.random() < 0.3:
        return json.dumps(REQUEST | {"method": chance.choice(("fly", "__class__", "status "))}, separators=(",", ":")).encode()
    return m.encode(chance.choice(REPLAYED))


def _flipped(chance: random.Random) -> bytes:
    data = bytearray(_valid(chance))
    for _ in range(chance.randrange(1, 4)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def _another_value(chance: random.Random) -> bytes:
    values = json.loads(_valid(chance))
    values[chance.choice(sorted(values))] = chance.choice((None, -1, 2**80, "x" * 2000, [], {}, True, 1e400, "\u0000"))
    return json.dumps(values).encode()


def attack(station: TemporaryStation, name: str, messages: int, seed: int) -> None:
    """Send so many messages to one of the line's sockets, half of them as a stranger and half as a monitor."""
    chance = random.Random(seed)
    with zmq.Context() as context, context.socket(zmq.SocketType.SUB if name == "status" else zmq.SocketType.DEALER) as sender:
        sender.linger, sender.sndtimeo = 5000, 20_000
        sender.connect(station.endpoint(name))
        for number in range(messages):
            if name == "status":  # what a subscriber can send is subscriptions
                topic = chance.randbytes(chance.randrange(100))
                sender.subscribe(topic)
                sender.unsubscribe(topic)
                continue
            if name == "reject" and number == messages // 2:
                sender.send(m.encode(m.Hello(name="fuzz", role="monitor")))
            sender.send_multipart(hostile(chance))
            while sender.poll(0):
                sender.recv_multipart(zmq.NOBLOCK)
        if name != "status":
            _last_word(sender, name)


def _last_word(sender: zmq.Socket[bytes], name: str) -> None:
    """A message in order, whose answer says that those before it were read. Asked again: answers that nobody reads in time are dropped."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if name == "reject":
            sender.send(m.encode(m.Hello(name="fuzz", role="monitor")))
        else:
            sender.send(json.dumps(REQUEST | {"id": "last", "method": "ping"}).encode())
        again = time.monotonic() + 5
        while time.monotonic() < again:
            if sender.poll(1000):
                answer = json.loads(sender.recv_multipart()[-1])
                if answer.get("type") == "heartbeat" or answer.get("id") == "last":
                    return
    raise AssertionError(f"{name}: no answer to the last word")


def drum(port: int, messages: int, seed: int) -> None:
    """Random bytes at a TCP server, by a new connection whenever it closes one."""
    chance = random.Random(seed)
    for _ in range(max(1, messages // 100)):
        with socket.socket() as raw:
            raw.connect(("127.0.0.1", port))
            raw.settimeout(5.0)
            try:
                for _ in range(100):
                    raw.sendall(chance.randbytes(chance.randrange(1, 300)))
            except OSError:
                continue


def steady(status: dict[str, Any]) -> dict[str, Any]:
    """What no message may change."""
    conditions = sorted(c["name"] for c in status["conditions"] if c["active"])
    return {name: status[name] for name in ("state", "recipe", "bundle", "epoch", "gates", "exhausted")} | {"conditions": conditions}


def fuzz(station: TemporaryStation, messages: int, seed: int = 1) -> dict[str, Any]:
    """Attack each socket of a running line. Raises AssertionError where something has changed, or the log is flooded."""
    before, log = ask(station, "status"), station.folder / "line.log"
    size, began = log.stat().st_size, time.monotonic()
    for number, name in enumerate(SOCKETS):
        attack(station, name, messages, seed + number)
    ask(station, "ping")
    ask(station, "ping", "desk")
    after = ask(station, "status")
    assert steady(after) == steady(before), (before, after)
    counts = after["counts"]
    assert counts["missed"] == before["counts"]["missed"], counts
    assert counts["triggers"] == counts["accepted"] + counts["rejected"] + counts["missed"] + counts["open"], counts
    assert counts["triggers"] > before["counts"]["triggers"], "the line stands still"
    seconds = time.monotonic() - began
    lines = log.read_bytes()[size:].decode(errors="replace").splitlines()
    limited = [line for line in lines if LIMITED.search(line)]
    assert len(limited) <= 2 + len(SOCKETS) * seconds / 10, f"{len(limited)} lines in {seconds:.0f} s:\n" + "\n".join(limited[:20])
    assert not [line for line in lines if "Traceback" in line], "\n".join(lines[:50])
    return {"sockets": list(SOCKETS), "messages": messages * len(SOCKETS), "seconds": round(seconds, 1), "log_lines": len(lines)}


def main() -> None:
    """A line of its own, attacked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000, help="to each socket")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
        station = write_station(Path(folder), simulated(rate=10.0), require_gate=False)
        with LineProcess(station) as line:
            line.wait_for(("ContinuousExecution",))
            _wait_for_desk(station)
            sys.stdout.write(json.dumps(fuzz(station, asked.messages, asked.seed)) + "\n")
            assert line.stop() == 0, line.log_tail()


def _wait_for_desk(station: TemporaryStation) -> None:
    until = time.monotonic() + 60
    while not (Path(station.endpoint("desk").removeprefix("ipc://"))).exists() and time.monotonic() < until:
        time.sleep(0.1)  # another process, which has no event to wait on


if __name__ == "__main__":
    main()
