"""Tables, keys, going on after a stop, and one row in earnest. Where a test needs many trainings, one bundle stands for all of them."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner

import edge_inspector
from edge_inspector.cli import ablate as command
from edge_inspector.engine.bundle import load_bundle
from edge_inspector.errors import BundleError, DatasetError, SettingsError, TrainingError
from edge_inspector.evaluation.layouts import defect_types, load_dataset
from edge_inspector.images import decode_mask, encode_png
from edge_inspector.prn.evidence import EVIDENCE
from edge_inspector.training import ablate as ablation
from edge_inspector.training.ablate import Ablation, ablate, code_files
from edge_inspector.training.options import TrainSettings, check
from edge_inspector.training.progress import Silent
from edge_inspector.training.report import Done, write_table
from edge_inspector.training.run import TrainResult
from edge_inspector.training.tables import TABLES, Row
from tests.unit.training.parts import trained_bundle, write_set


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight defects of two types; the first four are those of the bundle that ``trained_bundle`` makes."""
    root = write_set(tmp_path_factory.mktemp("parts") / "discs", defects=8)
    for folder in ("test", "ground_truth"):
        (root / folder / "scratch").mkdir()
        for path in sorted((root / folder / "stain").iterdir())[4:]:
            path.rename(root / folder / "scratch" / path.name)
    return root


def base(parts: Path, **changes: object) -> TrainSettings:
    settings = TrainSettings(parts, "mvtec", parts, seen=2, seed=1, steps=2, device="cpu", k=2, batch=4, size=(128, 128))
    return replace(settings, **changes)  # type: ignore[arg-type]


class Trainings:
    """Stands in for training: records what was asked and gives a copy of one bundle; fails at the row numbered ``fail``."""

    def __init__(self, bundle: Path) -> None:
        self.bundle = bundle
        self.asked: list[TrainSettings] = []
        self.fail = -1

    def __call__(self, settings: TrainSettings, listener: object) -> None:
        if len(self.asked) == self.fail:
            raise TrainingError("the disk is full")
        self.asked.append(settings)
        shutil.copytree(self.bundle, settings.out)


@pytest.fixture
def trainings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Trainings:
    stand_in = Trainings(trained_bundle(tmp_path_factory).folder)
    monkeypatch.setattr(ablation, "train", stand_in)
    return stand_in


def test_one_row_in_earnest(parts: Path, tmp_path: Path) -> None:
    made = ablate(base(parts, seen=0, loss=replace(base(parts).loss, most=1.0)), "seen", tmp_path)
    assert (made.made, [row["row"] for row in made.rows]) == (1, ["seen 0"])
    row = made.rows[0]
    assert 0.0 <= row["image_auroc"] <= 1.0
    assert 0.0 <= row["pixel_ap"] <= 1.0
    assert (row["prototypes"], row["steps"], row["n_good"], row["n_bad"]) == (2, 2, 1, 8)
    kept = json.loads(next((tmp_path / "rows").iterdir()).read_text())
    assert kept["settings"]["loss"]["most"] == 1.0
    assert kept["tests"][""]["image_auroc"] == row["image_auroc"]
    assert list((tmp_path / "making").iterdir()) == []
    again = ablate(base(parts, seen=0, loss=replace(base(parts).loss, most=1.0)), "seen", tmp_path)
    assert (again.made, again.rows) == (0, made.rows)


def test_a_table_is_made_once_and_goes_on_where_it_stopped(parts: Path, tmp_path: Path, trainings: Trainings) -> None:
    trainings.fail = 2
    with pytest.raises(TrainingError, match=r"row 'recalled \+ simulated' of table generation: the disk is full; the rows before it"):
        ablate(base(parts), "generation", tmp_path)
    assert len(list((tmp_path / "rows").iterdir())) == 2
    assert "| full |" in (tmp_path / "generation.md").read_text()
    trainings.fail = -1
    whole = ablate(base(parts), "generation", tmp_path)
    assert (whole.made, len(whole.rows)) == (5, 7)
    assert [settings.anomalies for settings in trainings.asked[:2]] == [base(parts).anomalies, ("extended", "simulated")]
    again = ablate(base(parts), "generation", tmp_path)
    assert (again.made, again.rows) == (0, whole.rows)
    assert len(trainings.asked) == 7


