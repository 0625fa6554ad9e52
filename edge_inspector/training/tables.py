"""The tables of an ablation: which rows, which settings each is trained with, and the paper's figures beside them.

Zhang, Wu, Wang, Chen, Jiang, "Prototypical Residual Networks for Anomaly Detection and Localization", CVPR 2023. Of its tables of modules
and of anomaly generation only the full method's row is given here; our rows there are named by their switches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from edge_inspector.errors import DatasetError, SettingsError
from edge_inspector.evaluation.layouts import Dataset, defect_types
from edge_inspector.prn.loss import LossForm
from edge_inspector.training.normality import Form
from edge_inspector.training.options import TrainSettings

FULL = "full"
SEEN_0 = "seen 0"


@dataclass(frozen=True)
class Paper:
    """What the paper reports, in per cent; ``seconds`` an image on a V100S."""

    image_auroc: float
    pixel_auroc: float
    aupro: float
    pixel_ap: float
    seconds: float | None = None


@dataclass(frozen=True)
class Row:
    """One training. It is tested on the defect types ``types`` one by one, "" being all together."""

    name: str
    settings: TrainSettings
    paper: Paper | None = None
    types: tuple[str, ...] = ("",)


FULL_BY_LAYOUT = {
    "mvtec": Paper(99.4, 99.0, 96.1, 78.6, 0.064),
    "dagm": Paper(98.2, 96.6, 93.8, 49.4),
    "btad": Paper(94.7, 97.1, 78.0, 54.0),
    "kolektor2": Paper(96.4, 97.6, 94.9, 72.5),
}
RATIO = {  # on MVTec
    0.05: Paper(99.2, 98.6, 95.4, 78.1, 0.063),
    0.10: Paper(99.4, 99.0, 96.1, 78.6, 0.064),
    0.20: Paper(99.2, 98.8, 95.7, 77.3, 0.066),
    1.00: Paper(86.2, 91.4, 75.4, 49.9, 0.074),
}
SEEN = {1: Paper(98.8, 98.3, 95.4, 74.7), 5: Paper(99.2, 98.6, 95.6, 76.4), 10: Paper(99.4, 99.0, 96.1, 78.6)}  # on MVTec


def modules(base: TrainSettings, dataset: Dataset) -> list[Row]:
    """The full method, each part of it off or otherwise, and all of the network's parts off together."""
    form, loss = base.form, LossForm()
    heads: dict[str, dict[str, Any]] = {
        "no residual: features twice": {"difference": "none"},
        "no first fusion": {"fusion": False},
        "no attention": {"attention": 0},
        "no second fusion": {"second_fusion": False},
        "no skips": {"skips": False},
        "difference absolute": {"difference": "absolute"},
        "attention scale root": {"scale": "root"},
        "features alone: no residual, fusion, attention": {"difference": "none", "fusion": False, "attention": 0, "second_fusion": False},
    }
    heard: dict[str, dict[str, Any]] = {
        "without peaks": {"peak_limit": 0.0},
        "without peaks and evidence": {"peak_limit": 0.0, "evidence": 0.0},
    }
    losses = {
        "no smooth L1": replace(loss, smooth_l1=False),
        "no focal": replace(loss, weight=0.0),
        "cross-entropy for focal": replace(loss, gamma=0.0),
        "no emphasis": replace(loss, most=1.0),
    }
    rows = [_full(base, dataset), Row("one prototype: the mean normal", replace(base, k=1, ratio=None))]
    forms: tuple[Form, ...] = ("whole-map", "codebook")
    rows += [Row(f"prototypes: {name}", replace(base, prototypes=name, k=None, ratio=None)) for name in forms]
    book = replace(base, prototypes="codebook", k=None, ratio=None)
    rows += [Row(f"prototypes: codebook, {name}", replace(book, form=replace(form, **changes))) for name, changes in heard.items()]
    rows += [Row(name, replace(base, form=replace(form, **changes))) for name, changes in heads.items()]
    return rows + [Row(name, replace(base, loss=changed)) for name, changed in losses.items()]


def _full(base: TrainSettings, dataset: Dataset) -> Row:
    return Row(FULL, base, FULL_BY_LAYOUT.get(dataset.layout, FULL_BY_LAYOUT["mvtec"]))


def generation(base: TrainSettings, dataset: Dataset) -> list[Row]:
    """Which anomalies are shown: those of seen ones extended, simulated ones, seen ones as they were (recalled; ours, not the paper's)."""
    if base.seen < 1:
        raise SettingsError("--seen 0: table generation compares what is made from seen anomalies; it needs at least one")
    kinds = {
        "extended + simulated (the paper's)": ("extended", "simulated"),
        "recalled + simulated": ("recalled", "simulated"),
        "recalled + extended": ("recalled", "extended"),
        "extended": ("extended",),
        "simulated": ("simulated",),
        "recalled": ("recalled",),
    }
    return [_full(base, dataset), *(Row(name, replace(base, anomalies=chosen)) for name, chosen in kinds.items())]


def ratio(base: TrainSettings, dataset: Dataset) -> list[Row]:
    """K as a share of the normals, never capped."""
    del dataset
    return [Row(f"{100 * share:g} % of the normals", replace(base, k=None, ratio=share), paper) for share, paper in RATIO.items()]


def seen(base: TrainSettings, dataset: Dataset) -> list[Row]:
    """No seen anomaly, and as many as in the paper, up to ``base.seen``."""
    del dataset
    counts = sorted({0, *(n for n in SEEN if n <= base.seen), base.seen})
    return [Row(f"seen {n}", replace(base, seen=n), SEEN.get(n)) for n in counts]


def leave_one_out(base: TrainSettings, dataset: Dataset) -> list[Row]:
    """For each defect type a training that sees the others, and one that sees none; all tested on the left-out types."""
    types = defect_types(dataset)
    if len(types) < 2:
        raise DatasetError(f"{dataset.root}: {len(types)} defect types by layout {dataset.layout}; leaving one out needs two at least")
    if base.seen < 1:
        raise SettingsError("--seen 0: leave-one-out compares seeing the other types with seeing none; it needs at least one")
    without = [Row(f"without {name}", replace(base, leave_out=name), types=(name,)) for name in types]
    return [Row(SEEN_0, replace(base, seen=0), types=types), *without]


TABLES: dict[str, Callable[[TrainSettings, Dataset], list[Row]]] = {
    "modules": modules,
    "generation": generation,
    "ratio": ratio,
    "seen": seen,
    "leave-one-out": leave_one_out,
}


def rows_of(table: str, base: TrainSettings, dataset: Dataset) -> list[Row]:
    """The rows of a table. Raises SettingsError for an unknown table or settings that leave nothing to compare, DatasetError."""
    if table not in TABLES:
        raise SettingsError(f"--table {table}: unknown; one of {', '.join(TABLES)}")
    return TABLES[table](base, dataset)
