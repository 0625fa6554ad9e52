"""From maps to a verdict.

A part is accepted only if its score is finite and below the accept threshold and no region rule fires; between accept and reject
threshold it is for review; everything else rejects.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_inspector.decision.join import join_views
from edge_inspector.decision.regions import Size, find_regions, inspected_mask
from edge_inspector.decision.score import top_means
from edge_inspector.errors import SettingsError
from edge_inspector.records import AnomalyMap, Decision, Mask, Reason, Region, Verdict
from edge_inspector.settings.manifest import Manifest, Thresholds
from edge_inspector.settings.recipe import DecisionRules, Recipe


@dataclass(frozen=True, slots=True)
class Rules:
    """A recipe's decision rules with every threshold known, and the bundle's score rule."""

    accept: float
    reject: float
    region: float
    pixels: tuple[int, ...]
    areas: DecisionRules


def with_proposals(recipe: Recipe, manifest: Manifest, precision: str | None = None, certified: Sequence[Thresholds] = ()) -> Recipe:
    """The recipe with thresholds it leaves out filled from the bundle's proposals at that precision, by default its own.

    ``certified`` are proposals of the bundle's certificates, for precisions that its manifest has none for. Where a person gave only one
    of accept and reject, the proposal for the other gives way to it. Raises SettingsError where a threshold is missing and nothing
    proposes one.
    """
    given = recipe.decision
    accept, reject, region = given.accept_threshold, given.reject_threshold, given.region_threshold
    if accept is not None and reject is not None and region is not None:
        return recipe
    if precision is None:  # a lower one that a certificate allows auto was held against float32 at float32's thresholds
        precision = "f32" if recipe.precision == "auto" else recipe.precision
    proposal = next((t for t in (*manifest.thresholds, *certified) if t.precision == precision), None)
    if proposal is None:
        raise SettingsError(
            f"recipe {recipe.name}: a threshold is not given, and bundle {manifest.id} proposes none at {precision}; "
            f"give them, or verify the bundle at {precision}: a certificate without flips proposes those of f32"
        )
    if accept is None:
        accept = min(proposal.accept_threshold, reject) if reject is not None else proposal.accept_threshold
    if reject is None:
        reject = max(proposal.reject_threshold, accept)
    filled = {
        "accept_threshold": accept,
        "reject_threshold": reject,
        "region_threshold": proposal.region_threshold if region is None else region,
    }
    return recipe.model_copy(update={"decision": given.model_copy(update=filled)})


def with_known_proposals(recipe: Recipe, manifest: Manifest) -> Recipe:
    """The same as far as it can be said before an engine is open: at a lower precision for which the manifest has no proposals,
    thresholds that are left out are those of the certificate of whatever form runs, and stay out. Raises SettingsError as above."""
    own = recipe.precision in ("auto", "f32") or any(t.precision == recipe.precision for t in manifest.thresholds)
    return with_proposals(recipe, manifest) if own else recipe


def rules_of(recipe: Recipe, manifest: Manifest) -> Rules:
    """The rules of a recipe whose thresholds are filled. Raises SettingsError where one is not."""
    d = recipe.decision
    if d.accept_threshold is None or d.reject_threshold is None or d.region_threshold is None:
        raise SettingsError(f"recipe {recipe.name}: a threshold is missing; import it with its bundle {recipe.bundle} at hand")
    return Rules(d.accept_threshold, d.reject_threshold, d.region_threshold, manifest.score.pixels, d)


def decide(maps: tuple[AnomalyMap, ...], image_sizes: tuple[Size, ...], rules: Rules) -> Verdict:
    """The verdict on one part from the (h, w) map of each view; the recipe's ``join`` says which of them decide.

    ``image_sizes`` are (height, width) of the camera images. No map at all, or a value that is not finite in any view, rejects.
    """
    if not maps:
        return Verdict(Decision.REJECT, Reason.NOT_FINITE, math.nan, rules.accept, detail="no map")
    verdicts = list[Verdict]()
    for view, (anomaly_map, size) in enumerate(zip(maps, image_sizes, strict=True)):
        counted = inspected_mask(rules.areas, size, (anomaly_map.shape[0], anomaly_map.shape[1]))
        if counted is not None and not counted.any():
            return _nothing_inspected(rules, view)
        found = _judge_view(anomaly_map, counted, size, rules, view)
        if found is None:
            return Verdict(Decision.REJECT, Reason.NOT_FINITE, math.nan, rules.accept, detail=f"view {view}: map is not finite")
        verdicts.append(_verdict(found[0], tuple(found[1]), rules))
    return join_views(tuple(verdicts), rules.areas.join)


def _nothing_inspected(rules: Rules, view: int) -> Verdict:
    detail = f"view {view}: ROI and don't-care areas leave nothing of the image to inspect; correct the recipe's polygons"
    return Verdict(Decision.REJECT, Reason.DECISION_ERROR, math.nan, rules.accept, detail=detail)


def _judge_view(anomaly_map: AnomalyMap, counted: Mask | None, size: Size, rules: Rules, view: int) -> tuple[float, list[Region]] | None:
    """Score and regions of one view after masks and minimum area; None where an inspected value is not finite."""
    seen = anomaly_map if counted is None else np.where(counted, anomaly_map, np.float32(0.0))
    if not finite(seen):
        return None
    regions, small = find_regions(seen, rules.region, size, rules.areas.minimum_area_px, view)
    if small is not None:
        seen = np.where(small, np.float32(0.0), seen)
    return top_means(seen, rules.pixels), regions


def finite(anomaly_map: AnomalyMap) -> bool:
    """Whether every value of a map is a finite number: its least and its largest are, as either is NaN where any value is."""
    return math.isfinite(float(anomaly_map.min())) and math.isfinite(float(anomaly_map.max()))


def _verdict(score: float, regions: tuple[Region, ...], rules: Rules) -> Verdict:
    limit = rules.areas.reject_area_px
    if limit is not None and any(region.area >= limit for region in regions):
        return Verdict(Decision.REJECT, Reason.REGION, score, rules.accept, regions)
    if score < rules.accept:
        return Verdict(Decision.ACCEPT, Reason.NONE, score, rules.accept, regions)
    if score < rules.reject:
        return Verdict(Decision.REVIEW, Reason.SCORE, score, rules.accept, regions)
    return Verdict(Decision.REJECT, Reason.SCORE, score, rules.reject, regions)
