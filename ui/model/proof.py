"""What the line says of its engine's certificate: whether it decides as the network that it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ui.model.part_facts import local_time


@dataclass(frozen=True, slots=True)
class Proof:
    """``told``: the line runs an engine, and says what proves it; ``stands``: there is a certificate. Figures are None where not finite.

    ``thresholds`` are accept and reject as they were when it was verified; ``aurocs`` this engine's and the network's, None without labels.
    """

    told: bool = False
    stands: bool = False
    passed: bool = False
    images: int = 0
    good: int = 0
    bad: int = 0
    flips: int = 0
    against: str = ""
    when: str = ""
    score_difference: float | None = None
    map_difference: float | None = None
    map_difference_mean: float | None = None
    thresholds: tuple[float | None, float | None] = (None, None)
    aurocs: tuple[float, float] | None = None
    failures: tuple[str, ...] = ()


def proof_of(state: Mapping[str, Any]) -> Proof:
    """Out of a state of the line; an older line tells nothing of it."""
    told = state.get("certificate")
    if told is None:
        return Proof(told=bool(state.get("backend")) and "certificate" in state)
    moment = local_time(told.get("created_utc"))
    aurocs = (told.get("image_auroc"), told.get("image_auroc_torch"))
    return Proof(
        told=True,
        stands=True,
        passed=bool(told.get("passed")),
        images=int(told.get("images", 0)),
        good=int(told.get("good", 0)),
        bad=int(told.get("bad", 0)),
        flips=int(told.get("verdict_flips", 0)),
        against=str(told.get("against", "")),
        when=f"{moment:%Y-%m-%d %H:%M}" if moment is not None else "",
        score_difference=told.get("score_difference"),
        map_difference=told.get("map_difference"),
        map_difference_mean=told.get("map_difference_mean"),
        thresholds=(told.get("accept_threshold"), told.get("reject_threshold")),
        aurocs=aurocs if None not in aurocs else None,
        failures=tuple(map(str, told.get("failures") or ())),
    )
