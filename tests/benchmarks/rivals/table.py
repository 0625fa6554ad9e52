"""A row of the comparison, what identifies it, and the table for people."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

NONE = "–"
Key = Mapping[str, Any]


@dataclass(frozen=True)
class Accuracy:
    """Each 0..1; the pixel metrics are None where no mask marks anything."""

    image_auroc: float
    image_ap: float
    pixel_auroc: float | None
    aupro: float | None
    pixel_ap: float | None


@dataclass(frozen=True)
class Timing:
    """Seconds to train, or milliseconds an image, and the peak resident memory of the process that did it.

    ``loaded``: the machine had other work, so that the time is no measure of the method.
    """

    time: float
    peak_mb: float
    threads: int
    loaded: bool


@dataclass(frozen=True)
class Row:
    """One method. ``torch`` is eager mode; the other two run the exported graph of ``model_mb``. None: not measured."""

    method: str
    version: str
    n_good: int
    n_bad: int
    accuracy: Accuracy
    training: Timing | None
    torch: Timing | None
    openvino: Timing
    onnxruntime: Timing
    model_mb: float

    @property
    def timings(self) -> dict[str, Timing | None]:
        """By the heading they have in the table."""
        return {"training": self.training, "torch": self.torch, "OpenVINO": self.openvino, "ONNX Runtime": self.onnxruntime}

    @property
    def loaded(self) -> bool:
        """Whether any time was taken while the machine had other work."""
        return any(timing.loaded for timing in self.timings.values() if timing)

    def as_json(self) -> dict[str, Any]:
        """For the ledger."""
        return asdict(self)


def row_of(stored: Mapping[str, Any]) -> Row:
    """The row that `Row.as_json` gave. Raises TypeError where fields are lacking or unknown."""
    timings = {name: stored[name] and Timing(**stored[name]) for name in ("training", "torch", "openvino", "onnxruntime")}
    return Row(**{**stored, **timings, "accuracy": Accuracy(**stored["accuracy"])})


def digest(key: Key) -> str:
    """Twelve hex digits of a key, whatever its order."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:12]


def code_digest(*files: Path) -> str:
    """Twelve hex digits of what Python files do: comments, docstrings and layout make no difference."""
    trees = [ast.dump(_without_docstrings(ast.parse(file.read_text(encoding="utf-8")))) for file in files]
    return hashlib.sha256("\n".join(trees).encode()).hexdigest()[:12]


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return tree


# --------------------------------------------------------------------------------------------------------------- Markdown

_ACCURACY = {"image AUROC": "image_auroc", "image AP": "image_ap", "pixel AUROC": "pixel_auroc", "AUPRO": "aupro", "pixel AP": "pixel_ap"}
_TIMES = {"training": "s", "torch": "ms", "OpenVINO": "ms", "ONNX Runtime": "ms"}
_FOOT = (
    "Times: training from files to model; an image, batch 1, median, from decoded image to map and score, float32. MB beside a time: peak "
    "resident memory of that process; model MB: the exported graph."
)
_LOADED = "\\* taken while the machine had other work: no measure of the method; `--remeasure-times` on a quiet one replaces it."


def markdown(title: str, rows: Sequence[Row]) -> str:
    """The table with its title and what its figures mean."""
    times = [f"{name} {what}" for name, unit in _TIMES.items() for what in (unit, "MB")]
    head = ["method", *_ACCURACY, *times, "model MB"]
    grid = [head, ["---"] + ["---:"] * (len(head) - 1), *map(_cells, rows)]
    lines = [f"# {title}", "", *("| " + " | ".join(cells) + " |" for cells in grid), "", f"{_FOOT} Threads: {_threads(rows)}."]
    if any(row.loaded for row in rows):
        lines += ["", _LOADED]
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> list[str]:
    accuracies = [_share(getattr(row.accuracy, field)) for field in _ACCURACY.values()]
    times = [cell for name, timing in row.timings.items() for cell in _time(timing, _TIMES[name])]
    return [f"{row.method} ({row.version})", *accuracies, *times, f"{row.model_mb:.1f}"]


def _share(value: float | None) -> str:
    return NONE if value is None else f"{value:.4f}"


def _time(timing: Timing | None, unit: str) -> tuple[str, str]:
    if timing is None:
        return NONE, NONE
    text = f"{timing.time:.0f}" if unit == "s" else f"{timing.time:.1f}"
    return text + ("\\*" if timing.loaded else ""), f"{timing.peak_mb:.0f}"


def _threads(rows: Sequence[Row]) -> str:
    return " or ".join(map(str, sorted({timing.threads for row in rows for timing in row.timings.values() if timing})))
