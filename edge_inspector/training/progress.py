"""What a run tells whoever watches."""

from __future__ import annotations

from typing import Protocol


class Listener(Protocol):
    """Told of stages, steps and remarks; must return at once."""

    def stage(self, title: str, total: int) -> None:
        """A stage of ``total`` units begins."""

    def advance(self, done: int, total: int, text: str) -> None:
        """``done`` of ``total`` units of the stage are done."""

    def note(self, text: str) -> None:
        """Something a person should read."""


class Silent:
    """Tells nobody."""

    def stage(self, title: str, total: int) -> None:
        """Nothing."""

    def advance(self, done: int, total: int, text: str) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""
