"""A new defect comes up: what retraining makes of 1, 5 and 10 labelled cracks, on $EDGE_DATA/magnetic_tile.

python -m tests.benchmarks.retrain [--max-minutes 20] [--add 1 5 10] [--split image|tile] [--parent DIR]

A bundle is trained that knows blowhole and break alone (seen 10, seed 0), then retrained with each number of cracks, the smaller sets
parts of the larger, 10 minutes each. Before and after: recall (threshold: 95 % quantile of the good test images) on 30 cracks that are
never used, and image AUROC of every type. The set shows each tile under up to six exposures: split ``image`` draws the 30 from all cracks,
as was asked; ``tile`` keeps the exposures of a tile on one side (28 cracks, as whole tiles allow). Each step goes into the ledger when it
is done; bundles stay in build/retrain. To try the script out: --steps 2 --limit 14.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from edge_inspector.engine.bundle import MANIFEST, bundle_hash, load_bundle
from edge_inspector.engine.registry import open_engine
from edge_inspector.evaluation.by_type import by_type, scored
from edge_inspector.evaluation.layouts import Sample, load_dataset, sha256_file
from tests.benchmarks import ledger
from tests.benchmarks.line import DATA, edge, measure

KNOWN, NEW = ("blowhole", "break"), "crack"
HOLD_OUT, SEED, SEEN = 30, 0, 10
MINUTES, MOST_LOST = 10.0, 0.01


@dataclass(frozen=True)
class Plan:
    """What was asked on the command line; ``limit`` is the most images taken of each folder, to try the script out."""

    max_minutes: float
    counts: tuple[int, ...]
    split: str
    steps: int | None
    limit: int | None
    parent: Path | None
    commit: str

    def key(self, **more: object) -> dict[str, Any]:
        """What tells a measurement from another."""
        asked = {"seen": SEEN, "seed": SEED, "max_minutes": self.max_minutes, "steps": self.steps, "limit": self.limit}
        named = {"parent": bundle_hash(load_bundle(self.parent).manifest)[:12]} if self.parent else {}
        return {name: value for name, value in {**asked, **named, "split": self.split, **more}.items() if value is not None}

    @property
    def folder(self) -> Path:
        """Where data sets and bundles of this plan and commit lie."""
        words = (self.commit, self.split, f"{self.max_minutes:g}", f"{self.steps or 'all'}", f"{self.limit or 'all'}")
        return ledger.ROOT / "build" / "retrain" / "-".join(words)


# ------------------------------------------------------------------------------------------------------------------- the images


def known_set(plan: Plan, root: Path) -> Path:
    """The data set of the first bundle, as links: all good images, and the known defects."""
    for part in ("train/good", "test/good", *(f"{side}/{name}" for side in ("test", "ground_truth") for name in KNOWN)):
        link(files(plan, part), root / part)
    return root


def files(plan: Plan, part: str) -> list[Path]:
    """The files of a folder of the set, by name, so many as the plan allows."""
    return sorted((DATA / "magnetic_tile" / part).iterdir())[: plan.limit]


def cracks(plan: Plan) -> tuple[list[Path], list[Path]]:
    """The cracks held out, and those to learn from, in drawn order."""
    found = files(plan, f"test/{NEW}")
    groups = tiles(found) if plan.split == "tile" else [[path] for path in found]
    drawn = [groups[number] for number in np.random.default_rng(SEED).permutation(len(groups))]
    most = len(found) // 2 if plan.limit else HOLD_OUT
    held: list[Path] = []
    rest: list[Path] = []
    for group in drawn:
        (held if len(held) + len(group) <= most else rest).extend(group)
    order = np.random.default_rng([SEED, 1]).permutation(len(rest))
    return held, [rest[number] for number in order]


def tiles(found: Sequence[Path]) -> list[list[Path]]:
    """expE_num_N: by rising N, each tile's exposures E follow each other; where E does not rise, another tile begins."""
    groups: list[list[Path]] = []
    last = 99
    for path in sorted(found, key=lambda path: int(path.stem.split("_")[2])):
        exposure = int(path.stem.split("_")[0].removeprefix("exp"))
        if exposure <= last:
            groups.append([])
        groups[-1].append(path)
        last = exposure
    return groups


def added_set(plan: Plan, root: Path, count: int) -> Path:
    """A folder of the first ``count`` cracks to learn from, with their masks."""
    chosen = cracks(plan)[1][:count]
    link(chosen, root / "test" / NEW)
    link([DATA / "magnetic_tile" / "ground_truth" / NEW / f"{path.stem}_mask.png" for path in chosen], root / "ground_truth" / NEW)
    return root


