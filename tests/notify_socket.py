"""The service manager's end of sd_notify: a datagram socket that is always read, and keeps what it is told."""

from __future__ import annotations

import socket
import threading

PATIENCE_S = 60.0


class NotifySocket:
    """Listens at ``address``: a path, or ``@`` and a name in the abstract namespace. Its own thread reads it."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._heard: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="notify-socket")
        self._reader.start()

    def _read(self) -> None:
        while data := self._socket.recv(65536):
            with self._changed:
                self._heard.append(data.decode())
                self._changed.notify_all()

    def next(self, patience_s: float = PATIENCE_S) -> str:
        """The oldest datagram not asked for yet; fails where none comes."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._heard, patience_s), "nothing was heard"
            return self._heard.pop(0)

    def waiting(self) -> list[str]:
        """Every datagram that has come and was not asked for."""
        with self._changed:
            found, self._heard = self._heard, []
            return found

    def wait_for(self, text: str, times: int = 1, patience_s: float = PATIENCE_S) -> str:
        """The datagram that holds ``text``, the ``times``-th of them; those before it are dropped."""
        with self._changed:
            come = self._changed.wait_for(lambda: len(self._with(text)) >= times, patience_s)
            assert come, f"{text!r} was not heard {times} times within {patience_s:g} s; heard {self._heard[-20:]}"
            last = self._with(text)[times - 1]
            found = self._heard[last]
            del self._heard[: last + 1]
            return found

    def _with(self, text: str) -> list[int]:
        return [number for number, heard in enumerate(self._heard) if text in heard]

    def close(self) -> None:
        """Let go of the address."""
        self._socket.shutdown(socket.SHUT_RD)
        self._reader.join(PATIENCE_S)
        self._socket.close()

    def __enter__(self) -> NotifySocket:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
