"""What a long command says of how far it is, on a terminal and where none is."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from edge_inspector.cli import progress
from edge_inspector.cli.progress import EVERY_S, Progress


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def test_without_a_terminal_a_line_says_now_and_then_how_far_it_is(clock: Clock) -> None:
    out = StringIO()
    with Progress(Console(file=out, force_terminal=False, width=40)) as listener:
        listener.stage("training", 400)
        for step in range(1, 6):
            clock.now += EVERY_S / 2
            listener.advance(step, 400, f"loss 0.{step}")
        listener.note("a remark of [brackets] that is much longer than the forty columns of this console")
        listener.stage("writing the bundle", 1)
    assert out.getvalue().splitlines() == [
        "training",
        "training: 2 of 400 loss 0.2",
        "training: 4 of 400 loss 0.4",
        "a remark of [brackets] that is much longer than the forty columns of this console",
        "writing the bundle",
    ]


def test_on_a_terminal_bars_say_how_far_each_stage_came() -> None:
    out = StringIO()
    with Progress(Console(file=out, force_terminal=True, width=100)) as listener:
        listener.stage("training", 420)
        listener.advance(1, 420, "")  # and its time is up
        listener.stage("writing the bundle", 1)
    last = out.getvalue()[out.getvalue().rindex("training") :]
    assert "1/420" in last
    assert "420/420" not in out.getvalue()
    assert "1/1" in last


def test_what_failed_is_not_shown_as_done() -> None:
    out = StringIO()
    with pytest.raises(OSError, match="full"), Progress(Console(file=out, force_terminal=True, width=100)) as listener:
        listener.stage("writing the bundle", 1)
        raise OSError("full")
    assert "1/1" not in out.getvalue()
