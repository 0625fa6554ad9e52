"""The clients of docs/clients/ against a real link: every verdict acknowledged, and the gate shut but for an accept."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import zmq

from edge_inspector.records import Decision, Reason
from edge_inspector.wire import messages as m
from tests.unit.outputs.link import Bench, bench

CLIENTS = Path(__file__).parents[2] / "docs" / "clients"
EXPECTED = [(1, "pass"), (2, "reject"), (3, "reject"), (4, "reject"), (5, "pass")]


def python_client(_folder: Path) -> list[str]:
    return [sys.executable, str(CLIENTS / "gate.py")]


def c_client(folder: Path) -> list[str]:
    """Compiled against libzmq where it is installed, else against the one in pyzmq's wheel."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc) here")
    command = [compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", "-o", str(folder / "gate"), str(CLIENTS / "gate.c")]
    if Path("/usr/include/zmq.h").exists():
        command.append("-lzmq")
    else:
        bundled = sorted((Path(zmq.__file__).parents[1] / "pyzmq.libs").glob("libzmq-*.so*"))
        if not bundled:
            pytest.skip("libzmq's header is not installed (libzmq3-dev), and pyzmq brings no library of its own")
        command += [
            f"-I{Path(__file__).parent}",
            str(bundled[0]),
            f"-Wl,-rpath,{bundled[0].parent}",
            f"-Wl,-rpath-link,{bundled[0].parent}",
        ]
    subprocess.run(command, check=True, timeout=120)
    return [str(folder / "gate")]


@contextmanager
def running(command: list[str], endpoint: str, parts: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([*command, endpoint, str(parts)], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def run_parts(b: Bench, name: str) -> None:
    """Five parts: accept, reject, review, missed, accept."""
    b.listener.wait("joined", name)
    b.link.arm(b.journal.epoch, 0)
    b.listener.wait("armed", 0)
    for count, decision in enumerate([Decision.ACCEPT, Decision.REJECT, Decision.REVIEW], start=1):
        b.run_part(count, decision)
    b.expect(4)
    b.post(b.judged(4, missed=Reason.GRAB_FAILED))
    b.run_part(5)


@pytest.mark.parametrize(("build", "name"), [(python_client, "example-gate"), (c_client, "example-gate-c")], ids=["Python", "C"])
def test_a_client_takes_acknowledges_and_gates(tmp_path: Path, build: Callable[[Path], list[str]], name: str) -> None:
    command = build(tmp_path)
    with bench(tmp_path / "journal", require_gate=True, heartbeat_ms=500) as b, running(command, b.link.endpoint, 5) as client:
        run_parts(b, name)
        told, _ = client.communicate(timeout=60)
        assert client.returncode == 0
        lines = [line.split() for line in told.splitlines()]
        assert [(int(words[0]), words[-1]) for words in lines] == EXPECTED
        b.listener.wait("left", name)
        assert b.link.unsettled == 0
        assert b.link.refused == 0


class Recording:
    """The Python client's socket, which keeps what is said."""

    def __init__(self, socket: Any) -> None:  # noqa: ANN401 - the example is not typed
        self._socket = socket
        self.said: list[dict[str, Any]] = []

    def send(self, data: bytes, flags: int) -> None:
        self._socket.send(data, flags)
        self.said.append(json.loads(data))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._socket, name)


@contextmanager
def example(endpoint: str) -> Iterator[Any]:
    """The Python client in this process."""
    spec = importlib.util.spec_from_file_location("example_gate", CLIENTS / "gate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    gate = module.Gate(endpoint, count=0)
    gate.socket = Recording(gate.socket)
    try:
        yield gate
    finally:
        gate.socket.close()
        zmq.Context.instance().term()


def test_what_the_client_says_fits_the_schemas_and_a_dead_line_shuts_the_gate(tmp_path: Path) -> None:
    with bench(tmp_path, heartbeat_ms=500) as b, example(b.link.endpoint) as gate:
        while gate.epoch is None:
            gate.poll()
            if ("joined", "example-gate") in b.listener.told:
                b.link.arm(b.journal.epoch, 0)
        b.run_part(1)
        while not gate.passes(1):
            gate.poll()
        assert not gate.passes(2)
        gate.take({**b.listener.wait_outcomes(1)[0].message.model_dump(mode="json"), "seq": 10**6, "verdict": "reject"})
        assert not gate.passes(1)  # two opinions on one part are doubt
        while {message["type"] for message in gate.socket.said} < {"hello", "arm", "ack", "heartbeat"}:
            gate.poll()
        b.run_part(3)
        while not gate.passes(3):
            gate.poll()
        b.link.stop(5.0)
        while gate.alive():
            gate.poll()
        assert not gate.passes(3)
    for message in gate.socket.said:
        jsonschema.validate(message, m.schema(message["type"]), cls=jsonschema.Draft202012Validator)


def test_the_client_tells_its_count_at_each_trigger(tmp_path: Path) -> None:
    with bench(tmp_path, heartbeat_ms=500) as b, example(b.link.endpoint) as gate:
        while not gate.alive():
            gate.poll()
        for gate.count in (1, 2, 3):
            gate.next_word = time.monotonic() + 60
            gate.poll(0)
            assert gate.socket.said[-1] == {"v": 1, "type": "heartbeat", "last_seq": 0, "trigger_count": gate.count}
        gate.next_word = time.monotonic() + 60
        gate.poll(0)
        assert [message.get("trigger_count") for message in gate.socket.said].count(3) == 1
