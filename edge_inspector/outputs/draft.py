"""From a judgement to the message that leaves the line: pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from edge_inspector.outputs.ledger import OpenPart
from edge_inspector.records import Decision, Frame, Inspection, Judgement, Missed, Outcome, Reason, Region, Verdict
from edge_inspector.service import utc_text, utf8_text
from edge_inspector.wire.messages import VerdictMessage

WAITING_REGIONS = 10  # of a part that waits for the disk: there may be thousands of those
REGIONS_MAX = 200  # the largest; a map that is all over above the threshold has thousands, and they say nothing more


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a part's window, negative once it is over: in ns, and where the window is in encoder counts in those, too."""

    ns: int
    counts: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What will be said of one part, before it has a number. ``recipe`` and ``model`` name what judged it."""

    part: OpenPart
    judgement: Judgement
    recipe: str
    model: str

    @property
    def outcome(self) -> Outcome:
        """A part with a missing view, or with nothing on record of it, is missed, whatever the verdict says."""
        if self.judgement.inspection.missed is not None:
            return Outcome.MISSED
        return Outcome.ACCEPTED if self.judgement.verdict.decision is Decision.ACCEPT else Outcome.REJECTED

    @property
    def review(self) -> bool:
        """Whether it is a reject that awaits a person."""
        return self.outcome is Outcome.REJECTED and self.judgement.verdict.decision is Decision.REVIEW

    @property
    def late(self) -> bool:
        """Whether it is missed because it could not leave before its deadline."""
        return self.outcome is Outcome.MISSED and self.judgement.verdict.reason is Reason.LATE

    def missed(self, reason: Reason, detail: str) -> Draft:
        """The same part as missed; its score and images are kept for people."""
        part, verdict, inspection = self.part, self.judgement.verdict, self.judgement.inspection
        camera = inspection.views[0].camera
        lost = Missed(part.part_id, camera, part.trigger_count, part.triggered_ns, part.deadline_ns, reason, detail)
        judgement = replace(
            self.judgement,
            inspection=replace(inspection, views=(*inspection.views, lost)),
            verdict=replace(verdict, decision=Decision.REJECT, reason=reason, detail=detail),
        )
        return replace(self, judgement=judgement)

    def brief(self) -> Draft:
        """The same part with its largest regions alone."""
        verdict = self.judgement.verdict
        return replace(self, judgement=replace(self.judgement, verdict=replace(verdict, regions=_largest(verdict, WAITING_REGIONS))))

    def bare(self) -> Draft:
        """The same missed part without images and maps: its record needs none."""
        verdict, inspection = self.judgement.verdict, self.judgement.inspection
        views = tuple(
            Missed(v.part_id, v.camera, v.trigger_count, v.triggered_ns, v.deadline_ns, verdict.reason, verdict.detail, v.deadline_counts)
            for v in inspection.views
        )
        return replace(self, judgement=replace(self.judgement, inspection=replace(inspection, views=views), maps=())).brief()

    def message(self, station: str, seq: int, now_ns: int, left: Left) -> VerdictMessage:
        """The message, as of ``now_ns``, when ``left`` is what is left of its window."""
        part, verdict, outcome = self.part, self.judgement.verdict, self.outcome
        return VerdictMessage(
            epoch=part.epoch,
            seq=seq,
            station=station,
            part_id=part.part_id,
            trigger_count=part.trigger_count,
            verdict=Decision.REJECT if outcome is Outcome.MISSED else verdict.decision,
            outcome=outcome,
            reason=verdict.reason,
            score=_finite(verdict.score),
            threshold=_finite(verdict.threshold),
            triggered_utc=utc_text(part.triggered_utc),
            age_ms=_ms(now_ns - part.triggered_ns),
            deadline_ms=_ms(left.ns),
            deadline_counts=left.counts,
            late=self.late,
            recipe=utf8_text(self.recipe),
            model=utf8_text(self.model),
        )

    def times(self, now_ns: int) -> dict[str, int]:
        """``latency_ns`` (from the trigger) and ``overhead_ns`` (from the last frame in host memory, less the engine; 0 without frames)."""
        frames = [view for view in self.judgement.inspection.views if isinstance(view, Frame)]
        received = max((frame.received_ns for frame in frames), default=0)
        overhead = now_ns - received - self.judgement.engine_ns if received else 0
        return {"latency_ns": now_ns - self.part.triggered_ns, "overhead_ns": overhead}

    def entry(self, message: VerdictMessage, now_ns: int, supersedes: int | None) -> dict[str, Any]:
        """The journal's record: the message, and what the result log wants beside it."""
        verdict = self.judgement.verdict
        return {
            "message": message.model_dump(mode="json"),
            "camera": utf8_text(self.judgement.inspection.views[0].camera),
            "engine_ns": self.judgement.engine_ns,
            **self.times(now_ns),
            "regions": [
                {"view": r.view, "x": r.x, "y": r.y, "w": r.w, "h": r.h, "area": round(r.area, 2), "peak": round(r.peak, 4)}
                for r in _largest(verdict, REGIONS_MAX)
            ],
            "detail": utf8_text(verdict.detail[:1000]),
            **({} if supersedes is None else {"supersedes": supersedes}),
        }


def least(entry: dict[str, Any], problem: str) -> dict[str, Any]:
    """What of a verdict's ``entry`` has to be on record, where the journal cannot hold it whole for ``problem``."""
    kept = {name: value for name, value in entry.items() if name in ("message", "supersedes")}
    return {**kept, "detail": utf8_text(f"not all of it could be recorded: {problem}"[:1000])}


def unseen(part: OpenPart, reason: Reason, detail: str, recipe: str, model: str) -> Draft:
    """A part of which no judgement came, as missed."""
    lost = Missed(part.part_id, "", part.trigger_count, part.triggered_ns, part.deadline_ns, reason, detail)
    verdict = Verdict(Decision.REJECT, reason, math.nan, math.nan, detail=detail)
    return Draft(part, Judgement(Inspection(part.part_id, part.trigger_count, (lost,)), verdict), recipe, model)


def _largest(verdict: Verdict, most: int) -> tuple[Region, ...]:
    return tuple(sorted(verdict.regions, key=lambda r: -r.area)[:most])


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _ms(nanoseconds: int) -> float:
    return round(nanoseconds / 1e6, 3)
