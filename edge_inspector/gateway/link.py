"""The reject link's side of a gateway: it speaks for a PLC only while that PLC is there, and settles only what the PLC has taken."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from edge_inspector.gateway.counted import CountWord, Word
from edge_inspector.records import State
from edge_inspector.wire import messages as m
from edge_inspector.wire.gate import Event, LinkDown, LinkUp, RejectClient
from edge_inspector.wire.keys import ClientKeys

log = logging.getLogger(__name__)

TURN_S = 0.02  # how long an ack, or what the PLC says of a part, may wait for its way to the line
EXECUTING = (State.CONTINUOUS_EXECUTION, State.SINGLE_EXECUTION)


class GatewayClient(RejectClient):
    """A client that hands verdicts on to a PLC.

    What stands behind it is told of a dead line within two heartbeats of its death, its own turn included: the second one is not awaited.
    And an ack is the PLC's, and so is a count: each is told to the line when the PLC tells it.
    """

    silence = 1.75
    acknowledges_at_once = False

    def __init__(self, endpoint: str, name: str, role: Literal["gate", "monitor"], plc: PlcSide, keys: ClientKeys | None) -> None:
        self._word, self._belt = plc.word, plc.belt
        super().__init__(endpoint, name, role, trigger_count=lambda: plc.word.latest, keys=keys)

    def _may_greet(self) -> bool:
        return self._word.fresh()

    def _beat(self) -> m.Heartbeat:
        return super()._beat().model_copy(update={"trigger_count": self._word.hand(), "encoder": self._belt.hand()})


@dataclass(frozen=True, slots=True)
class LineView:
    """The line as its messages show it. ``connected`` is as of the last event: ``LineLink.alive`` knows the moment.

    ``armed`` is None until the line has armed this gate since the link came up; ``heartbeats`` counts the line's, ``refusals``
    the messages of ours that it refused.
    """

    connected: bool = False
    armed: m.Arm | None = None
    state: State | None = None
    trigger_count: int | None = None
    heartbeats: int = 0
    conditions: tuple[str, ...] = ()
    refusals: int = 0

    def after(self, event: Event) -> LineView:
        """The view once ``event`` has come."""
        match event:
            case LinkUp():
                return replace(self, connected=True, armed=None)
            case LinkDown():
                return replace(LineView(), heartbeats=self.heartbeats, refusals=self.refusals)
            case m.Arm():
                return replace(self, armed=event)
            case m.Heartbeat():
                return replace(
                    self,
                    state=event.state,
                    trigger_count=event.trigger_count,
                    conditions=event.conditions,
                    heartbeats=self.heartbeats + 1,
                )
            case m.Error() if event.code != "hello_first":
                return replace(self, refusals=self.refusals + 1)
            case _:
                return self

    @property
    def executing(self) -> bool:
        """Whether the line says that it inspects the parts that are triggered now."""
        return self.connected and self.armed is not None and self.state in EXECUTING


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the PLC has for the line since the last time: verdicts that it has taken, gates that have moved, parts that it knows of."""

    taken: tuple[m.VerdictMessage, ...] = ()
    fired: tuple[int, ...] = ()
    parts: tuple[m.Part, ...] = ()


class PlcSide(Protocol):
    """The server that a PLC talks to. Called on the link's thread; no method may block."""

    def present(self) -> bool:
        """Whether a PLC is there that acts on what it is shown. While none is, the gateway is no client of the line."""

    @property
    def word(self) -> CountWord:
        """How many triggers the PLC has counted."""

    @property
    def belt(self) -> Word:
        """Where the belt is, in counts of its encoder."""

    def offer(self, verdict: m.VerdictMessage) -> None:
        """A verdict that the PLC has not been offered since the last ``forget``."""

    def view(self, view: LineView) -> None:
        """The line has changed, or spoken."""

    def outgoing(self) -> Outgoing:
        """Take what is for the line."""

    def restarts(self) -> bool:
        """Take the wish to be offered everything once more that has not been taken."""

    def forget(self) -> None:
        """Drop verdicts that have not been taken: the line keeps them, and they come again."""


class LineLink:
    """The link of one gateway: ``run`` on one thread, ``alive`` from any."""

    def __init__(self, endpoint: str, name: str, role: Literal["gate", "monitor"] = "gate", keys: ClientKeys | None = None) -> None:
        self._endpoint = endpoint
        self._name = name
        self._role = role
        self._keys = keys
        self._client: GatewayClient | None = None
        self._view = LineView()

    @property
    def alive(self) -> bool:
        """Whether the line has spoken within two heartbeats; by the clock, so that a hung link thread is no sign of life."""
        client = self._client
        return client is not None and client.alive

    def run(self, plc: PlcSide, stop: threading.Event) -> None:
        """Carry messages between line and PLC until ``stop``. Raises WireError for an endpoint or keys that are none."""
        self._open(plc)  # at once, so that wrong use is told before a PLC comes
        try:
            while not stop.is_set():
                if not plc.present() or plc.restarts():
                    self._leave(plc)
                    stop.wait(TURN_S)
                else:
                    self._turn(self._client or self._open(plc), plc)
        finally:
            self._leave(plc)

    def _open(self, plc: PlcSide) -> GatewayClient:
        self._client = GatewayClient(self._endpoint, self._name, self._role, plc, self._keys)
        return self._client

    def _leave(self, plc: PlcSide) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        if self._view.connected:
            log.info("gateway %s leaves the line at %s: no PLC is there, or it asked for a new start", self._name, self._endpoint)
        self._show(plc, self._view.after(LinkDown("left")))
        plc.forget()
        client.close()

    def _turn(self, client: GatewayClient, plc: PlcSide) -> None:
        for event in client.poll(TURN_S):
            self._event(plc, event)
        if plc.word.due() or plc.belt.due():
            client.beat()  # before the acks: what they acknowledge was counted before
        outgoing = plc.outgoing()
        for verdict in outgoing.taken:
            client.acknowledge(verdict)
        for part in outgoing.parts:
            client.part(part.trigger_count, part.serial, part.lot)
        for count in outgoing.fired:
            client.fired(count)

    def _event(self, plc: PlcSide, event: Event) -> None:
        if isinstance(event, m.VerdictMessage):
            plc.offer(event)
            return
        if isinstance(event, LinkUp | LinkDown):
            log.info("line at %s: %s", self._endpoint, "connected" if isinstance(event, LinkUp) else event.reason)
        elif isinstance(event, m.Error) and event.code != "hello_first":
            log.warning("the line refused a message (%s): %s", event.code, event.message)
        self._show(plc, self._view.after(event))

    def _show(self, plc: PlcSide, view: LineView) -> None:
        self._view = view
        plc.view(view)
