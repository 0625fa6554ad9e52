"""A network camera for tests: MJPEG over HTTP from a thread, with the faults of real ones."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType

import cv2
import numpy as np

BOUNDARY = b"frame"


class MjpegServer:
    """Serves ``send``'s pictures to each client in turn; ``hang`` accepts and says nothing."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/stream.mjpg"
        self.hang = False
        self.cut = threading.Event()  # end the present connection
        self.pause = threading.Event()  # keep it, and send nothing
        self._end = threading.Event()
        self.sent = 0
        self._thread = threading.Thread(target=self._run, name="mjpeg")

    def __enter__(self) -> MjpegServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end.set()
        self.cut.set()
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            with client:
                self._quietly(lambda client=client: self._serve(client))  # type: ignore[misc]

    @staticmethod
    def _quietly(serve: Callable[[], None]) -> None:
        try:
            serve()
        except OSError:
            return  # the client has gone

    def _serve(self, client: socket.socket) -> None:
        client.recv(4096)
        self.cut.clear()
        if not self.hang:
            client.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=" + BOUNDARY + b"\r\n\r\n")
        while not self.cut.wait(0.02):
            if not self.hang and not self.pause.is_set():
                self.sent += 1
                data = self._jpeg(self.sent)
                head = b"\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(data)
                client.sendall(b"--" + BOUNDARY + head + data + b"\r\n")

    @staticmethod
    def _jpeg(number: int) -> bytes:
        """An even grey of level ``number`` modulo 200, reddish, so that the order of colours shows."""
        picture = np.full((48, 64, 3), number % 200, np.uint8)
        picture[:, :, 2] = 250
        return cv2.imencode(".jpg", picture)[1].tobytes()
