"""The reject link's messages, and the belt's trigger: one frame of UTF-8 JSON each, with ``v`` (protocol version) and ``type``.

``encode`` and ``decode`` are the only ways in and out. Unknown keys are ignored on reading (a newer peer may add some), unknown types and
versions are errors. The JSON Schema of each message is ``schema(type)``.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from edge_inspector.errors import MessageError
from edge_inspector.records import Decision, Outcome, Reason, State
from edge_inspector.wire.version import VERSION

MAX_BYTES = 64 * 1024
Count = Annotated[int, Field(ge=0, lt=2**63)]
Text = Annotated[str, Field(max_length=1024)]


class Message(BaseModel):
    """Base of all messages."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    v: Literal[1] = VERSION


class Hello(Message):
    """Client to line, first. ``trigger_count`` is the PLC's own count of triggers; None where it has none of its own."""

    type: Literal["hello"] = "hello"
    name: Annotated[str, Field(min_length=1, max_length=64)]
    role: Literal["gate", "monitor"] = "gate"
    last_seq: Count = 0
    trigger_count: Count | None = None


class Arm(Message):
    """Line to client at Ready: parts after ``trigger_count`` (the base) will be inspected. The client answers with the same message."""

    type: Literal["arm"] = "arm"
    epoch: Count
    trigger_count: Count


class Part(Message):
    """Client to line, optional: what the PLC knows of a part."""

    type: Literal["part"] = "part"
    trigger_count: Count
    serial: Text = ""
    lot: Text = ""


class VerdictMessage(Message):
    """Line to client: the outcome of one part. ``verdict`` is what the gate acts on (review gates as a reject).

    ``deadline_ms`` is what was left of the reject window; where that is in encoder counts, ``deadline_counts`` is, and ``deadline_ms`` an
    estimate by the belt's latest speed.
    """

    type: Literal["verdict"] = "verdict"
    epoch: Count
    seq: Count
    station: Text
    part_id: Text
    trigger_count: Count
    verdict: Decision
    outcome: Outcome
    reason: Reason
    score: float | None
    threshold: float | None
    triggered_utc: Text
    age_ms: float
    deadline_ms: float
    deadline_counts: int | None = None
    late: bool
    recipe: Text
    model: Text


class Ack(Message):
    """Client to line: a verdict was received. Only a gate's ack settles it."""

    type: Literal["ack"] = "ack"
    epoch: Count
    seq: Count
    trigger_count: Count


class Fired(Message):
    """Client to line: the gate moved for this part."""

    type: Literal["fired"] = "fired"
    trigger_count: Count


class RecipeChange(Message):
    """Client asks for a recipe; the line answers with the same message when it is Ready with it."""

    type: Literal["recipe"] = "recipe"
    name: Text
    version: Count | None = None


class Heartbeat(Message):
    """Both ways, every ``heartbeat_ms``, which the sender states so that the other side knows what silence is (0: as configured).

    ``conditions`` are the names of what is active. ``encoder`` is the belt's present count, from a PLC that has one.
    """

    type: Literal["heartbeat"] = "heartbeat"
    heartbeat_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    state: State | None = None
    last_seq: Count = 0
    trigger_count: Count | None = None
    conditions: tuple[Text, ...] = ()
    encoder: Count | None = None


class Error(Message):
    """Line to client: a message was refused, and why."""

    type: Literal["error"] = "error"
    code: Text
    message: Text


class Bye(Message):
    """Either way: the sender leaves."""

    type: Literal["bye"] = "bye"
    reason: Text = ""


class Trigger(Message):
    """Belt to camera: a part crosses the trigger.

    ``triggered_ns`` is CLOCK_MONOTONIC of the one host they share; ``part`` is the number of the part to render.
    """

    type: Literal["trigger"] = "trigger"
    trigger_count: Count
    triggered_ns: Count
    encoder: Count = 0
    part: Count = 0


AnyMessage = Annotated[
    Hello | Arm | Part | VerdictMessage | Ack | Fired | RecipeChange | Heartbeat | Error | Bye | Trigger,
    Field(discriminator="type"),
]
_ADAPTER: TypeAdapter[AnyMessage] = TypeAdapter(AnyMessage)
TYPES: dict[str, type[Message]] = {
    "hello": Hello,
    "arm": Arm,
    "part": Part,
    "verdict": VerdictMessage,
    "ack": Ack,
    "fired": Fired,
    "recipe": RecipeChange,
    "heartbeat": Heartbeat,
    "error": Error,
    "bye": Bye,
    "trigger": Trigger,
}


def encode(message: Message) -> bytes:
    """The message as UTF-8 JSON."""
    return message.model_dump_json().encode()


def decode(data: bytes) -> AnyMessage:
    """Parse one message. Raises MessageError naming what is wrong: size, JSON, version, type or field."""
    if len(data) > MAX_BYTES:
        raise MessageError(f"message of {len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        return _ADAPTER.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise MessageError(f"{where}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise MessageError(f"message cannot be read: {error}") from None


def schema(kind: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of the message type ``kind``. Raises KeyError for an unknown one."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **TYPES[kind].model_json_schema(mode="serialization"),
    }


def schemas() -> str:
    """All schemas as one JSON text, for docs/protocol.md's reader."""
    return json.dumps({kind: schema(kind) for kind in TYPES}, indent=2, sort_keys=True)
