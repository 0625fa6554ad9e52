"""The messages against their JSON Schema, and the guide's examples against both."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_inspector.errors import MessageError
from edge_inspector.records import Decision, Outcome, Reason, State
from edge_inspector.wire import messages as m

GUIDE = Path(__file__).parents[2] / "docs" / "protocol.md"
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)]

counts = st.integers(0, 2**63 - 1)
texts = st.text(st.characters(codec="utf-8"), max_size=40)
finite = st.floats(allow_nan=False, allow_infinity=False)
MESSAGES: dict[str, st.SearchStrategy[m.Message]] = {
    "hello": st.builds(
        m.Hello,
        name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=64),
        role=st.sampled_from(["gate", "monitor"]),
        last_seq=counts,
        trigger_count=st.none() | counts,
    ),
    "arm": st.builds(m.Arm, epoch=counts, trigger_count=counts),
    "part": st.builds(m.Part, trigger_count=counts, serial=texts, lot=texts),
    "verdict": st.builds(
        m.VerdictMessage,
        epoch=counts,
        seq=counts,
        station=texts,
        part_id=texts,
        trigger_count=counts,
        verdict=st.sampled_from(Decision),
        outcome=st.sampled_from(Outcome),
        reason=st.sampled_from(Reason),
        score=st.none() | finite,
        threshold=st.none() | finite,
        triggered_utc=texts,
        age_ms=finite,
        deadline_ms=finite,
        deadline_counts=st.none() | st.integers(-(2**62), 2**62),
        late=st.booleans(),
        recipe=texts,
        model=texts,
    ),
    "ack": st.builds(m.Ack, epoch=counts, seq=counts, trigger_count=counts),
    "fired": st.builds(m.Fired, trigger_count=counts),
    "recipe": st.builds(m.RecipeChange, name=texts, version=st.none() | counts),
    "heartbeat": st.builds(
        m.Heartbeat,
        heartbeat_ms=st.integers(0, 60_000),
        state=st.none() | st.sampled_from(State),
        last_seq=counts,
        trigger_count=st.none() | counts,
        conditions=st.tuples(texts, texts),
        encoder=st.none() | counts,
    ),
    "error": st.builds(m.Error, code=texts, message=texts),
    "bye": st.builds(m.Bye, reason=texts),
    "trigger": st.builds(m.Trigger, trigger_count=counts, triggered_ns=counts, encoder=counts, part=counts),
}


def validate(value: dict[str, Any]) -> None:
    jsonschema.validate(value, m.schema(value["type"]), cls=jsonschema.Draft202012Validator)


def test_every_type_is_generated_here() -> None:
    assert set(MESSAGES) == set(m.TYPES)


@given(st.one_of(list(MESSAGES.values())))
def test_a_message_comes_back_and_fits_its_schema(message: m.Message) -> None:
    data = m.encode(message)
    assert m.decode(data) == message
    validate(json.loads(data))


@pytest.mark.parametrize("kind", m.TYPES)
def test_schemas_are_schemas(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(m.schema(kind))
    assert kind in json.loads(m.schemas())


def test_the_guide_shows_every_message() -> None:
    assert {example["type"] for example in EXAMPLES} == set(m.TYPES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e['type']}-{e.get('seq', '')}")
def test_the_guides_examples_fit_schema_and_program(example: dict[str, Any]) -> None:
    validate(example)
    message = m.decode(json.dumps(example).encode())
    assert json.loads(m.encode(message)) == example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e['type']}-{e.get('seq', '')}")
def test_the_guide_names_every_key(example: dict[str, Any]) -> None:
    assert set(example) == set(m.TYPES[example["type"]].model_fields)


def test_a_newer_peers_keys_are_ignored() -> None:
    assert m.decode(b'{"v":1,"type":"bye","reason":"x","new":{"a":[1]}}') == m.Bye(reason="x")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_an_error_of_ours(data: bytes) -> None:
    try:
        m.decode(data)
    except MessageError:
        return


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(EXAMPLES), st.data())
def test_any_value_in_any_field_is_read_or_refused(example: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(example)))
    try:
        message = m.decode(json.dumps(example | {key: data.draw(json_values)}).encode())
    except MessageError as error:
        assert str(error)
    else:
        validate(json.loads(m.encode(message)))


@pytest.mark.parametrize(
    ("data", "names"),
    {
        "size": (b" " * (m.MAX_BYTES + 1), "65537 bytes"),
        "version": (b'{"v":2,"type":"bye"}', "v"),
        "type": (b'{"v":1,"type":"fire"}', "fire"),
        "field": (b'{"v":1,"type":"ack","epoch":1,"seq":-4,"trigger_count":1}', "seq"),
        "NaN": (b'{"v":1,"type":"heartbeat","last_seq":NaN}', "last_seq"),
    }.values(),
    ids=["size", "version", "type", "field", "NaN"],
)
def test_errors_name_what_is_wrong(data: bytes, names: str) -> None:
    with pytest.raises(MessageError, match=names):
        m.decode(data)
