"""The reject link's listener: followers are given each part, everything else becomes an event of the main loop. Nothing here waits."""

from __future__ import annotations

from edge_inspector.line.controller import Controller
from edge_inspector.line.events import Fault, GateArmed, GateJoined, GateLeft, InTime, Late, PartDone, RecipeRequested
from edge_inspector.line.gate_watch import GateWatch
from edge_inspector.outputs.base import Output, Sent
from edge_inspector.outputs.encoder import Encoder
from edge_inspector.outputs.ledger import OpenPart
from edge_inspector.outputs.recorder import Recorder
from edge_inspector.pipeline import Conditions
from edge_inspector.records import Outcome, Reason, Severity
from edge_inspector.wire.messages import Arm, Hello

ENDING = ("ack_mismatch",)  # faults with which no part may be inspected
UNSEEN = (Reason.STOPPED, Reason.RESTART)  # nobody looked: they say nothing about process or inspection


class LineListener:
    """Called on the link's thread."""

    def __init__(
        self,
        controller: Controller,
        conditions: Conditions,
        recorder: Recorder,
        encoder: Encoder,
        followers: tuple[Output, ...],
        watch: GateWatch,
    ) -> None:
        self._controller = controller
        self._conditions = conditions
        self._recorder = recorder
        self._encoder = encoder
        self._followers = followers
        self._watch = watch
        self._late = False

    def sent(self, sent: Sent) -> None:
        """Give the part to recorder (through the journal) and followers."""
        self._watch.sent(sent)
        self._recorder.notify()
        for follower in self._followers:
            follower.put(sent)
        if sent.message.reason not in UNSEEN:
            self._controller.tell(PartDone(sent.message.outcome))
        if self._late and sent.message.outcome is not Outcome.MISSED:
            self._late = False
            self._controller.tell(InTime())

    def late(self, part: OpenPart) -> None:
        """The recipe's late policy decides what follows."""
        self._late = True
        self._controller.tell(Late(part.part_id))

    def gate_joined(self, name: str, hello: Hello) -> None:
        """A gate is there."""
        self._controller.tell(GateJoined(name, hello))

    def gate_left(self, name: str) -> None:
        """A gate is gone."""
        self._controller.tell(GateLeft(name))

    def gate_armed(self, name: str, arm: Arm) -> None:  # noqa: ARG002 - the protocol's name
        """A gate is armed."""
        self._controller.tell(GateArmed(arm))

    def gate_count(self, trigger_count: int, acked: int) -> None:
        """The PLC's own count of triggers."""
        self._controller.plc_count(trigger_count, acked)

    def gate_encoder(self, encoder: int) -> None:
        """Where the belt is."""
        self._encoder.report(encoder)

    def gate_fired(self, trigger_count: int) -> None:
        """The gate moved for a part."""
        self._recorder.notify()
        self._watch.fired(trigger_count)

    def recipe_requested(self, name: str, version: int | None) -> None:
        """The PLC asks for a recipe."""
        self._controller.tell(RecipeRequested(name, version))

    def fault(self, name: str, message: str | None) -> None:
        """A condition of the link stands or is over."""
        if message is None:
            self._conditions.clear_condition(name)
        elif name in ENDING:
            self._controller.tell(Fault(name, message))
        else:
            self._conditions.raise_condition(name, Severity.FAILURE, message)
