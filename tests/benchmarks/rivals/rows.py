"""How a row comes about: stages in child processes, each kept on disk with its cost the moment it is done."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_inspector.errors import DatasetError
from edge_inspector.evaluation import metrics
from tests.benchmarks import ledger
from tests.benchmarks.rivals import maps
from tests.benchmarks.rivals.environment import REQUIREMENTS, SCRIPT, anomalib_version, interpreter, say
from tests.benchmarks.rivals.process import Cost, run
from tests.benchmarks.rivals.sets import LAYOUT, SEED, Images
from tests.benchmarks.rivals.table import Accuracy, Row, Timing, code_digest, digest, row_of

NAME = "rivals"  # of the ledger's entries
SIZE = 256
NEIGHBOURS, FEATURES = 9, 100  # anomalib's defaults: of PatchCore, and of PaDiM's small backbone
FITTED = ("fit", "run", "export")
OWN = "weights"  # the normalisation that belongs to the backbone's weights
BACKENDS = ("openvino", "onnxruntime")
TIMED = 200  # images through each exported graph: enough for a median


@dataclass(frozen=True)
class Bench:
    """What all rows share. ``record``: whole sets go into the ledger; ``again``: stages run again though they are on disk."""

    name: str
    images: Images
    seen: int
    threads: int
    cache: Path
    loaded: bool
    minutes: float
    coreset: float
    normalisation: str
    bundle: Path | None
    record: bool
    again: bool


def row(bench: Bench, method: str) -> Row:
    """The row of a method, from the ledger where it has one that holds. Raises ChildError, DatasetError, and the errors of bundles."""
    return prn(bench) if method == "prn" else anomalib(bench, method)


# --------------------------------------------------------------------------------------------------------------- anomalib


def settings_of(bench: Bench, method: str) -> dict[str, float]:
    """The method's own settings."""
    return {"features": FEATURES} if method == "padim" else {"coreset": bench.coreset, "neighbours": NEIGHBOURS}


def anomalib(bench: Bench, method: str) -> Row:
    """A row that depends on anomalib, its script, the data and our metrics, and on no other code of ours."""
    fitted = {
        "set": bench.name,
        "method": method,
        "settings": settings_of(bench, method),
        "normalisation": bench.normalisation,
        "anomalib": anomalib_version(),
        "pins": hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12],
        "script": code_digest(SCRIPT),
        "data": bench.images.digest,
    }
    judged = {"seen": bench.seen, "tested": bench.images.tested_digest, "metrics": code_digest(Path(metrics.__file__), Path(maps.__file__))}
    key = {**fitted, **judged}
    folder = bench.cache / "runs" / f"{bench.name}-{method}-{digest(fitted)}"
    found = _recorded(bench, ledger.newest(NAME, key))
    if found and not (found.loaded and quiet(folder)):
        return found
    work = folder.with_name(folder.name + ".again") if bench.again else folder
    made = _anomalib_row(bench, method, work)
    if work != folder:
        shutil.rmtree(folder, ignore_errors=True)
        work.rename(folder)
    return _record(bench, key, made)


def _anomalib_row(bench: Bench, method: str, folder: Path) -> Row:
    python = interpreter(bench.cache, bench.images.test[0].path)
    plan = _write_plan(bench, method, folder)
    fit, eager, export = (stage(bench, folder, name, [python, SCRIPT, name, plan, folder]) for name in FITTED)
    timed = _timed(bench, folder, folder / export.figures["onnx"])
    say(f"{method}: metrics ...")
    return Row(
        method=method,
        version=_version(bench, method),
        n_good=bench.images.counts[0],
        n_bad=bench.images.counts[1],
        accuracy=_accuracy(bench, folder, eager.figures["scores"]),
        training=_timing(fit, fit.figures["seconds"]),
        torch=_timing(eager, eager.figures["ms"]),
        openvino=timed["openvino"],
        onnxruntime=timed["onnxruntime"],
        model_mb=export.figures["onnx_mb"],
    )


def _version(bench: Bench, method: str) -> str:
    settings = [f"{name} {value:g}" for name, value in settings_of(bench, method).items()]
    other = [] if bench.normalisation == OWN else ["its default normalisation"]
    return ", ".join([f"anomalib {anomalib_version()}", *settings, *other])


