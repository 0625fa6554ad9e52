"""The names of things in the reader's language: verdicts, reasons, states, classes, roles."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from ui.model.live import Kind

CONTEXT = "Words"


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:  # noqa: N802 - the name that Qt Linguist's tools look for
    """Marks a text for translation where it is looked up later."""
    del context
    return text


_KINDS = {
    Kind.ACCEPT: QT_TRANSLATE_NOOP("Words", "ACCEPT"),
    Kind.REJECT: QT_TRANSLATE_NOOP("Words", "REJECT"),
    Kind.REVIEW: QT_TRANSLATE_NOOP("Words", "REVIEW"),
    Kind.MISSED: QT_TRANSLATE_NOOP("Words", "MISSED"),
    Kind.IDLE: QT_TRANSLATE_NOOP("Words", "WAITING"),
    Kind.STOPPED: QT_TRANSLATE_NOOP("Words", "NOT INSPECTING"),
    Kind.OFFLINE: QT_TRANSLATE_NOOP("Words", "NOT CONNECTED"),
}
_REASONS = {
    "none": QT_TRANSLATE_NOOP("Words", "good"),
    "score": QT_TRANSLATE_NOOP("Words", "score above the threshold"),
    "region": QT_TRANSLATE_NOOP("Words", "defect too large"),
    "not_finite": QT_TRANSLATE_NOOP("Words", "no valid score"),
    "counter_gap": QT_TRANSLATE_NOOP("Words", "no image for the trigger"),
    "grab_failed": QT_TRANSLATE_NOOP("Words", "image incomplete"),
    "frozen_frame": QT_TRANSLATE_NOOP("Words", "same image twice"),
    "black_frame": QT_TRANSLATE_NOOP("Words", "image too dark"),
    "saturated_frame": QT_TRANSLATE_NOOP("Words", "image too bright"),
    "wrong_shape": QT_TRANSLATE_NOOP("Words", "image of the wrong size"),
    "queue_full": QT_TRANSLATE_NOOP("Words", "engine too slow"),
    "engine_error": QT_TRANSLATE_NOOP("Words", "engine failed"),
    "decision_error": QT_TRANSLATE_NOOP("Words", "decision failed"),
    "late": QT_TRANSLATE_NOOP("Words", "verdict too late"),
    "not_journaled": QT_TRANSLATE_NOOP("Words", "disk took no record"),
    "restart": QT_TRANSLATE_NOOP("Words", "line restarted"),
    "stopped": QT_TRANSLATE_NOOP("Words", "line was stopped"),
}
_STATES = {
    "Preoperational": QT_TRANSLATE_NOOP("Words", "starting"),
    "Halted": QT_TRANSLATE_NOOP("Words", "halted"),
    "Error": QT_TRANSLATE_NOOP("Words", "error"),
    "Initialized": QT_TRANSLATE_NOOP("Words", "waiting for the gate"),
    "Ready": QT_TRANSLATE_NOOP("Words", "ready"),
    "SingleExecution": QT_TRANSLATE_NOOP("Words", "inspecting one part"),
    "ContinuousExecution": QT_TRANSLATE_NOOP("Words", "inspecting"),
}
_SEVERITIES = {
    "failure": QT_TRANSLATE_NOOP("Words", "failure"),
    "check_function": QT_TRANSLATE_NOOP("Words", "check function"),
    "out_of_specification": QT_TRANSLATE_NOOP("Words", "out of specification"),
    "maintenance_required": QT_TRANSLATE_NOOP("Words", "maintenance required"),
}
_ROLES = {
    "operator": QT_TRANSLATE_NOOP("Words", "operator"),
    "engineer": QT_TRANSLATE_NOOP("Words", "engineer"),
    "admin": QT_TRANSLATE_NOOP("Words", "admin"),
}
_PERSONS = {
    "confirm": QT_TRANSLATE_NOOP("Words", "confirmed"),
    "false_reject": QT_TRANSLATE_NOOP("Words", "false reject"),
    "escape": QT_TRANSLATE_NOOP("Words", "escape"),
    "none": QT_TRANSLATE_NOOP("Words", "not judged yet"),
}
_CONDITIONS = {
    "camera": QT_TRANSLATE_NOOP("Words", "camera"),
    "slips": QT_TRANSLATE_NOOP("Words", "trigger counts cannot be compared"),
    "count_slip": QT_TRANSLATE_NOOP("Words", "trigger counts disagree"),
    "engine": QT_TRANSLATE_NOOP("Words", "engine"),
    "engine_slow": QT_TRANSLATE_NOOP("Words", "engine slower than the line"),
    "inspection": QT_TRANSLATE_NOOP("Words", "parts cannot be inspected"),
    "gate": QT_TRANSLATE_NOOP("Words", "reject gate"),
    "gate_unconfirmed": QT_TRANSLATE_NOOP("Words", "reject not confirmed by the gate"),
    "ack_mismatch": QT_TRANSLATE_NOOP("Words", "gate acknowledged another part"),
    "reject_link": QT_TRANSLATE_NOOP("Words", "reject link"),
    "encoder": QT_TRANSLATE_NOOP("Words", "belt's position unknown"),
    "late": QT_TRANSLATE_NOOP("Words", "verdicts too late"),
    "journal": QT_TRANSLATE_NOOP("Words", "disk takes no record"),
    "archive": QT_TRANSLATE_NOOP("Words", "picture archive"),
    "archive_queue": QT_TRANSLATE_NOOP("Words", "pictures come too fast for the archive"),
    "rejects_in_row": QT_TRANSLATE_NOOP("Words", "rejects in a row"),
    "reject_rate": QT_TRANSLATE_NOOP("Words", "many rejects"),
    "database": QT_TRANSLATE_NOOP("Words", "database"),
    "database_entries": QT_TRANSLATE_NOOP("Words", "database refuses entries"),
    "thread": QT_TRANSLATE_NOOP("Words", "program part ended"),
    "main_loop": QT_TRANSLATE_NOOP("Words", "program error"),
}


def _said(table: dict[str, str], key: str) -> str:
    return QCoreApplication.translate(CONTEXT, table[key]) if key in table else key


def kind_word(kind: Kind) -> str:
    """The word on a banner."""
    return QCoreApplication.translate(CONTEXT, _KINDS[kind])


def reason_word(reason: str) -> str:
    """Why a part was not accepted."""
    return _said(_REASONS, reason)


def state_word(state: str) -> str:
    """A state of OPC 40100-1 as people say it."""
    return _said(_STATES, state)


def severity_word(severity: str) -> str:
    """A class of NAMUR NE 107."""
    return _said(_SEVERITIES, severity)


def role_word(role: str) -> str:
    """A user's role."""
    return _said(_ROLES, role)


def person_word(verdict: str) -> str:
    """What a person says of a part."""
    return _said(_PERSONS, verdict)


def condition_word(name: str) -> str:
    """What a condition of the line is about; a name of two words ends in what it is the condition of, as a camera."""
    head, _, rest = name.partition(" ")
    return f"{_said(_CONDITIONS, head)} {rest}".rstrip()
