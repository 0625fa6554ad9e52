"""From one verdict a view to the verdict on the part."""

from __future__ import annotations

from dataclasses import replace

from edge_inspector.records import Decision, JoinRule, Verdict

_SEVERITY = {Decision.ACCEPT: 0, Decision.REVIEW: 1, Decision.REJECT: 2}


def join_views(verdicts: tuple[Verdict, ...], rule: JoinRule) -> Verdict:
    """The part's verdict from its views' (at least one, each with a finite score); its regions are those of every view.

    ``worst`` takes the most severe view and states the highest score of all, ``any`` the first of the most severe with its own score,
    ``all`` the least severe, of several the one with the lowest score.
    """
    regions = tuple(region for verdict in verdicts for region in verdict.regions)
    if rule is JoinRule.ALL:
        return replace(min(verdicts, key=lambda verdict: (_SEVERITY[verdict.decision], verdict.score)), regions=regions)
    if rule is JoinRule.ANY:
        return replace(max(verdicts, key=lambda verdict: _SEVERITY[verdict.decision]), regions=regions)
    worst = max(verdicts, key=lambda verdict: (_SEVERITY[verdict.decision], verdict.score))
    return replace(worst, score=max(verdict.score for verdict in verdicts), regions=regions)
