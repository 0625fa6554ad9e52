from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from edge_inspector.cli import history, recipes
from edge_inspector.engine.bundle import read_manifest, seal
from edge_inspector.errors import SettingsError, StoreError
from edge_inspector.settings import Recipe
from edge_inspector.store.database import open_database
from edge_inspector.store.recipes import activate, import_recipe
from edge_inspector.store.recording import record
from tests.bundles import make_bundle
from tests.unit.store.entries import EPOCH, verdict
from tests.unit.store.test_recording import NOW

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def run(*arguments: object) -> Result:
    app = typer.Typer()
    history.register(app)
    recipes.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "results.db"
    engine = open_database(f"sqlite:///{path}")
    with engine.begin() as connection:
        record(connection, "line1", [("verdict", verdict(seq)) for seq in range(1, 11)], NOW)
    for accept in (0.5, 0.4):
        rules = {"accept_threshold": accept, "reject_threshold": 0.6, "region_threshold": 0.5}
        recipe = {"name": "ring", "bundle": "demo", "decision": rules, "gate": {"reject_window_ms": 200}}
        import_recipe(engine, Recipe.model_validate(recipe))
    activate(engine, "ring", 1)
    engine.dispose()
    return path


@pytest.mark.parametrize("form", ["path", "url"])
def test_query_prints_one_object_with_rows_and_counts(database: Path, form: str) -> None:
    result = run("history", "query", "--db", database if form == "path" else f"sqlite:///{database}", "--limit", 4, "--json")
    answer = json.loads(result.stdout)
    assert [row["seq"] for row in answer["rows"]] == [7, 8, 9, 10]
    assert answer["counts"] == {"parts": 10, "accepted": 5, "rejected": 5, "missed": 0, "review": 0, "late": 0, "acked": 0}
    assert answer["times"]["latency_ms"]["p50"] == 12.0


def test_query_filters(database: Path) -> None:
    asked = ("--verdict", "reject", "--outcome", "rejected", "--recipe", "ring", "--since", "2026-01-02T03:00:05")
    answer = json.loads(run("history", "query", "--db", database, *asked, "--json").stdout)
    assert [row["seq"] for row in answer["rows"]] == [6, 8, 10]
    assert answer["counts"]["parts"] == 3


def test_query_is_readable(database: Path) -> None:
    lines = run("history", "query", "--db", database, "--limit", 2).stdout.splitlines()
    assert lines[0] == f"2026-01-02T03:00:09.250Z  line1-{EPOCH}-9  accepted accept  0.125  none  ring:1"
    assert lines[-1] == "parts 10, accepted 5, rejected 5, missed 0, review 0, late 0, acked 0"


def test_export_writes_the_file_and_nothing_to_stdout(database: Path, tmp_path: Path) -> None:
    result = run("history", "export", "--db", database, "--out", tmp_path / "out.csv", "--outcome", "accepted")
    assert result.stdout == ""
    assert "5 parts written" in result.stderr
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [row["seq"] for row in csv.DictReader(file)] == ["1", "3", "5", "7", "9"]


def test_what_is_wrong_is_named(database: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="verdict = 'bad'"):
        run("history", "query", "--db", database, "--verdict", "bad")
    with pytest.raises(StoreError, match=r"absent\.db: no such database"):
        run("history", "query", "--db", tmp_path / "absent.db")
    with pytest.raises(SettingsError, match="ring:x"):
        run("recipes", "export", "--db", database, "ring:x")
    with pytest.raises(StoreError, match="no recipe nut; there is ring:1, ring:2"):
        run("recipes", "activate", "--db", database, "nut")
    assert not (tmp_path / "absent.db").exists()


def test_recipes_go_out_and_in_again(database: Path, tmp_path: Path) -> None:
    listed = json.loads(run("recipes", "list", "--db", database, "--json").stdout)["recipes"]
    assert [(row["name"], row["version"], row["active"]) for row in listed] == [("ring", 1, True), ("ring", 2, False)]
    assert run("recipes", "list", "--db", database).stdout.startswith("* ring:1")
    run("recipes", "export", "--db", database, "ring:1", "--out", tmp_path / "ring.toml")
    assert run("recipes", "export", "--db", database, "ring:1").stdout == (tmp_path / "ring.toml").read_text()
    assert run("recipes", "activate", "--db", database, "ring").stdout == "ring:2 is active\n"
    assert json.loads(run("recipes", "list", "--db", database, "--json").stdout)["recipes"][1]["active"]


def test_an_imported_recipe_holds_every_threshold_and_is_not_active_yet(database: Path, tmp_path: Path) -> None:
    make_bundle(tmp_path / "bundles" / "small")
    (tmp_path / "nut.toml").write_text('name = "nut"\nbundle = "bundles/small"\n[gate]\nreject_window_ms = 200\n')
    for new in (True, False):
        answer = json.loads(run("recipes", "import", "--db", database, tmp_path / "nut.toml", "--json").stdout)
        assert answer == {"name": "nut", "version": 1, "new": new}
    stored = tomllib.loads(run("recipes", "export", "--db", database, "nut").stdout)
    assert set(stored["decision"]) >= {"accept_threshold", "reject_threshold", "region_threshold"}
    listed = json.loads(run("recipes", "list", "--db", database, "--json").stdout)["recipes"]
    assert [row["name"] for row in listed if row["active"]] == ["ring"]


def test_an_imported_recipe_takes_the_thresholds_of_its_own_precision(database: Path, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundles" / "small")
    manifest = read_manifest(bundle)
    quantised = manifest.thresholds[0].model_copy(update={"precision": "int8", "accept_threshold": 0.3})
    seal(bundle, manifest.model_copy(update={"thresholds": (*manifest.thresholds, quantised)}))
    text = 'name = "nut"\nbundle = "bundles/small"\nprecision = "int8"\n[gate]\nreject_window_ms = 200\n'
    (tmp_path / "nut.toml").write_text(text)
    run("recipes", "import", "--db", database, tmp_path / "nut.toml")
    stored = tomllib.loads(run("recipes", "export", "--db", database, "nut").stdout)
    assert stored["decision"]["accept_threshold"] == 0.3
