"""Pure rules: anomaly maps and a recipe in, a verdict out. No I/O, no clock; whatever is in doubt rejects."""

from edge_inspector.decision.regions import find_regions, inspected_mask
from edge_inspector.decision.rules import Rules, decide, rules_of, with_known_proposals, with_proposals
from edge_inspector.decision.score import top_mean, top_means

__all__ = [
    "Rules",
    "decide",
    "find_regions",
    "inspected_mask",
    "rules_of",
    "top_mean",
    "top_means",
    "with_known_proposals",
    "with_proposals",
]
