"""An ablation: each row of a table trained, evaluated as any bundle is, and kept on disk the moment it is done.

OUT/rows/<name>-<key>.json    one row; the key is a digest of its settings, its data, and the code that trains and evaluates
OUT/making/<name>-<key>       its bundle, only until it is evaluated
OUT/<table>.md, <table>.csv   the table, written anew after each row
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

import edge_inspector
from edge_inspector.engine.bundle import MANIFEST, load_bundle
from edge_inspector.engine.registry import open_engine
from edge_inspector.errors import DatasetError, TrainingError
from edge_inspector.evaluation.evaluate import evaluate
from edge_inspector.evaluation.layouts import Dataset, load_dataset, pick_seen, sha256_file
from edge_inspector.labels.marks import marks_file
from edge_inspector.training.data import texture_files
from edge_inspector.training.options import TrainSettings, check
from edge_inspector.training.progress import Listener, Silent, watch
from edge_inspector.training.report import Done, Files, write_table
from edge_inspector.training.run import train
from edge_inspector.training.tables import Row, rows_of
from edge_inspector.version import __version__

# What decides no figure: what runs a line or a desk, and what asks for rows and draws tables of them. A row made by other code than
# is here now is made again, so whatever is not named here counts, what a later version adds too.
NOT_CODE = frozenset(
    (
        *("camera", "cli", "desk", "gateway", "line", "outputs", "pipeline", "rehearsal", "store", "wire", "__main__.py", "service.py"),
        *(f"training/{name}.py" for name in ("ablate", "tables", "report", "retrain", "material")),
    )
)


@dataclass(frozen=True)
class Ablation:
    """A finished table; ``made`` of its rows were trained this time, the others were there."""

    table: str
    rows: tuple[dict[str, Any], ...]
    markdown: Path
    csv: Path
    made: int


@dataclass(frozen=True)
class _Bench:
    """What every row of a table is measured on. ``kept_out`` are tested by no row, so that all are tested on the same images."""

    table: str
    out: Path
    dataset: Dataset
    kept_out: frozenset[Path]
    stamp: str
    listener: Listener


def ablate(base: TrainSettings, table: str, out: Path, listener: Listener | None = None) -> Ablation:
    """Train and evaluate every row of ``table`` that is not in ``out`` yet; ``base.out`` is not used.

    Raises SettingsError (wrong use), DatasetError, ImageError, TrainingError naming the row; rows that are done stay done.
    """
    listener = listener or Silent()
    dataset = load_dataset(base.data, base.layout)
    base = replace(base, out=out / "making" / "none")
    check(base)
    # Each row by itself, as the command would: what a training takes where nothing is said is its own settings' matter.
    rows = [replace(row, settings=check(row.settings)) for row in rows_of(table, base, dataset)]
    kept_out = () if table == "leave-one-out" else pick_seen(dataset, base.seen, base.seed)
    bench = _Bench(table, out, dataset, frozenset(s.path for s in kept_out), _stamp(dataset, base), listener)
    return _whole(bench, rows)


def _whole(bench: _Bench, rows: Sequence[Row]) -> Ablation:
    done: list[Done] = []
    made = 0
    title = _title(bench, rows)
    for number, row in enumerate(rows, 1):
        found = stored(bench, row)
        bench.listener.note(f"row {number} of {len(rows)}: {row.name}{' (done before)' if found else ''}")
        made += found is None
        done.append(Done(row, found or measure(bench, row)))
        files = _written(bench, title, done)
    return Ablation(bench.table, files.rows, files.markdown, files.csv, made)


def _written(bench: _Bench, title: str, done: Sequence[Done]) -> Files:
    try:
        return write_table(bench.out, bench.table, title, done)
    except OSError as error:
        raise TrainingError(
            f"table {bench.table} cannot be written: {error}; its {len(done)} finished rows are kept in {bench.out}"
        ) from error


def _title(bench: _Bench, rows: Sequence[Row]) -> str:
    first = rows[0].settings
    steps = f", {first.steps} steps" if first.steps else ""
    return f"{bench.table}: {bench.dataset.root.resolve().name} ({bench.dataset.layout}), {first.backbone}, seed {first.seed}{steps}"


# ------------------------------------------------------------------------------------------------------------------ one row


def stored(bench: _Bench, row: Row) -> dict[str, Any] | None:
    """The row as an earlier start left it, or None. A file that is not whole counts for nothing."""
    for path in (bench.out / "rows").glob(f"*-{key_of(bench, row)}.json"):
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if set(found["tests"]) == set(row.types):
                return found
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def measure(bench: _Bench, row: Row) -> dict[str, Any]:
    """Train, evaluate and keep one row; its bundle is dropped."""
    name = f"{_slug(row.name)}-{key_of(bench, row)}"
    folder = bench.out / "making" / name
    try:
        if not (folder / MANIFEST).is_file():  # killed between training and evaluation: the bundle is whole
            train(replace(row.settings, out=folder), bench.listener)
        found = _tested(bench, row, folder)
        _keep(bench.out / "rows" / f"{name}.json", found)
    except (TrainingError, OSError) as error:
        raise TrainingError(f"row '{row.name}' of table {bench.table}: {error}; the rows before it are kept in {bench.out}") from error
    shutil.rmtree(folder, ignore_errors=True)
    return found


def _tested(bench: _Bench, row: Row, folder: Path) -> dict[str, Any]:
    bundle = load_bundle(folder)
    with closing(open_engine(bundle)) as engine:
        tests = {kind: evaluate(engine, test_set(bench, kind), watch(bench.listener, "evaluating")).as_json() for kind in row.types}
    training = bundle.manifest.training
    return {
        "name": row.name,
        "key": key_of(bench, row),
        "settings": settings_of(row.settings),
        "tests": tests,
        "prototypes": bundle.manifest.prototypes.k,
        "steps": training.steps,
        "minutes": training.minutes,
        "version": __version__,
        "torch": torch.__version__,
        "utc": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "host": f"{platform.machine()}, {os.cpu_count()} cores",
    }


def test_set(bench: _Bench, kind: str) -> Dataset:
    """The data set without what is kept out and, where ``kind`` is a defect type, without the other types."""
    shown = [sample for sample in bench.dataset.samples if sample.path not in bench.kept_out]
    kept = tuple(sample for sample in shown if not kind or sample.label == "good" or sample.defect == kind)
    if not any(sample.split == "test" and sample.label == "bad" for sample in kept):
        raise DatasetError(f"{bench.dataset.root}: no defective test image{f' of type {kind}' if kind else ''} is left; lower --seen")
    return replace(bench.dataset, samples=kept)


def _keep(path: Path, found: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(found, indent=1), encoding="utf-8")
    draft.replace(path)


# ------------------------------------------------------------------------------------------------------------------- keys


def key_of(bench: _Bench, row: Row) -> str:
    """What tells a row from another: settings, types tested, images kept out, data and code."""
    kept_out = sorted(os.path.relpath(path, bench.dataset.root) for path in bench.kept_out)
    text = json.dumps([settings_of(row.settings), row.types, kept_out, bench.stamp], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def settings_of(settings: TrainSettings) -> dict[str, Any]:
    """The settings that decide what is learnt, as JSON."""
    own = {name: value for name, value in asdict(settings).items() if name not in ("out", "max_minutes", "data")}
    found: dict[str, Any] = json.loads(json.dumps(own, default=str))
    return found


def _stamp(dataset: Dataset, base: TrainSettings) -> str:
    """Of the data (names and content of images, masks and the marks beside them, textures and a backbone's weights), the code and torch."""
    files = {path for sample in dataset.samples for path in (sample.path, *sample.masks)}
    files |= {marks for sample in dataset.samples for mask in sample.masks if (marks := marks_file(mask)).is_file()}
    files.update(texture_files(base.textures), [base.backbone_weights] if base.backbone_weights else [])
    listed = [f"{os.path.relpath(path, dataset.root)} {sha256_file(path)}" for path in sorted(files)]
    return hashlib.sha256("\n".join([*listed, code_digest(), torch.__version__, __version__]).encode()).hexdigest()


def code_digest() -> str:
    """Of the code that may decide a figure, comments and layout aside."""
    package = Path(edge_inspector.__file__).parent
    digest = hashlib.sha256()
    for name in code_files(package):
        digest.update(name.encode() + ast.dump(ast.parse((package / name).read_text(encoding="utf-8"))).encode())
    return digest.hexdigest()


def code_files(package: Path) -> list[str]:
    """The package's files that may decide a figure, as posix paths inside it."""
    names = sorted(path.relative_to(package).as_posix() for path in package.rglob("*.py"))
    return [name for name in names if not NOT_CODE & {name, name.partition("/")[0]}]


def _slug(name: str) -> str:
    return "-".join("".join(c if c.isalnum() and c.isascii() else " " for c in name).split())[:40]
