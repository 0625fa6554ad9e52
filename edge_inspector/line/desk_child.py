"""The desk as a child of the line, where nobody else runs one. It ends with the line, however the line ends."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

from edge_inspector.errors import WireError
from edge_inspector.service import children_environment
from edge_inspector.settings.station import DeskSettings
from edge_inspector.wire.client import ControlClient

log = logging.getLogger(__name__)

RESTART_S = 5.0
ANSWER_S = 0.3
NICE = 10  # as in the desk's own unit: the line's threads come first


class DeskChild:
    """Starts ``edge-inspector desk`` unless one answers, and again when it ends; used by the line's main loop alone."""

    def __init__(self, config: Path, settings: DeskSettings) -> None:
        self._config = config
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0

    def tend(self) -> None:
        """Start or restart the child where that is due. Cheap; called at every turn of the main loop."""
        if not self._settings.autostart or time.monotonic() < self._not_before:
            return
        if self._process is not None and self._process.poll() is None:
            return
        if self._process is not None:
            log.info("the desk ended with exit status %s; starting it again", self._process.returncode)
        self._not_before = time.monotonic() + RESTART_S
        if not self._answers():
            self._start()

    def stop(self, timeout_s: float) -> None:
        """End the child that this line started. Idempotent."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()  # the desk ends when its standard input does
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            log.warning("the desk does not end; it is killed")
            process.kill()
            process.wait()

    def _answers(self) -> bool:
        try:
            with ControlClient(self._settings.endpoint) as client:
                client.call("ping", {}, ANSWER_S)
        except WireError:
            return False
        return True

    def _start(self) -> None:
        command = [sys.executable, "-m", "edge_inspector", "desk", "--config", str(self._config), "--with-parent"]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=children_environment())
        except OSError as error:  # no memory, no process to be had: the line goes on without
            self._process = None
            log.warning("the desk cannot be started: %s; tried again in %g s", error, RESTART_S)
            return
        with contextlib.suppress(OSError):  # it has ended already
            os.setpriority(os.PRIO_PROCESS, self._process.pid, os.getpriority(os.PRIO_PROCESS, 0) + NICE)
        log.info("desk started as process %d", self._process.pid)
