"""What a long command says on stderr of how far it is: bars on a terminal, a line now and then in a file, a pipe or a service's log."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

EVERY_S = 30.0  # between two lines of a stage


class Progress:
    """Stages and steps on stderr; a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._lines = not self._console.is_terminal
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self._bars = Bars(*columns, TextColumn("{task.fields[text]}"), console=self._console, disable=self._lines)
        self._task = self._bars.add_task("", total=1, text="", visible=False)
        self._title, self._told = "", 0.0

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self._close()
        self._bars.stop()

    def stage(self, title: str, total: int) -> None:
        """Begin a stage's own bar."""
        self._close()
        self._task = self._bars.add_task(title, total=total, text="")
        self._title, self._told = title, time.monotonic()
        if self._lines:
            self._say(title)

    def _close(self) -> None:
        """A stage of one unit is done when the next begins; others may end early, as training does when its time is up, and say how far."""
        if self._bars.tasks[self._task].total == 1:
            self._bars.update(self._task, completed=1)

    def advance(self, done: int, total: int, text: str) -> None:
        """Move the bar."""
        self._bars.update(self._task, completed=done, total=total, text=text)
        if self._lines and time.monotonic() - self._told >= EVERY_S:
            self._told = time.monotonic()
            self._say(" ".join(filter(None, (f"{self._title}: {done} of {total}", text))))

    def note(self, text: str) -> None:
        """A line above the bars."""
        self._say(text)

    def _say(self, text: str) -> None:
        self._console.print(text, soft_wrap=self._lines, markup=False, highlight=not self._lines)
