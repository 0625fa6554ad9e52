"""A table of an ablation as rows of figures, Markdown and CSV, the paper's figures beside ours.

In rows and CSV all metrics are 0..1; Markdown prints per cent, as the paper does.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_inspector.training.tables import SEEN_0, Paper, Row

METRICS = ("image_auroc", "pixel_auroc", "aupro", "pixel_ap")
_PAPER = """Paper: PRN, CVPR 2023, mean over MVTec AD; of the full method on btad, dagm and kolektor2 that on the same set. T in seconds an
image on a V100S. I, P, O, A: image AUROC, pixel AUROC, AUPRO to 0.3, pixel AP, in per cent."""


@dataclass(frozen=True)
class Done:
    """A row and what was measured: the content of its JSON file."""

    row: Row
    found: dict[str, Any]


@dataclass(frozen=True)
class Files:
    """What was written, and the rows as figures."""

    rows: tuple[dict[str, Any], ...]
    markdown: Path
    csv: Path


def write_table(out: Path, table: str, title: str, done: Sequence[Done]) -> Files:
    """Write ``out``/<table>.md and .csv. Raises OSError."""
    leaving = table == "leave-one-out"
    rows = left_out_rows(done) if leaving else [figures(each) for each in done]
    files = Files(tuple(rows), out / f"{table}.md", out / f"{table}.csv")
    files.csv.write_text(as_csv(rows), encoding="utf-8", newline="")
    body = _left_out_markdown(rows) if leaving else _markdown(rows) + f"\n\n{_PAPER}"
    files.markdown.write_text(f"# {title}\n\n{body}\n", encoding="utf-8")
    return files


def figures(done: Done) -> dict[str, Any]:
    """One row: our metrics, time, size, and the paper's metrics (None where it has no such row)."""
    test, paper = done.found["tests"][""], done.row.paper
    ours = {name: test[name] for name in (*METRICS, "ms_per_image", "n_good", "n_bad")}
    made = {name: done.found[name] for name in ("prototypes", "steps", "minutes")}
    return {"row": done.row.name, **ours, **made, **_paper(paper)}


def _paper(paper: Paper | None) -> dict[str, float | None]:
    found: dict[str, float | None] = {f"paper_{name}": round(getattr(paper, name) / 100, 4) if paper else None for name in METRICS}
    return {**found, "paper_seconds": paper.seconds if paper else None}


def left_out_rows(done: Sequence[Done]) -> list[dict[str, Any]]:
    """One row a left-out type: image AUROC on it after seeing the others, after seeing none, and the gain; last their means."""
    blind = next(each.found["tests"] for each in done if each.row.name == SEEN_0)
    rows = [_left_out(kind, blind, each) for each in done if each.row.name != SEEN_0 for kind in each.row.types]
    if rows:
        names = ("image_auroc", "image_auroc_seen_0", "difference")
        means = {name: sum(row[name] for row in rows) / len(rows) for name in names}
        rows.append({"left_out": "mean", "n_good": rows[0]["n_good"], "n_bad": sum(row["n_bad"] for row in rows), **means})
    return rows


def _left_out(kind: str, blind: dict[str, Any], each: Done) -> dict[str, Any]:
    with_others, without = each.found["tests"][kind]["image_auroc"], blind[kind]["image_auroc"]
    counts = {name: blind[kind][name] for name in ("n_good", "n_bad")}
    aurocs = {"image_auroc": with_others, "image_auroc_seen_0": without, "difference": with_others - without}
    return {"left_out": kind, **counts, **aurocs}


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """The rows under their keys; an empty field where there is no figure."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()


def _markdown(rows: Sequence[dict[str, Any]]) -> str:
    head = ("row", "I", "P", "O", "A", "ms an image", "K", "minutes", "paper I", "P", "O", "A", "T")
    return _grid(head, [_cells(row) for row in rows])


def _cells(row: dict[str, Any]) -> list[str]:
    ours = [_percent(row[name], 2) for name in METRICS]
    papers = [_percent(row[f"paper_{name}"], 1) for name in METRICS]
    made = [f"{row['ms_per_image']:.1f}", str(row["prototypes"]), f"{row['minutes']:.1f}"]
    return [row["row"], *ours, *made, *papers, "" if row["paper_seconds"] is None else f"{row['paper_seconds']:.3f}"]


def _left_out_markdown(rows: Sequence[dict[str, Any]]) -> str:
    head = ("left out", "defective", "good", "image AUROC, others seen", "image AUROC, none seen", "difference")
    return _grid(head, [_left_out_cells(row) for row in rows])


def _left_out_cells(row: dict[str, Any]) -> list[str]:
    counts = [str(row["n_bad"]), str(row["n_good"])]
    return [row["left_out"], *counts, _percent(row["image_auroc"], 2), _percent(row["image_auroc_seen_0"], 2), f"{row['difference']:+.4f}"]


def _percent(value: float | None, digits: int) -> str:
    return "" if value is None else f"{100 * value:.{digits}f}"


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
