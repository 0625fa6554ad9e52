"""What a run tells whoever watches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from edge_inspector.evaluation.evaluate import Watch
from edge_inspector.evaluation.layouts import Sample


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


def watch(listener: Listener, title: str) -> Watch:
    """What follows the samples of an evaluation: a stage of this ``title``."""

    def follow(samples: Sequence[Sample]) -> Iterable[Sample]:
        return _counted(samples, listener, title)

    return follow


def _counted(samples: Sequence[Sample], listener: Listener, title: str) -> Iterator[Sample]:
    listener.stage(title, len(samples))
    for number, sample in enumerate(samples, 1):
        yield sample
        listener.advance(number, len(samples), "")