def test_tables_share_their_rows_and_other_settings_do_not(parts: Path, tmp_path: Path, trainings: Trainings) -> None:
    assert ablate(base(parts, seen=1), "seen", tmp_path).made == 2  # seen 0 and 1: the last is what others call full
    found = ablate(base(parts, seen=1), "generation", tmp_path)
    assert (found.made, found.rows[0]["row"]) == (6, "full")
    assert ablate(base(parts, seen=1, seed=2), "seen", tmp_path).made == 2


def changed_data(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = parts / "train/good/000.png"
    path.write_bytes(path.read_bytes() + b"\0")


def painted_anew(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another mask in a file of the same size: what an uncompressed format always gives."""
    path = parts / "ground_truth/stain/000_mask.png"
    size, mask = path.stat().st_size, decode_mask(path)
    others = (encode_png((np.roll(mask, rows, 0) * np.uint8(255))[:, :, None]) for rows in range(1, 128))
    path.write_bytes(next(other for other in others if len(other) <= size).ljust(size, b"\0"))


def changed_code(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ablation, "code_digest", lambda: "of other code")


def unchanged(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing."""


def damaged_row(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = next((parts.parent / "out" / "rows").iterdir())
    path.write_text(path.read_text()[:40])


Change = Callable[[Path, pytest.MonkeyPatch], None]
CHANGES: dict[str, tuple[Change, int]] = {
    "data": (changed_data, 1),
    "a mask": (painted_anew, 1),
    "code": (changed_code, 1),
    "a damaged file": (damaged_row, 1),
    "nothing": (unchanged, 0),
}


@pytest.mark.parametrize(("change", "made"), CHANGES.values(), ids=CHANGES.keys())
def test_a_row_counts_only_for_the_same_data_and_code(
    parts: Path, tmp_path: Path, trainings: Trainings, monkeypatch: pytest.MonkeyPatch, change: Change, made: int
) -> None:
    copy = tmp_path / "discs"
    shutil.copytree(parts, copy)
    ablate(base(copy, seen=0), "seen", tmp_path / "out")
    change(copy, monkeypatch)
    assert ablate(base(copy, seen=0), "seen", tmp_path / "out").made == made


def test_the_code_of_a_figure_leaves_nothing_out_that_training_or_evaluation_imports() -> None:
    package = Path(edge_inspector.__file__).parent
    counted, found = set(code_files(package)), {"training/run.py"}
    waiting = ["training/run.py", "evaluation/evaluate.py", "engine/registry.py", "engine/openvino.py", "engine/onnxruntime.py"]
    while waiting:
        name = waiting.pop()
        assert name in counted
        text = (package / name).read_text(encoding="utf-8")
        for module in re.findall(r"^\s*(?:from|import) edge_inspector\.([\w.]+)", text, re.MULTILINE):
            path = module.replace(".", "/")
            file = f"{path}.py" if (package / f"{path}.py").is_file() else f"{path}/__init__.py"
            if file not in found:
                found.add(file)
                waiting.append(file)
    assert {"labels/propose.py", "prn/codebook.py", "judge.py", "settings/manifest.py"} <= found


def test_textures_and_weights_that_change_make_other_rows(parts: Path, tmp_path: Path) -> None:
    textures, weights = tmp_path / "textures", tmp_path / "weights.bin"
    textures.mkdir()
    shutil.copy(parts / "train/good/000.png", textures)
    weights.write_bytes(b"a")
    settings, dataset = base(parts, textures=textures, backbone_weights=weights), load_dataset(parts, "mvtec")
    stamps = [ablation._stamp(dataset, settings)]
    weights.write_bytes(b"b")
    stamps.append(ablation._stamp(dataset, settings))
    shutil.copy(parts / "train/good/001.png", textures / "000.png")
    stamps.append(ablation._stamp(dataset, settings))
    assert len({*stamps}) == 3


def test_a_bundle_that_a_kill_left_is_not_trained_again(
    parts: Path, tmp_path: Path, trainings: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(ablation, "evaluate", killed)
        ablate(base(parts, seen=0), "seen", tmp_path)
    assert ablate(base(parts, seen=0), "seen", tmp_path).made == 1
    assert len(trainings.asked) == 1


def test_each_type_is_left_out_and_tested_alone(parts: Path, tmp_path: Path, trainings: Trainings) -> None:
    found = ablate(base(parts), "leave-one-out", tmp_path)
    assert [(settings.seen, settings.leave_out) for settings in trainings.asked] == [(0, ""), (2, "scratch"), (2, "stain")]
    assert [row["left_out"] for row in found.rows] == ["scratch", "stain", "mean"]
    assert [row["n_bad"] for row in found.rows] == [4, 2, 6]  # two stains are among the stand-in bundle's own
    assert all(row["difference"] == row["image_auroc"] - row["image_auroc_seen_0"] == 0.0 for row in found.rows)
    assert "| scratch | 4 | 1 |" in found.markdown.read_text()


@pytest.mark.parametrize("table", ["seen", "leave-one-out"])
def test_a_row_trains_as_the_command_does(table: str, parts: Path, tmp_path: Path, trainings: Trainings) -> None:
    ablate(base(parts), table, tmp_path)
    asked = {settings.seen: settings.form for settings in trainings.asked}
    for seen in (0, 2):
        assert asked[seen] == check(base(parts, seen=seen, out=tmp_path / f"none{seen}")).form
        assert asked[seen].evidence == EVIDENCE


def test_a_table_that_cannot_be_written_says_what_is_kept(
    parts: Path, tmp_path: Path, trainings: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(TrainingError, match=r"seen cannot be written: .*No space left.*1 finished rows"):
        patched.setattr(ablation, "write_table", full)
        ablate(base(parts), "seen", tmp_path)
    assert ablate(base(parts), "seen", tmp_path).made == 2


def test_every_row_of_a_table_is_tested_on_the_same_images(parts: Path, tmp_path: Path, trainings: Trainings) -> None:
    found = ablate(base(parts, seen=4), "seen", tmp_path)
    assert len({row["n_bad"] for row in found.rows}) == 1


def test_the_papers_figures_stand_beside_ours(parts: Path, tmp_path: Path, trainings: Trainings) -> None:
    found = ablate(base(parts, k=None), "ratio", tmp_path)
    lines = [line for line in found.markdown.read_text().splitlines() if line.startswith("| 100 %") or line.startswith("| 10 %")]
    assert [line.split("|")[-6:-1] for line in lines] == [
        [" 99.4 ", " 99.0 ", " 96.1 ", " 78.6 ", " 0.064 "],
        [" 86.2 ", " 91.4 ", " 75.4 ", " 49.9 ", " 0.074 "],
    ]
    with found.csv.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["paper_pixel_ap"]) for row in rows] == [0.781, 0.786, 0.773, 0.499]
    assert [float(row["image_auroc"]) for row in rows] == [row["image_auroc"] for row in found.rows]


def test_a_set_without_masks_leaves_fields_empty(parts: Path, tmp_path: Path) -> None:
    test = {"image_auroc": 0.5, "pixel_auroc": None, "aupro": None, "pixel_ap": None, "ms_per_image": 9.0, "n_good": 1, "n_bad": 2}
    done = Done(Row("full", base(parts)), {"tests": {"": test}, "prototypes": 2, "steps": 3, "minutes": 0.1})
    files = write_table(tmp_path, "modules", "title", [done])
    assert "| full | 50.00 |  |  |  | 9.0 | 2 | 0.1 |  |" in files.markdown.read_text()


WRONG = {  # table, changes -> error, message
    "table": ("modulus", {}, SettingsError, "--table modulus: unknown; one of modules, generation"),
    "generation without seen": ("generation", {"seen": 0}, SettingsError, "at least one"),
    "leaving out without seen": ("leave-one-out", {"seen": 0}, SettingsError, "at least one"),
    "steps": ("seen", {"steps": 0}, SettingsError, "--steps 0"),
    "seed": ("seen", {"seed": -1}, SettingsError, "--seed -1: must be at least 0"),
    "too many seen": ("seen", {"seen": 9}, DatasetError, r"9 seen images asked for \(--seen\); it has 8"),
    "none left to test": ("seen", {"seen": 8}, DatasetError, "lower --seen"),
}


@pytest.mark.parametrize(("table", "changes", "error", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_use_is_named(
    parts: Path, tmp_path: Path, trainings: Trainings, table: str, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ablate(base(parts, **changes), table, tmp_path)


def test_leaving_one_out_needs_two_types(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="1 defect types"):
        ablate(base(write_set(tmp_path / "discs")), "leave-one-out", tmp_path / "out")


def test_training_sees_nothing_of_a_type_left_out(parts: Path) -> None:
    from edge_inspector.evaluation.layouts import sha256_file
    from edge_inspector.training.data import load_training_data

    assert defect_types(load_dataset(parts, "mvtec")) == ("scratch", "stain")
    data = load_training_data(parts, "mvtec", 4, 0, (64, 64), without="stain")
    assert set(data.seen_hashes) == {sha256_file(path) for path in (parts / "test/scratch").iterdir()}
    with pytest.raises(DatasetError, match="no defect type 'rust'; it has scratch, stain"):
        load_training_data(parts, "mvtec", 4, 0, (64, 64), without="rust")


def test_the_command_delegates_and_prints_one_object(parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def stand_in(settings: TrainSettings, table: str, out: Path, listener: Silent) -> Ablation:
        asked.extend((settings, table, out))
        (tmp_path / "seen.md").write_text("| row |\n")
        return Ablation(table, ({"row": "seen 0"},), tmp_path / "seen.md", tmp_path / "seen.csv", 1)

    monkeypatch.setattr(ablation, "ablate", stand_in)
    app = Typer()
    command.register(app)
    options = ["--data", str(parts), "--layout", "mvtec", "--table", "seen", "--seen", "3", "--steps", "5", "--seed", "7"]
    result = CliRunner().invoke(app, [*options, "--json"])
    assert json.loads(result.stdout)["rows"] == [{"row": "seen 0"}]
    settings, table, out = asked
    assert (settings.data, settings.layout, settings.seen, settings.steps, settings.seed) == (parts, "mvtec", 3, 5, 7)
    assert (table, out) == ("seen", Path("ablation/discs"))
    assert CliRunner().invoke(app, options).stdout == "| row |\n\n"


def test_every_table_of_the_command_line_exists() -> None:
    assert list(TABLES) == ["modules", "generation", "ratio", "seen", "leave-one-out"]


def test_a_bundle_names_its_backbone_and_older_heads_are_read(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    from edge_inspector.training.export import HEAD, load_network

    trained: TrainResult = trained_bundle(tmp_path_factory)
    with safe_open(trained.folder / HEAD, framework="pt") as file:
        metadata = file.metadata()
    assert metadata["backbone"] == load_bundle(trained.folder).manifest.backbone == "efficientnet_lite0"
    whole = json.loads(metadata["form"])
    form = {name: whole[name] for name in ("fused", "joined", "attention", "decoder", "last", "scale")}
    older = tmp_path / "older"
    shutil.copytree(trained.folder, older)
    save_file(load_file(older / HEAD), older / HEAD, metadata={"form": json.dumps({**form, "difference": "squared"})})
    assert load_network(older, (5,)).backbone.name == "efficientnet_lite0"
    tensors = load_file(older / HEAD)
    tensors["decoder.enter.0.weight"] = tensors.pop("decoder.lower.0.weight")  # as heads were before they became lighter
    save_file(tensors, older / HEAD, metadata={"form": json.dumps({**form, "difference": "squared", "refine_stride": 4})})
    with pytest.raises(BundleError, match="bundle of an older version runs as it is, but must be trained anew"):
        load_network(older, (5,))


def test_the_demo_bundle_answers_as_when_it_was_made() -> None:
    """torch's network of it, by today's code, gives the maps stored then."""
    import torch

    from edge_inspector.evaluation.equivalence import load_references
    from edge_inspector.training.export import load_network

    bundle = load_bundle(Path(__file__).resolve().parents[3] / "models" / "demo")
    references = load_references(bundle)
    network = load_network(bundle.folder, bundle.manifest.score.pixels)
    with torch.no_grad():
        maps, scores, chosen = network(torch.from_numpy(np.stack([reference.image for reference in references])))
    for number, reference in enumerate(references):
        assert np.abs(maps[number].numpy() - reference.answer.anomaly_map).max() < 1e-4
        assert abs(float(scores[number]) - reference.answer.image_score) < 1e-4
        assert tuple(chosen[number].tolist()) == reference.answer.prototypes
