from __future__ import annotations

import stat
import uuid
from pathlib import Path

import pytest
import zmq

from edge_inspector.errors import WireError
from edge_inspector.wire.client import ControlClient
from edge_inspector.wire.keys import ServerKeys, is_loopback, listening, read_pair, read_public, write_keys
from edge_inspector.wire.server import ControlServer

ENDPOINTS = {
    "tcp://127.0.0.1:5570": True,
    "tcp://127.8.9.1:1": True,
    "tcp://localhost:5570": True,
    "tcp://[::1]:5570": True,
    "ipc:///run/line.sock": True,
    "tcp://0.0.0.0:5570": False,
    "tcp://*:5570": False,
    "tcp://[::]:5570": False,
    "tcp://192.168.1.7:5570": False,
    "tcp://line-1.plant:5570": False,
}


@pytest.mark.parametrize(("endpoint", "loopback"), ENDPOINTS.items())
def test_loopback(endpoint: str, loopback: bool) -> None:
    assert is_loopback(endpoint) is loopback


class TestListening:
    def test_beyond_loopback_needs_keys_or_a_word(self) -> None:
        with (
            pytest.raises(WireError, match=r"status endpoint tcp://0\.0\.0\.0:.*insecure"),
            listening(zmq.ROUTER, "tcp://0.0.0.0:*", "status"),
        ):
            pass
        with listening(zmq.ROUTER, "tcp://0.0.0.0:*", "status", insecure=True):
            pass

    def test_a_port_in_use(self) -> None:
        with listening(zmq.ROUTER, "tcp://127.0.0.1:*", "first") as socket:
            endpoint = socket.get_string(zmq.LAST_ENDPOINT)
            with pytest.raises(WireError, match=r"second endpoint .* is in use"), listening(zmq.ROUTER, endpoint, "second"):
                pass

    @pytest.mark.parametrize("form", ["ipc://{folder}/{name}", "ipc://@{name}"], ids=["file", "abstract"])
    def test_a_unix_socket_in_use_is_not_taken_away(self, tmp_path: Path, form: str) -> None:
        endpoint = form.format(folder=tmp_path, name=f"line-{uuid.uuid4().hex[:8]}")
        with (
            listening(zmq.ROUTER, endpoint, "first"),
            pytest.raises(WireError, match="in use"),
            listening(zmq.ROUTER, endpoint, "second"),
        ):
            pass
        with listening(zmq.ROUTER, endpoint, "second"):  # what a killed process left is no obstacle
            pass

    def test_an_address_that_is_not_here(self) -> None:
        with (
            pytest.raises(WireError, match=r"control cannot listen at tcp://192\.0\.2\.1:9"),
            listening(zmq.ROUTER, "tcp://192.0.2.1:9", "control", insecure=True),
        ):
            pass

    def test_a_folder_of_client_keys_that_is_not_there(self, tmp_path: Path) -> None:
        _, secret = write_keys(tmp_path, "line")
        keys = ServerKeys(secret, tmp_path / "clients")
        with pytest.raises(WireError, match="clients does not exist"), listening(zmq.ROUTER, "tcp://127.0.0.1:*", "reject", keys):
            pass


class TestKeyFiles:
    def test_the_secret_is_for_its_owner_alone(self, tmp_path: Path) -> None:
        public, secret = write_keys(tmp_path / "new", "plc")
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert read_public(public) == read_pair(secret)[0]

    def test_errors_name_the_file(self, tmp_path: Path) -> None:
        public, _ = write_keys(tmp_path, "plc")
        with pytest.raises(WireError, match=r"plc\.key holds no secret"):
            read_pair(public)
        (tmp_path / "broken.key").write_text("no key here")
        for name in ("broken.key", "absent.key"):
            with pytest.raises(WireError, match=name):
                read_public(tmp_path / name)
        with pytest.raises(WireError, match=r"broken\.key/x"):
            write_keys(tmp_path / "broken.key" / "x", "plc")


def test_an_endpoint_that_is_none() -> None:
    with ControlClient("nowhere") as client, pytest.raises(WireError, match="nowhere is not an endpoint"):
        client.call("ping")


def test_control_stops_without_having_started() -> None:
    assert ControlServer("tcp://127.0.0.1:*", {}).stop(1.0)
