"""A GenICam camera's features by name, with errors that name feature, camera and the key in station.toml.

Every driver over GenICam brings a ``NodeMap``; whatever is read or written goes through ``Features``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from edge_inspector.errors import CameraError

log = logging.getLogger(__name__)

Value = bool | int | float | str


class NodeMap(Protocol):
    """One node map as its SDK gives it. Errors are CameraErrors that say what the SDK says."""

    def has(self, name: str) -> bool:
        """Whether the feature is there and available at the moment."""

    def read(self, name: str) -> Value:
        """Its value; an enumeration's is a text."""

    def write(self, name: str, value: Value) -> None:
        """Set it."""

    def execute(self, name: str) -> None:
        """Carry out a command, and wait until it is done."""


class Features:
    """The features of one camera; ``label`` names it and its model in errors."""

    def __init__(self, nodes: NodeMap, label: str) -> None:
        self._nodes = nodes
        self.label = label

    def find(self, *names: str) -> str | None:
        """The first of these features that the camera has: names differ between generations of cameras."""
        return next((name for name in names if self._nodes.has(name)), None)

    def write(self, key: str, value: Value, *names: str) -> None:
        """Write ``value`` to the first of ``names`` that is there. Raises CameraError where none is, or the value is refused."""
        name = self.find(*names)
        if name is None:
            raise CameraError(f"{self.label} has no feature {' or '.join(names)}, which {key} = {value!r} asks for; leave {key} out")
        try:
            self._nodes.write(name, value)
        except CameraError as error:
            raise CameraError(f"{self.label}: {name} cannot be set to {value!r} ({key}): {error}") from error

    def write_if_there(self, key: str, value: Value, *names: str) -> bool:
        """The same for what a camera may lack: a note in the log then, and False."""
        if self.find(*names) is None:
            log.info("%s has no feature %s; %s = %r is passed over", self.label, " or ".join(names), key, value)
            return False
        self.write(key, value, *names)
        return True

    def execute(self, key: str, *names: str) -> None:
        """Carry out the first of these commands that is there. Raises CameraError."""
        name = self.find(*names)
        if name is None:
            raise CameraError(f"{self.label} has no command {' or '.join(names)}, which {key} asks for; leave {key} out")
        try:
            self._nodes.execute(name)
        except CameraError as error:
            raise CameraError(f"{self.label}: {name} failed ({key}): {error}") from error

    def text(self, name: str) -> str:
        """The value of a feature as a text. Raises CameraError."""
        return str(self._nodes.read(name))

    def number(self, *names: str) -> float | None:
        """The value of the first of these features that is there; None without one, or where it is no number."""
        name = self.find(*names)
        if name is None:
            return None
        value = self._nodes.read(name)
        return None if isinstance(value, str) else value

    def select(self, selector: str, value: str) -> bool:
        """Turn a selector to one of its entries; False where the camera lacks it."""
        if self.find(selector) is None:
            return False
        try:
            self._nodes.write(selector, value)
        except CameraError:
            return False
        return True


@contextmanager
def named(camera: str, what: str, there: bool, translated: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """Errors of an SDK, as ``translated`` makes CameraErrors of them, with the camera's name and ``what`` went wrong in front.

    Raises CameraError where the camera is not ``there``.
    """
    if not there:
        raise CameraError(f"camera {camera} is not open; open it first")
    try:
        with translated():
            yield
    except CameraError as error:
        told = str(error).startswith("camera ")
        raise (error if told else CameraError(f"camera {camera} {what}: {error}")) from error


def latched_ns(features: Features, tick_ns: float) -> int | None:
    """The camera's clock now, ns; None where it cannot be read."""
    command = features.find("TimestampLatch", "GevTimestampControlLatch")
    if command is None:
        return None
    features.execute("trigger", command)
    ticks = features.number("TimestampLatchValue", "GevTimestampValue")
    return None if ticks is None else round(ticks * tick_ns)
