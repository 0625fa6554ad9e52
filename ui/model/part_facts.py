"""What a part's record tells: the figures of the review screen, and which verdicts a person can give."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

Part = Mapping[str, Any]

CONFIRM, FALSE_REJECT, ESCAPE, NONE = "confirm", "false_reject", "escape", "none"


def choices(part: Part) -> tuple[str, ...]:
    """A person's verdicts that fit: an accepted part cannot be a false reject, another one no escape."""
    return (CONFIRM, ESCAPE) if part.get("outcome") == "accepted" else (CONFIRM, FALSE_REJECT)


def largest_area(part: Part) -> float:
    """Of its regions, in px; 0 where it has none."""
    return max((float(region["area"]) for region in part.get("regions") or ()), default=0.0)


def margin(part: Part) -> float | None:
    """How far the score is above the threshold, as a share of it (negative: below); None without a score."""
    score, threshold = part.get("score"), part.get("threshold")
    return None if score is None or not threshold else (float(score) - float(threshold)) / float(threshold)


def near_threshold(part: Part, share: float) -> bool:
    """Whether the score is at most ``share`` of the threshold away from it."""
    score, threshold = part.get("score"), part.get("threshold")
    return score is not None and threshold is not None and abs(float(score) - float(threshold)) <= share * float(threshold)


def person_verdict(part: Part) -> str:
    """The person's verdict; "none" where nobody has judged the part."""
    return str((part.get("person") or {}).get("verdict") or NONE)


def local_time(utc: object) -> datetime | None:
    """An ISO 8601 time in the zone of this machine; None where there is none."""
    return datetime.fromisoformat(utc.replace("Z", "+00:00")).astimezone() if isinstance(utc, str) and utc else None


def clock(utc: object, now: datetime) -> str:
    """Time of day where it is of today, else with the day; empty where there is none."""
    moment = local_time(utc)
    if moment is None:
        return ""
    return f"{moment:%H:%M:%S}" if moment.date() == now.astimezone().date() else f"{moment:%m-%d %H:%M:%S}"


def moment_text(utc: object) -> str:
    """Day and time to the millisecond; empty where there is none."""
    moment = local_time(utc)
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
