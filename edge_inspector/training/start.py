"""Where a run begins: from scratch (``run.scratch``), or from another bundle's weights (``retrain``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from edge_inspector.prn.codebook import Codebook
from edge_inspector.prn.prototypes import Prototypes
from edge_inspector.training.data import TrainingData
from edge_inspector.training.normality import Plan
from edge_inspector.training.schedule import DEFAULT_STEPS


@dataclass(frozen=True)
class Start:
    """What a run starts from, and what its manifest says of that.

    ``kept`` are prototypes to take over, with their form, K and why; None where they are to be made of the normals, ``renewed`` then being
    the form, K and why of those that they replace, if any. ``head`` are the weights it starts with, None for random ones. ``weights`` is
    how often each seen anomaly is drawn, summing to 1, empty for all alike. ``lineage`` are keys of the manifest's table ``training`` that
    replace those of the data; ``identity`` tells runs apart that settings and data do not. ``measure`` takes the folder of the finished,
    sealed bundle to figures for its manifest, in about ``measure_seconds``. ``steps`` are as many as it takes unless asked otherwise;
    None: as from scratch, by the form of the prototypes.
    """

    data: TrainingData
    product: str
    kept: tuple[Prototypes | Codebook, Plan] | None = None
    renewed: Plan | None = None
    head: Mapping[str, Tensor] | None = None
    weights: tuple[float, ...] = ()
    lineage: Mapping[str, object] = field(default_factory=dict)
    identity: str = ""
    measure: Callable[[Path], dict[str, float]] | None = None
    measure_seconds: float = 0.0
    notes: tuple[str, ...] = ()
    steps: int | None = None

    def wanted(self, asked: int | None, form: str) -> int:
        """Steps of the run: as ``asked``, as it takes from here, or from scratch by the form of the prototypes."""
        return asked or self.steps or DEFAULT_STEPS[form]
