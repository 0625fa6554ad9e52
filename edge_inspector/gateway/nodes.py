"""The OPC UA address space in the names of OPC 40100-1; docs/gateways.md lists the node ids.

Names and states are the companion specification's, in a namespace of our own: its type definitions (the nodeset) are not shipped.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime, timezone
from typing import Any

from asyncua import Node, Server, ua

from edge_inspector.gateway.board import Shown, result_id
from edge_inspector.records import State
from edge_inspector.wire.messages import VerdictMessage

NAMESPACE = "urn:edge-inspector:vision"
ROOT = "VisionSystem"
OBJECTS = ("VisionStateMachine", "VisionStateMachine.AutomaticModeStateMachine", "ResultManagement", "ResultManagement.Latest", "Gate")
AUTOMATIC = (State.INITIALIZED, State.READY, State.SINGLE_EXECUTION, State.CONTINUOUS_EXECUTION)  # in OPC 40100-1 inside Operational
RECENT = 100
T = ua.VariantType
Method = Callable[..., Coroutine[Any, Any, Any]]

LINE: dict[str, tuple[ua.VariantType, Any]] = {
    "VisionStateMachine.CurrentState": (T.LocalizedText, ua.LocalizedText("")),
    "VisionStateMachine.AutomaticModeStateMachine.CurrentState": (T.LocalizedText, ua.LocalizedText("")),
    "Gate.Ready": (T.Boolean, False),
    "Gate.Fault": (T.Boolean, True),
    "Gate.ErrorId": (T.UInt16, 1),
    "Gate.Connected": (T.Boolean, False),
    "Gate.RejectByDefault": (T.Boolean, True),
    "Gate.Verdict": (T.String, "reject"),
    "Gate.TriggerCount": (T.Int64, -1),
    "Gate.ArmedEpoch": (T.Int64, -1),
    "Gate.ArmedAfter": (T.Int64, -1),
    "Gate.LineTriggerCount": (T.Int64, -1),
    "Gate.LineHeartbeats": (T.UInt32, 0),
    "Gate.Conditions": (T.String, [""]),
}
RESULT: dict[str, ua.VariantType] = {
    "ResultId": T.String,
    "PartId": T.String,
    "TriggerCount": T.Int64,
    "Verdict": T.String,
    "Outcome": T.String,
    "Reason": T.String,
    "MayOpen": T.Boolean,
    "Late": T.Boolean,
    "Score": T.Double,
    "Threshold": T.Double,
    "AgeMs": T.Double,
    "RecipeId": T.String,
    "ModelId": T.String,
    "CreationTime": T.DateTime,
}
EMPTY: dict[ua.VariantType, Any] = {
    T.String: "",
    T.Int64: -1,
    T.Boolean: False,
    T.Double: float("nan"),
    T.DateTime: datetime(1970, 1, 1, tzinfo=timezone.utc),
}


class Nodes:
    """The nodes of one server; used on its event loop."""

    def __init__(self, server: Server, space: int) -> None:
        self._server = server
        self._space = space
        self._written: dict[str, Any] = {}
        self._latest: VerdictMessage | None = None
        self._recent: list[str] = []
        self._events: Any = None

    def id(self, path: str) -> ua.NodeId:
        """``ns=…;s=VisionSystem.PATH``."""
        return ua.NodeId(f"{ROOT}.{path}" if path else ROOT, self._space)

    def _name(self, path: str) -> ua.QualifiedName:
        return ua.QualifiedName((path or ROOT).rpartition(".")[2], self._space)

    def _parent(self, path: str) -> Node:
        return self._server.get_node(self.id(path.rpartition(".")[0]))

    async def build(self) -> None:
        """Make every object, variable and the event type, as they stand before a line has spoken."""
        await self._server.nodes.objects.add_object(self.id(""), self._name(""))
        for path in OBJECTS:
            await self._parent(path).add_object(self.id(path), self._name(path))
        variables = LINE | {f"ResultManagement.Latest.{name}": (kind, EMPTY[kind]) for name, kind in RESULT.items()}
        for path, (kind, value) in (variables | {"ResultManagement.Recent": (T.String, [""])}).items():
            await self._parent(path).add_variable(self.id(path), self._name(path), value, kind)
        properties = list(RESULT.items())
        event = await self._server.create_custom_event_type(self._space, "ResultReadyEventType", properties=properties)
        self._events = await self._server.get_event_generator(event, self._server.get_node(self.id("ResultManagement")))

    async def add_method(self, path: str, method: Method, inputs: dict[str, ua.VariantType]) -> None:
        """A method of the object that ``path`` begins with."""
        arguments = []
        for name, kind in inputs.items():
            argument = ua.Argument()
            argument.Name, argument.DataType, argument.ValueRank = name, ua.NodeId(kind.value), -1
            arguments.append(argument)
        await self._parent(path).add_method(self.id(path), self._name(path), method, arguments, [])

    async def result(self, verdict: VerdictMessage, shown: Shown) -> None:
        """A result has come: variables, and an event."""
        self._latest = verdict
        self._recent = [*self._recent[-RECENT + 1 :], verdict.model_dump_json()]
        values = result_values(verdict, shown.may_open(verdict))
        for name, value in values.items():
            await self._write(f"ResultManagement.Latest.{name}", value, RESULT[name])
            setattr(self._events.event, name, value)
        await self._write("ResultManagement.Recent", self._recent, T.String)
        await self._events.trigger(message=f"part {verdict.part_id}: {verdict.verdict.value}")

    async def line(self, shown: Shown) -> None:
        """Write what has changed of the line, dead or alive; a dead one turns the latest result to reject as well."""
        for path, value in line_values(shown, self._latest).items():
            await self._write(path, value, LINE[path][0])
        if self._latest is not None:
            await self._write("ResultManagement.Latest.MayOpen", shown.may_open(self._latest), T.Boolean)

    async def _write(self, path: str, value: object, kind: ua.VariantType) -> None:
        if path in self._written and self._written[path] == value:
            return
        self._written[path] = value
        await self._server.write_attribute_value(self.id(path), ua.DataValue(ua.Variant(value, kind)))


def line_values(shown: Shown, latest: VerdictMessage | None) -> dict[str, Any]:
    """The value of every node of ``LINE``."""
    state, armed = shown.state, shown.view.armed if shown.alive else None
    automatic = state in AUTOMATIC
    return {
        "VisionStateMachine.CurrentState": ua.LocalizedText("Operational" if automatic else state.value if state else ""),
        "VisionStateMachine.AutomaticModeStateMachine.CurrentState": ua.LocalizedText(state.value if state and automatic else ""),
        "Gate.Ready": shown.ready,
        "Gate.Fault": bool(shown.error),
        "Gate.ErrorId": int(shown.error),
        "Gate.Connected": shown.alive,
        "Gate.RejectByDefault": shown.rejects_all,
        "Gate.Verdict": shown.verdict(latest).value,
        "Gate.TriggerCount": latest.trigger_count if latest else -1,
        "Gate.ArmedEpoch": armed.epoch if armed else -1,
        "Gate.ArmedAfter": armed.trigger_count if armed else -1,
        "Gate.LineTriggerCount": -1 if shown.view.trigger_count is None else shown.view.trigger_count,
        "Gate.LineHeartbeats": shown.view.heartbeats & 0xFFFF_FFFF,
        "Gate.Conditions": list(shown.view.conditions) or [""],
    }


def result_values(verdict: VerdictMessage, may_open: bool) -> dict[str, Any]:
    """The value of every field of ``RESULT``; the verdict is the line's own, whatever ``may_open`` says."""
    nothing = float("nan")
    return {
        "ResultId": result_id(verdict),
        "PartId": verdict.part_id,
        "TriggerCount": verdict.trigger_count,
        "Verdict": verdict.verdict.value,
        "Outcome": verdict.outcome.value,
        "Reason": verdict.reason.value,
        "MayOpen": may_open,
        "Late": verdict.late,
        "Score": nothing if verdict.score is None else verdict.score,
        "Threshold": nothing if verdict.threshold is None else verdict.threshold,
        "AgeMs": verdict.age_ms,
        "RecipeId": verdict.recipe,
        "ModelId": verdict.model,
        "CreationTime": _moment(verdict.triggered_utc),
    }


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return EMPTY[T.DateTime]  # type: ignore[no-any-return]
