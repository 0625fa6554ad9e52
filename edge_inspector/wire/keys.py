"""Who may listen where: loopback without keys, beyond it with CURVE keys only; and the key files.

Key files have ZeroMQ's certificate form (``zmq.auth``): ``NAME.key`` holds the public key, ``NAME.key_secret`` both.
"""

from __future__ import annotations

import ipaddress
import socket as sockets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

from edge_inspector.errors import WireError

if TYPE_CHECKING:  # clients start half a second sooner without the settings of a whole station
    from edge_inspector.settings.station import RejectSettings

Socket = zmq.Socket[bytes]


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """A listener's own secret key file, and the folder of the public keys that it lets in."""

    secret: Path
    clients: Path


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """A client's own secret key file, and the listener's public key file."""

    secret: Path
    server: Path


def server_keys(settings: RejectSettings) -> ServerKeys | None:
    """The station's keys, which reject link, status, control and desk share; None where none are configured.

    Raises WireError where only one of the two settings is given.
    """
    secret, clients = settings.curve_secret_key, settings.curve_client_keys
    if secret is None and clients is None:
        return None
    if secret is None or clients is None:
        raise WireError(
            "reject.curve_secret_key and reject.curve_client_keys belong together: the line's key, and the folder of keys let in"
        )
    return ServerKeys(secret, clients)


def keys_beyond_loopback(endpoint: str, settings: RejectSettings) -> ServerKeys | None:
    """The station's keys for a socket that other hosts can reach; None on this host alone, where local tools connect without."""
    return None if is_loopback(endpoint) else server_keys(settings)


def write_keys(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a key pair ``name``; returns the public and the secret file (mode 0600). Raises WireError where ``folder`` is not writable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        public, secret = (Path(path) for path in zmq.auth.create_certificates(str(folder), name))
        secret.chmod(0o600)
    except OSError as error:
        raise WireError(f"keys cannot be written to {folder}: {error}") from error
    return public, secret


def read_public(path: Path) -> bytes:
    """The public key of a key file. Raises WireError naming the file."""
    return _read(path)[0]


def read_pair(path: Path) -> tuple[bytes, bytes]:
    """Public and secret key of a secret key file. Raises WireError naming the file."""
    public, secret = _read(path)
    if secret is None:
        raise WireError(f"key file {path} holds no secret key; give the .key_secret file")
    return public, secret


def _read(path: Path) -> tuple[bytes, bytes | None]:
    try:
        return zmq.auth.load_certificate(str(path))
    except (OSError, ValueError) as error:
        raise WireError(f"key file {path} cannot be read: {error}; make keys with `edge-inspector keys new`") from error


def is_loopback(endpoint: str) -> bool:
    """Whether only this host can reach a listener at ``endpoint``."""
    if endpoint.startswith(("ipc://", "inproc://")):
        return True
    host = endpoint.removeprefix("tcp://").rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def listening(
    socket_type: zmq.SocketType,
    endpoint: str,
    name: str,
    keys: ServerKeys | None = None,
    insecure: bool = False,
    options: Mapping[zmq.SocketOption, int] = MappingProxyType({}),
) -> Iterator[Socket]:
    """A bound socket in a context of its own, used by the calling thread; both are closed at the end.

    ``options`` are set before binding (ZeroMQ gives later ones to no connection). Raises WireError naming ``name`` and the endpoint:
    in use, no such address, or beyond loopback without keys.
    """
    if keys is None and not insecure and not is_loopback(endpoint):
        raise WireError(
            f"{name} endpoint {endpoint} can be reached from other hosts and has no keys: configure CURVE keys, "
            "listen at a loopback address, or set insecure = true"
        )
    with ExitStack() as stack:
        context: zmq.Context[Socket] = zmq.Context()
        stack.callback(context.term)
        if keys:
            stack.callback(_admit(context, keys).stop)
        socket = context.socket(socket_type)
        stack.callback(socket.close)
        socket.linger = 0
        socket.ipv6 = "[" in endpoint
        for option, value in options.items():
            socket.setsockopt(option, value)
        if keys:
            socket.curve_publickey, socket.curve_secretkey = read_pair(keys.secret)
            socket.curve_server = True
        _bind(socket, endpoint, name)
        yield socket


def _admit(context: zmq.Context[Socket], keys: ServerKeys) -> ThreadAuthenticator:
    if not keys.clients.is_dir():
        raise WireError(f"folder of client keys {keys.clients} does not exist; make it and put the clients' public .key files there")
    read_pair(keys.secret)  # a wrong file is told before any thread starts
    guard = ThreadAuthenticator(context)
    guard.start()
    guard.thread.name = "keys"
    guard.configure_curve(domain="*", location=str(keys.clients))
    return guard


def _bind(socket: Socket, endpoint: str, name: str) -> None:
    if endpoint.startswith("ipc://") and _answers(endpoint.removeprefix("ipc://")):
        raise WireError(_in_use(endpoint, name))
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        if error.errno == zmq.EADDRINUSE:
            raise WireError(_in_use(endpoint, name)) from None
        raise WireError(f"{name} cannot listen at {endpoint}: {error}; check the address and this host's interfaces") from None


def _in_use(endpoint: str, name: str) -> str:
    return f"{name} endpoint {endpoint} is in use by another process; stop it or give {name} another endpoint in station.toml"


def _answers(path: str) -> bool:
    """Whether somebody listens at a UNIX socket: ZeroMQ would take the path away from them without a word."""
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect("\0" + path[1:] if path.startswith("@") else path)
        except OSError:
            return False
    return True


def bound_endpoint(socket: Socket) -> str:
    """Where a listener really listens: with the port that ``*`` became."""
    return socket.get_string(zmq.LAST_ENDPOINT).rstrip("\0")


def connect(socket: Socket, endpoint: str, keys: ClientKeys | None) -> None:
    """Connect a client's socket, with keys where there are some. Raises WireError naming endpoint or key file."""
    socket.linger = 0
    socket.ipv6 = "[" in endpoint
    socket.reconnect_ivl = 50
    socket.reconnect_ivl_max = 1000
    if keys:
        socket.curve_publickey, socket.curve_secretkey = read_pair(keys.secret)
        socket.curve_serverkey = read_public(keys.server)
    try:
        socket.connect(endpoint)
    except zmq.ZMQError as error:
        raise WireError(f"{endpoint} is not an endpoint to connect to: {error}; it has the form tcp://HOST:PORT") from None
