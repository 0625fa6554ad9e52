"""What the engine's state means for the line's conditions."""

from __future__ import annotations

from edge_inspector.errors import FormMissing
from edge_inspector.pipeline import Conditions
from edge_inspector.pipeline.events import EngineSlow, EngineTrouble
from edge_inspector.records import Severity, State


def note_engine(event: EngineTrouble | EngineSlow, conditions: Conditions) -> None:
    """Parts fail on the engine, or it is too slow for them; or no longer."""
    match event:
        case EngineTrouble(None):
            conditions.clear_condition("inspection")
        case EngineTrouble(str(detail)):
            conditions.raise_condition("inspection", Severity.FAILURE, f"parts cannot be inspected and are rejected: {detail}")
        case EngineSlow(None):
            conditions.clear_condition("engine_slow")
        case EngineSlow(str(detail)):
            conditions.raise_condition("engine_slow", Severity.OUT_OF_SPECIFICATION, detail)


def waits_for_form(error: Exception, state: State, conditions: Conditions) -> bool:
    """Whether the engine is missing only because nobody has built its plan yet: nothing is broken, and the line stays Preoperational.

    It never builds one by itself: that takes minutes, at the start of a shift, in which nobody would know what it does.
    """
    if not isinstance(error, FormMissing) or state is not State.PREOPERATIONAL:
        return False
    message = f"the line is not ready: {error}; then activate the recipe again, or restart the line"
    conditions.raise_condition("engine", Severity.FAILURE, message)
    return True
