"""What the service manager hears from the line: READY once it is, STATUS as things stand, STOPPING, and pings while every loop turns."""

from __future__ import annotations

from collections.abc import Mapping

from edge_inspector.pipeline import Conditions, StateMachine
from edge_inspector.records import State
from edge_inspector.service import Clock, Pulse, Say, Watchdog, status_line, watchdog_timeout_s

READY = (State.READY, State.CONTINUOUS_EXECUTION, State.SINGLE_EXECUTION)


class Supervision:
    """Used by the main loop, whose turns it watches beside those of ``pulses``. Without a service manager it does nothing."""

    def __init__(self, pulses: Mapping[str, Pulse], states: StateMachine, conditions: Conditions, clock: Clock, say: Say) -> None:
        self._states = states
        self._conditions = conditions
        self._say = say
        self._main = Pulse(clock)
        self._watchdog = Watchdog({**pulses, "main": self._main}, watchdog_timeout_s(), say)
        self._ready = False
        self._said = ""

    def start(self) -> None:
        """Begin to ping, where somebody waits for it."""
        self._watchdog.start()

    def tend(self) -> None:
        """Say what has changed. Cheap; called at every turn of the main loop."""
        self._main.mark()
        text = status_line(self._text())
        if not self._ready and self._states.state in READY:
            self._ready, self._said = True, text
            self._watchdog.started()
            self._say(f"READY=1\n{text}")
        elif text != self._said:
            self._said = text
            self._say(text)

    def stopping(self) -> None:
        """The main loop has ended, and the draining begins; pings go on while the other loops drain."""
        self._main.end()
        self._say("STOPPING=1\n" + status_line("draining: parts that were taken are judged and sent"))

    def stop(self, timeout_s: float) -> bool:
        """Ping no more. Idempotent."""
        return self._watchdog.stop(timeout_s)

    def _text(self) -> str:
        wrong = [f"{c.name}: {c.message}" for c in self._conditions.listed() if c.active]
        return "; ".join([self._states.state.value, *wrong])
