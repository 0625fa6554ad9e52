"""Parts as the reject link hands them to its followers."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np

from edge_inspector.outputs.base import Sent
from edge_inspector.records import Decision, Frame, Image, Inspection, Judgement, Missed, Outcome, Reason, Region, Verdict, View
from edge_inspector.wire.messages import VerdictMessage

UTC = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
GATED = {Outcome.ACCEPTED: Decision.ACCEPT, Outcome.REJECTED: Decision.REJECT, Outcome.MISSED: Decision.REJECT}


def image(seed: int = 0, height: int = 24, width: int = 32, channels: int = 3) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def sent(
    seq: int,
    outcome: Outcome = Outcome.REJECTED,
    *,
    images: tuple[Image | None, ...] = (image(),),
    day: str = "2026-01-02",
    peak: float = 0.9,
) -> Sent:
    """Part ``seq``; an image that is None is a missing view. Its maps are all 0.25 but for one pixel of 1."""
    part_id = f"line1-7-{seq}"
    views: list[View] = [
        Missed(part_id, f"cam{n}", seq, 0, 1, Reason.GRAB_FAILED) if i is None else Frame(part_id, f"cam{n}", seq, 0, UTC, i)
        for n, i in enumerate(images)
    ]
    maps = () if None in [None if i is None else 1 for i in images] else tuple(anomaly_map() for _ in images)
    reason = Reason.NONE if outcome is Outcome.ACCEPTED else Reason.SCORE
    verdict = Verdict(GATED[outcome], reason, 0.7, 0.5, (Region(1, 2, 3, 4, 5.5, peak),), "why")
    message = VerdictMessage(
        epoch=7,
        seq=seq,
        station="line1",
        part_id=part_id,
        trigger_count=seq,
        verdict=GATED[outcome],
        outcome=outcome,
        reason=reason,
        score=0.7,
        threshold=0.5,
        triggered_utc=f"{day}T03:04:05.000Z",
        age_ms=1.0,
        deadline_ms=99.0,
        late=False,
        recipe="ring:1",
        model="demo",
    )
    return Sent(message, Judgement(Inspection(part_id, seq, tuple(views)), verdict, maps, 3_000_000), 12_000_000, 1_500_000)


def anomaly_map() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    values = np.full((8, 9), 0.25, np.float32)
    values[3, 4] = 1.0
    return values
