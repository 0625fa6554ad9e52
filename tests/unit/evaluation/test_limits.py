"""What fails a certificate, at each precision, and what keeps ``auto`` from a form that has passed."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from edge_inspector.evaluation.equivalence import Comparison
from edge_inspector.evaluation.limits import LEAST_IMAGES, failures_of, reservations_of
from edge_inspector.evaluation.pairs import Pair
from edge_inspector.records import Decision, Reason, Verdict
from edge_inspector.settings.certificate import Precision

ACCEPT, REJECT = 0.4, 0.6


def verdict(score: float) -> Verdict:
    if math.isnan(score):
        return Verdict(Decision.REJECT, Reason.NOT_FINITE, score, ACCEPT)
    if score < ACCEPT:
        return Verdict(Decision.ACCEPT, Reason.NONE, score, ACCEPT)
    return Verdict(Decision.REVIEW if score < REJECT else Decision.REJECT, Reason.SCORE, score, ACCEPT)


def pair(wanted: float, found: float, *, bad: bool | None = None, flips: int = 0, mean: float = 0.0, map_off: float | None = None) -> Pair:
    score = abs(wanted - found)
    comparison = Comparison("00", score if map_off is None else map_off, score, flips, 0.0, 0, mean, 3)
    return Pair(comparison, verdict(wanted), verdict(found), (ACCEPT, REJECT), bad)


SAME = pair(0.2, 0.2)
CASES: dict[str, tuple[Precision, list[Pair], list[str]]] = {
    "f32: the same": ("f32", [SAME], []),
    "f32: within the tolerance": ("f32", [pair(0.2, 0.2009)], []),
    "f32: beyond it": ("f32", [SAME, pair(0.2, 0.202)], ["1 of 2 images differ by more than 0.001"]),
    "f32: beyond it, but a prototype flipped": ("f32", [pair(0.2, 0.9, flips=1)], []),
    "f32: not finite": ("f32", [pair(0.2, math.nan)], ["1 of 1 images"]),
    "int8: maps far apart at a place are no matter": ("int8", [pair(0.2, 0.22, map_off=0.9)], []),
    "int8: the score": ("int8", [pair(0.1, 0.25)], ["score difference 0.1500 > 0.1"]),
    "int8: the map as a whole": ("int8", [pair(0.1, 0.1, mean=0.03)], ["mean map difference 0.0300 > 0.02"]),
    "int8: a flip near a threshold": ("int8", [pair(0.395, 0.41)], []),
    "int8: two of three near one": (
        "int8",
        [SAME, pair(0.395, 0.41), pair(0.605, 0.59)],
        ["2 of 3 verdicts flip near a threshold; at most 1"],
    ),
    "int8: a flip far from any": ("int8", [pair(0.35, 0.41)], ["1 of 1 verdicts flip further than 0.02", "00: accept at 0.3500"]),
    "int8: not finite": ("int8", [pair(0.2, math.nan)], ["score difference nan", "verdicts flip further"]),
    "int8: not finite on either side": ("int8", [pair(math.nan, math.nan)], []),
    "bf16: held closer": ("bf16", [pair(0.1, 0.17)], ["score difference 0.0700 > 0.05"]),
    "fp16: a smaller margin": ("fp16", [pair(0.385, 0.41)], ["further than 0.01"]),
}


@pytest.mark.parametrize("name", CASES)
def test_failures(name: str) -> None:
    precision, pairs, words = CASES[name]
    if name.endswith("either side"):
        nothing = replace(pairs[0].comparison, map_difference=0.0, score_difference=0.0)
        pairs = [replace(pairs[0], comparison=nothing)]
    found = failures_of(precision, pairs, None)
    assert bool(found) is bool(words), found
    assert all(word in " / ".join(found) for word in words), found


@pytest.mark.parametrize(
    ("aurocs", "fails"),
    [((0.99, 0.988), False), ((0.99, 0.985), True), ((0.98, 0.985), True), ((0.9, math.nan), True)],
)
@pytest.mark.parametrize("precision", ["f32", "int8"])
def test_the_auroc_may_change_by_three_in_a_thousand_either_way(precision: Precision, aurocs: tuple[float, float], fails: bool) -> None:
    assert bool(failures_of(precision, [SAME], aurocs)) is fails


GOOD, BAD = replace(SAME, bad=False), replace(pair(0.9, 0.9), bad=True)
ENOUGH = LEAST_IMAGES // 2


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([SAME] * LEAST_IMAGES, "0 good and 0 bad"),
        ([GOOD] * LEAST_IMAGES, f"{LEAST_IMAGES} good and 0 bad"),
        ([GOOD] * ENOUGH + [BAD] * (ENOUGH - 1), "auto asks for 60"),
        ([GOOD] * (LEAST_IMAGES - 9) + [BAD] * 9, "10 of each"),
        ([GOOD] * ENOUGH + [BAD] * ENOUGH, ""),
        ([GOOD] * ENOUGH + [BAD] * ENOUGH + [pair(0.399, 0.401)], "1 verdicts flip"),
    ],
)
def test_auto_asks_for_more(pairs: list[Pair], words: str) -> None:
    found = "; ".join(reservations_of(pairs))
    assert (words in found) if words else not found