def link(paths: Sequence[Path], folder: Path) -> None:
    """The same files in a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in paths:
        (folder / path.name).symlink_to(path.resolve())


def tested(plan: Plan, parent: Path) -> list[Sample]:
    """Every test image of the whole set that no bundle of this plan has learnt from; of the cracks those held out."""
    learnt = {*(trained := load_bundle(parent).manifest.training).seen, *trained.images}
    held = set(cracks(plan)[0])
    samples = load_dataset(DATA / "magnetic_tile", "mvtec").part("test")
    shown = {path for name in {sample.defect for sample in samples} for path in files(plan, f"test/{name}")}
    kept = [s for s in samples if s.path in shown and (s.path in held or s.defect != NEW)]
    return [s for s in kept if sha256_file(s.path) not in learnt]


# -------------------------------------------------------------------------------------------------------------------- the steps


def report(plan: Plan, folder: Path, parent: Path) -> dict[str, Any]:
    """Figures of a bundle by type."""
    with closing(open_engine(load_bundle(folder))) as engine:
        return by_type(scored(engine, tested(plan, parent))).as_json()


def trained_parent(plan: Plan) -> Path:
    """The first bundle: the one named, or one trained now unless an earlier start did."""
    folder = plan.parent or plan.folder / "parent"
    if not (folder / MANIFEST).is_file():
        data = known_set(plan, plan.folder / "magnetic_tile_known")
        edge("train", "--data", str(data), "--layout", "mvtec", "--seen", str(SEEN), "--out", str(folder), *limits(plan, plan.max_minutes))
    return folder


def limits(plan: Plan, minutes: float) -> tuple[str, ...]:
    """The options that end a training."""
    steps = ("--steps", str(plan.steps)) if plan.steps else ()
    return ("--max-minutes", f"{minutes:g}", *steps)


def first(plan: Plan) -> dict[str, Any]:
    """Train and measure the bundle that knows no crack."""
    began = time.monotonic()
    folder = trained_parent(plan)
    minutes = (time.monotonic() - began) / 60
    return {**report(plan, folder, folder), "wall_minutes": round(minutes, 2), "train": asdict_of(folder)}


def asdict_of(folder: Path) -> dict[str, Any]:
    """Steps and minutes as the manifest states them."""
    training = load_bundle(folder).manifest.training
    return {"steps": training.steps, "planned_steps": training.planned_steps, "minutes": training.minutes}


def again(plan: Plan, count: int, before: dict[str, Any]) -> dict[str, Any]:
    """Retrain with ``count`` cracks, and measure that."""
    parent, out = trained_parent(plan), plan.folder / f"with-{count}"
    shutil.rmtree(out, ignore_errors=True)
    add = added_set(plan, plan.folder / f"cracks-{count}", count)
    data = known_set(plan, plan.folder / "magnetic_tile_known")
    began = time.monotonic()
    asked = ("--model", str(parent), "--add", str(add), "--layout", "mvtec", "--data", str(data), "--out", str(out))
    told = edge("retrain", *asked, *limits(plan, MINUTES))
    minutes = (time.monotonic() - began) / 60
    after = report(plan, out, parent)
    return {
        **compared(before, after),
        "wall_minutes": round(minutes, 2),
        "steps": told["steps"],
        "minutes": told["minutes"],
        "after": after,
    }


def compared(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Recall of the new type, and what the other types lost at most (image AUROC; below 0 all gained)."""
    lost = {
        name: round(row["image_auroc"] - after["types"][name]["image_auroc"], 4) for name, row in before["types"].items() if name != NEW
    }
    return {"recall": [before["types"][NEW]["recall"], after["types"][NEW]["recall"]], "lost": lost, "most_lost": max(lost.values())}


def table(before: dict[str, Any], rows: dict[int, dict[str, Any]]) -> str:
    """Image AUROC by type, and recall of the cracks, as Markdown."""
    types = list(before["types"])
    head = ["cracks added", f"recall of {before['types'][NEW]['n']} cracks", *types, "most lost", "minutes"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    cells = {
        0: [before, "", before["wall_minutes"]],
        **{n: [row["after"], row["most_lost"], row["wall_minutes"]] for n, row in rows.items()},
    }
    for count, (found, lost, minutes) in cells.items():
        figures = [f"{found['types'][name]['image_auroc']:.3f}" for name in types]
        lines.append("| " + " | ".join([str(count), f"{found['types'][NEW]['recall']:.3f}", *figures, str(lost), str(minutes)]) + " |")
    return "\n".join(lines)


def passed(rows: dict[int, dict[str, Any]]) -> dict[str, bool]:
    """What was asked: recall up each time, from the bundle before and with each larger set; no other type loses; in time."""
    recalls = [row["recall"] for row in rows.values()]
    return {
        "recall above before": all(after > before for before, after in recalls),
        "recall rises with the number": all(a[1] < b[1] for a, b in pairwise(recalls)),
        f"no other type lost more than {MOST_LOST}": all(row["most_lost"] <= MOST_LOST for row in rows.values()),
        f"within {MINUTES:g} minutes": all(row["wall_minutes"] <= MINUTES for row in rows.values()),
    }


def main() -> None:
    """Every step that the ledger has not got for this commit; then the table and what was asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--max-minutes", type=float, default=20.0)
    parser.add_argument("--add", type=int, nargs="+", default=[1, 5, 10])
    parser.add_argument("--split", choices=("image", "tile"), default="image")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--parent", type=Path)
    asked = parser.parse_args()
    plan = Plan(asked.max_minutes, tuple(sorted(asked.add)), asked.split, asked.steps, asked.limit, asked.parent, ledger.commit())
    before = measure("retrain-parent", plan.key(), lambda: first(plan))
    rows = {n: measure("retrain", plan.key(cracks=n), lambda n=n: again(plan, n, before)) for n in plan.counts}  # type: ignore[misc]
    sys.stdout.write(f"{table(before, rows)}\n{json.dumps(passed(rows))}\n")


if __name__ == "__main__":
    main()