def _write_plan(bench: Bench, method: str, folder: Path) -> Path:
    """All test images, so that one run serves every number of seen ones."""
    plan = {
        "method": method,
        "train": [str(sample.path) for sample in bench.images.train],
        "test": [str(sample.path) for sample in bench.images.test],
        "settings": settings_of(bench, method),
        "seed": SEED,
        "size": SIZE,
        "threads": bench.threads,
        "normalisation": bench.normalisation,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "plan.json"
    path.write_text(json.dumps(plan), encoding="utf-8")
    return path


def _accuracy(bench: Bench, folder: Path, scores: Sequence[float]) -> Accuracy:
    number = {sample.path: index for index, sample in enumerate(bench.images.test)}
    chosen = [number[sample.path] for sample in bench.images.tested]
    return maps.accuracy(bench.images.tested, [scores[i] for i in chosen], [folder / "maps" / f"{i:05d}.npy" for i in chosen])


# -------------------------------------------------------------------------------------------------------------------- PRN


def prn(bench: Bench) -> Row:
    """Our own row, of this very commit; trained by the command line, or of the bundle given."""
    made_of: dict[str, object] = {"bundle": manifest_digest(bench.bundle)} if bench.bundle else {"minutes": bench.minutes, "seed": SEED}
    key = {
        "set": bench.name,
        "method": "prn",
        "data": bench.images.digest,
        "seen": bench.seen,
        "tested": bench.images.tested_digest,
    } | made_of
    if found := _recorded(bench, ledger.known(NAME, key)):
        return found
    folder = bench.cache / "runs" / f"{bench.name}-prn-{digest({**key, 'commit': ledger.commit()})}"
    if bench.again or ledger.commit().endswith("+"):
        shutil.rmtree(folder, ignore_errors=True)
    return _record(bench, key, _prn_row(bench, folder))


def manifest_digest(bundle: Path) -> str:
    """Of a bundle's manifest, which names the sha256 of every other file of it."""
    return digest({"manifest": (bundle / "manifest.toml").read_text(encoding="utf-8")})


def _prn_row(bench: Bench, folder: Path) -> Row:
    folder.mkdir(parents=True, exist_ok=True)
    bundle, data = bench.bundle or folder / "bundle", ("--data", bench.images.root, "--layout", LAYOUT)
    made = [*data, "--out", bundle, "--seen", bench.seen, "--seed", SEED, "--max-minutes", bench.minutes]
    if not (folder / "train.json").exists():
        shutil.rmtree(folder / "bundle", ignore_errors=True)  # killed before its cost was written
    train = None if bench.bundle else stage(bench, folder, "train", _edge("train", *made))
    tested = stage(bench, folder, "evaluate", _edge("evaluate", "--model", bundle, *data)).figures
    if (tested["n_good"], tested["n_bad"]) != bench.images.counts:
        raise DatasetError(
            f"{bundle}: evaluated on {tested['n_good']} good and {tested['n_bad']} bad images; the others on {bench.images.counts}"
        )
    timed = _timed(bench, folder, bundle / "model.onnx")
    return Row(
        method="prn",
        version=f"seen {bench.seen}, " + (f"{train.figures['steps']} steps" if train else "bundle given"),
        n_good=tested["n_good"],
        n_bad=tested["n_bad"],
        accuracy=Accuracy(**{name: tested[name] for name in Accuracy.__dataclass_fields__}),
        training=_timing(train, 60 * train.figures["minutes"]) if train else None,
        torch=None,
        openvino=timed["openvino"],
        onnxruntime=timed["onnxruntime"],
        model_mb=(bundle / "model.onnx").stat().st_size / 1e6,
    )


def _edge(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "edge_inspector", *map(str, arguments), "--json"]


# ----------------------------------------------------------------------------------------------------------------- stages


@dataclass(frozen=True)
class Stage:
    """A finished stage: what it found, what it cost."""

    figures: dict[str, Any]
    cost: Cost


def stage(bench: Bench, folder: Path, name: str, command: Sequence[str | Path]) -> Stage:
    """A stage as an earlier start left it, or run now. Its figures are what it prints, or leaves in NAME.figures.json."""
    path, left = folder / f"{name}.json", folder / f"{name}.figures.json"
    if not path.exists():
        say(f"{folder.name}: {name} ...")
        output, cost = run(command, bench.threads, loaded=bench.loaded)
        figures = json.loads(left.read_text(encoding="utf-8") if left.exists() else output)
        draft = path.with_suffix(".part")
        draft.write_text(json.dumps({"figures": figures, "cost": cost.as_json()}), encoding="utf-8")
        draft.replace(path)
    stored = json.loads(path.read_text(encoding="utf-8"))
    return Stage(stored["figures"], Cost(**stored["cost"]))


def quiet(folder: Path) -> bool:
    """Whether all stages of an anomalib row are on disk, and none was run under load."""
    files = [folder / f"{name}.json" for name in (*FITTED, *BACKENDS)]
    return all(file.exists() and not json.loads(file.read_text(encoding="utf-8"))["cost"]["loaded"] for file in files)


def _timed(bench: Bench, folder: Path, graph: Path) -> dict[str, Timing]:
    """The exported graph through both backends."""
    listed = folder / "timed.json"
    test = [str(sample.path) for sample in bench.images.test]
    listed.write_text(json.dumps({"test": test[:: -(-len(test) // TIMED)]}), encoding="utf-8")
    child = [sys.executable, "-m", "tests.benchmarks.rivals.exported", str(graph)]
    stages = {name: stage(bench, folder, name, [*child, name, str(bench.threads), str(listed)]) for name in BACKENDS}
    return {name: _timing(done, done.figures["ms"]) for name, done in stages.items()}


def _timing(done: Stage, time: float) -> Timing:
    return Timing(time, done.cost.peak_mb, done.cost.threads, done.cost.loaded)


# ----------------------------------------------------------------------------------------------------------------- ledger


def _recorded(bench: Bench, entry: dict[str, Any] | None) -> Row | None:
    return row_of(entry["result"]) if entry and bench.record and not bench.again else None


def _record(bench: Bench, key: dict[str, Any], made: Row) -> Row:
    if bench.record:
        ledger.record(NAME, key, made.as_json())
    return made
