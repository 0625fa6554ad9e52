"""Which recipe a line runs after a start, on which bundle; and what the control socket accepts as a threshold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import tomli_w
from sqlalchemy import Engine as Database

from edge_inspector.engine.bundle import load_bundle, read_manifest, seal
from edge_inspector.engine.forms import key_of
from edge_inspector.engine.registry import open_engine
from edge_inspector.engine.stub import StubEngine
from edge_inspector.errors import BundleError, SettingsError, StateError, StoreError, UnprovenError
from edge_inspector.judge import Judge
from edge_inspector.line.control import LineControl
from edge_inspector.line.plan import Plan, make_plan
from edge_inspector.line.process import activate_file_recipe
from edge_inspector.outputs.reject import RejectLink
from edge_inspector.pipeline.engine_loop import JudgeFactory
from edge_inspector.pipeline.events import EngineFailed, EngineReady
from edge_inspector.records import LOCAL, Caller, Role, State
from edge_inspector.settings import Recipe
from edge_inspector.settings.manifest import Thresholds
from edge_inspector.store import audit, recipes
from edge_inspector.store.database import open_database
from edge_inspector.wire.server import Encoded
from tests.bundles import make_bundle
from tests.certificates import RULES, certificate
from tests.unit.line.bench import Bench, bench, judge


def write(folder: Path, **recipe: object) -> Plan:
    """A station in ``folder`` with two bundles, small and other."""
    for name in ("small", "other"):
        if not (folder / name).exists():
            make_bundle(folder / name, bundle_id=name)
    (folder / "state").mkdir(exist_ok=True)
    station = {"station": "s", "recipe": "recipe.toml", "camera": [{"driver": "simulated", "size": 64}]}
    content = {"name": "ring", "bundle": str(folder / "small"), "gate": {"reject_window_ms": 100.0}} | recipe
    (folder / "station.toml").write_text(tomli_w.dumps(station))
    (folder / "recipe.toml").write_text(tomli_w.dumps(content))
    return make_plan(folder / "station.toml")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    engine = open_database(f"sqlite:///{tmp_path}/results.db")
    yield engine
    engine.dispose()


def test_the_file_is_imported_once_and_again_when_it_changes(tmp_path: Path, database: Database) -> None:
    assert activate_file_recipe(database, write(tmp_path)).label == "ring:1"
    assert activate_file_recipe(database, write(tmp_path)).label == "ring:1"
    assert activate_file_recipe(database, write(tmp_path, product="another")).label == "ring:2"


@pytest.mark.parametrize("name", ["ring", "disc"], ids=["another bundle", "another recipe"])
def test_what_was_chosen_since_survives_a_restart(tmp_path: Path, database: Database, name: str) -> None:
    """A restart must not bring back the recipe of the product that ran before."""
    plan = write(tmp_path)
    activate_file_recipe(database, plan)
    chosen = plan.recipe.model_copy(update={"name": name, "bundle": str(tmp_path / "other")})
    version, _ = recipes.import_recipe(database, chosen)
    recipes.activate(database, name, version)
    active = activate_file_recipe(database, write(tmp_path))
    assert (active.label, active.recipe().bundle) == (f"{name}:{version}", str(tmp_path / "other"))


def test_thresholds_are_those_of_the_recipe_s_precision(tmp_path: Path) -> None:
    own = Thresholds(precision="int8", accept_threshold=0.3, reject_threshold=0.5, region_threshold=0.5, evidence="a test's")
    write(tmp_path)
    manifest = read_manifest(tmp_path / "small")
    seal(tmp_path / "small", manifest.model_copy(update={"thresholds": (*manifest.thresholds, own)}))
    assert write(tmp_path, precision="auto").recipe.decision.accept_threshold == 0.4
    assert write(tmp_path, precision="int8").recipe.decision.accept_threshold == 0.3
    seal(tmp_path / "small", manifest.model_copy(update={"thresholds": ()}))
    with pytest.raises(SettingsError, match="proposes none at f32"):
        write(tmp_path)


def test_an_unknown_product_of_the_simulated_camera_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "station.toml"
    path.write_text(path.read_text().replace('driver = "simulated"', 'driver = "simulated", product = "cube"'))
    with pytest.raises(SettingsError, match=r"cube.*ring"):
        make_plan(path)


def test_a_window_in_counts_is_refused_for_a_camera_that_tells_none(tmp_path: Path) -> None:
    gate = {"reject_window_counts": 600}
    with pytest.raises(SettingsError, match=r"reject_window_counts = 600.*camera cam0 tells no encoder count"):
        write(tmp_path, gate=gate)
    path = tmp_path / "station.toml"
    path.write_text(path.read_text().replace('driver = "simulated"', 'driver = "simulated", trigger = "ipc://belt"'))
    assert make_plan(path).recipe.gate.reject_window_counts == 600


@contextmanager
def control(folder: Path, database: Database) -> Iterator[tuple[Bench, LineControl]]:
    plan = write(folder)
    with bench(folder) as b:
        link = cast("RejectLink", b.link)
        made = LineControl(
            plan.station, b.controller, b.conditions, database, lambda: {}, lambda _params: Encoded(b"{}"), link, open_engine
        )
        yield b, made


@pytest.mark.parametrize(
    "params",
    [
        {"accept_threshold": True},
        {"accept_threshold": "0.5"},
        {"region_threshold": None},
        {"accept_threshold": 7},
        {"colour": 1},
        {},
        {"roi": None},
        {"roi": [[0, 0], [9, 0], [9, 9]]},
        {"roi": [[[0, 0], [9, 0]]]},
        {"dont_care": [[[0, 0], [9, 0], ["9", 9]]]},
        {"dont_care": [[[0, 0], [9, 0], [9, 1e9]]]},
    ],
    ids=str,
)
def test_a_threshold_that_is_no_number_is_refused_and_changes_nothing(tmp_path: Path, database: Database, params: dict[str, Any]) -> None:
    with control(tmp_path, database) as (b, made):
        b.execute()
        with pytest.raises(SettingsError):
            made.handlers()["threshold"](params)
        assert (recipes.list_recipes(database), b.pipeline.loads) == ([], [])


def test_polygons_become_a_version_of_their_callers_on_the_engine_that_runs(tmp_path: Path, database: Database) -> None:
    triangle = [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0]]
    with control(tmp_path, database) as (b, made), made_ready(b) as running:
        made_by = Caller("Anna", Role.ENGINEER)
        steps: tuple[dict[str, Any], ...] = ({"roi": [triangle], "dont_care": [triangle, triangle]}, {"dont_care": []})
        for params in steps:
            made.handlers()["threshold"](params, made_by)
        active = recipes.active(database)
        assert active is not None
        decision = active.recipe().decision.model_dump(mode="json")
        assert (decision["roi"], decision["dont_care"]) == ([triangle], [])
        assert b.controller.judge is not None
        assert b.controller.judge.engine is running.engine
    assert {actor for actor, _, _ in audit.about(database, active.label)} == {"Anna"}


@contextmanager
def made_ready(b: Bench) -> Iterator[Judge]:
    """A line that executes; each judge that it is asked to load is loaded at once, as the engine's thread would."""
    b.execute()
    running = b.controller.judge
    assert running is not None

    def load(factory: JudgeFactory) -> None:
        b.controller.tell(EngineReady(factory()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(b.pipeline, "load", load)
        yield running


def of_int8(b: Bench, bundle: Path, precision: str) -> Judge:
    """It runs int8, as its certificate allows it for the bundle's own rules."""
    found = load_bundle(bundle)
    engine = StubEngine(found)
    engine.form_key = key_of(found, "stub", "1", "cpu", "int8")
    recipe = Recipe.model_validate(
        {"name": "ring", "bundle": str(bundle), "precision": precision, "gate": {"reject_window_ms": 100.0}, "decision": RULES.model_dump()}
    )
    made = Judge(engine, recipe, "ring:1", certificate(engine.form_key))
    b.ask(lambda: b.controller.swap(lambda: made, b.controller.judge))
    b.feed(EngineReady(made))
    return made


def test_a_threshold_for_which_a_named_precision_is_not_proven_is_refused(tmp_path: Path, database: Database) -> None:
    with control(tmp_path, database) as (b, made), made_ready(b):
        running = of_int8(b, tmp_path / "small", "int8")
        remedy = r"models verify .*small --backend stub --precision int8 --recipe FILE.*recipes export ring"
        with pytest.raises(UnprovenError, match=remedy):
            made.handlers()["threshold"]({"accept_threshold": 0.2})
        assert (b.controller.judge, b.state(), recipes.list_recipes(database)) == (running, State.CONTINUOUS_EXECUTION, [])
        made.handlers()["threshold"]({"accept_threshold": 0.4})  # as it was verified
        assert b.controller.judge is not None
        assert b.controller.judge.engine is running.engine


def test_a_threshold_for_which_auto_s_form_is_not_proven_brings_float32(tmp_path: Path, database: Database) -> None:
    with control(tmp_path, database) as (b, made), made_ready(b):
        of_int8(b, tmp_path / "small", "auto")
        b.feed(b.gate(11))
        made.handlers()["threshold"]({"accept_threshold": 0.2})
        judge = b.controller.judge
        assert judge is not None
        with closing(judge.engine):
            assert (judge.engine.precision, judge.recipe.precision, judge.label) == ("f32", "auto", "ring:1")
            assert (judge.recipe.decision.accept_threshold, b.pipeline.executing) == (0.2, False)  # until the PLC is armed anew
            b.feed(b.answer())
            assert b.state() is State.CONTINUOUS_EXECUTION


def test_a_threshold_for_another_engine_s_rules_is_refused(tmp_path: Path, database: Database) -> None:
    with control(tmp_path, database) as (b, made), made_ready(b):
        of_int8(b, tmp_path / "small", "auto")
        opening = made._opening

        def replaced(recipe: Recipe, label: str) -> JudgeFactory:
            b.feed(EngineReady(judge("r:7")))
            return opening(recipe, label)

        made._opening = replaced  # type: ignore[method-assign]
        with pytest.raises(StateError, match="changed by somebody else"):
            made.handlers()["threshold"]({"accept_threshold": 0.2})


def test_a_threshold_that_cannot_run_now_is_not_made_the_active_one(tmp_path: Path, database: Database) -> None:
    with control(tmp_path, database) as (b, made):
        b.execute()
        b.ask(lambda: b.controller.change(lambda: judge("r:9")))  # on its way
        with pytest.raises(StateError, match="being loaded"):
            made.handlers()["threshold"]({"accept_threshold": 0.2})
        assert recipes.active(database) is None
        assert [entry["action"] for entry in audit.entries(database, 3)] == ["recipe.withdraw", "recipe.activate", "recipe.import"]
        b.feed(EngineReady(judge("r:9")))


def refuse_records(database: Database, table: str) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql(f"CREATE TRIGGER full BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'disk full'); END")


def test_a_threshold_that_cannot_be_recorded_does_not_decide(tmp_path: Path, database: Database) -> None:
    with control(tmp_path, database) as (b, made), made_ready(b) as running:
        made.handlers()["threshold"]({"accept_threshold": 0.2})
        decides = b.controller.judge
        refuse_records(database, "recipe_activations")
        with pytest.raises(StoreError, match="disk full"):
            made.handlers()["threshold"]({"accept_threshold": 0.3})
        assert b.controller.judge is decides is not running
        active = recipes.active(database)
        assert active is not None
        assert active.recipe().decision.accept_threshold == 0.2


def test_a_recipe_whose_engine_does_not_load_is_taken_back(tmp_path: Path, database: Database) -> None:
    plan = write(tmp_path)
    before = activate_file_recipe(database, plan)
    recipes.import_recipe(database, plan.recipe.model_copy(update={"product": "another"}))
    with control(tmp_path, database) as (b, made), made_ready(b) as running:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(b.pipeline, "load", lambda _factory: b.controller.tell(EngineFailed(BundleError("no memory"))))
            with pytest.raises(StateError, match="no memory"):
                made.handlers()["recipe"]({"name": "ring"})
        assert b.controller.judge is running
    active = recipes.active(database)
    assert (active and active.label) == before.label
    assert [action for _, action, _ in audit.about(database, "ring:2")] == ["recipe.import", "recipe.activate", "recipe.withdraw"]


def test_an_activation_that_cannot_be_taken_back_is_logged(tmp_path: Path, database: Database, expected_warnings: list[str]) -> None:
    expected_warnings.append("recipe ring:1 is on record as the active one, and does not run")
    version, _ = recipes.import_recipe(database, write(tmp_path).recipe)
    with pytest.raises(StateError, match="busy"), recipes.activating(database, "ring", version):
        refuse_records(database, "audit")
        raise StateError("busy")


def test_a_recipe_that_names_no_bundle_of_ours_is_refused_and_the_line_goes_on(tmp_path: Path, database: Database) -> None:
    with control(tmp_path, database) as (b, made):
        b.execute()
        recipe = write(tmp_path).recipe.model_copy(update={"bundle": str(tmp_path / "nowhere")})
        recipes.import_recipe(database, recipe)
        with pytest.raises(BundleError, match="nowhere"):
            made.handlers()["recipe"]({"name": "ring"})
        assert b.state().value == "ContinuousExecution"


class Slow:
    """A load that ends when the test says so: what the controller was given to load, and the judge that it brings."""

    def __init__(self, b: Bench, late: Judge) -> None:
        self.b, self.late = b, late

    def give_up(self) -> Judge:
        """Ask for it, wait in vain, and have what ran before loaded instead; returns what that is."""
        before = self.b.controller.judge
        assert before is not None
        loading = self.b.ask(lambda: self.b.controller.change(lambda: self.late))
        self.b.ask(lambda: self.b.controller.give_up(loading, lambda: before))
        return before


def test_a_recipe_that_loads_too_late_never_runs(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings += ["recipe other:2 is loaded too late", "recipe ring:2 is loaded too late", "condition engine"]
    with bench(tmp_path) as b:
        b.execute(10)
        before = Slow(b, judge("other:2")).give_up()
        b.feed(EngineReady(judge("other:2")))
        assert (b.controller.judge, b.state(), len(b.pipeline.armed)) == (before, State.READY, 1)
        assert b.pipeline.loads[-1]() is before
        b.took(10)
        b.controller.tell(EngineReady(before))
        b.feed(b.answer())
        assert (b.controller.judge, b.state()) == (before, State.CONTINUOUS_EXECUTION)


def test_rules_that_come_too_late_judge_no_part_either(tmp_path: Path, expected_warnings: list[str]) -> None:
    """They are swapped without a stop, so the engine's thread would judge by them until what ran before is there again."""
    expected_warnings += ["recipe other:2 is loaded too late"]
    with bench(tmp_path) as b:
        b.execute(10)
        before = b.controller.judge
        assert before is not None
        loading = b.ask(lambda: b.controller.swap(lambda: judge("other:2"), before))
        assert b.state() is State.CONTINUOUS_EXECUTION
        b.ask(lambda: b.controller.give_up(loading, lambda: before))
        assert (b.state(), b.pipeline.executing) == (State.READY, False)
        b.feed(EngineReady(judge("other:2")))
        assert not b.pipeline.executing
        b.feed(EngineReady(before))
        b.feed(b.answer())
        assert (b.controller.judge, b.state()) == (before, State.CONTINUOUS_EXECUTION)


def test_who_waits_is_told_only_once_it_runs(tmp_path: Path) -> None:
    """Whoever is told asks for the status next, and must not be shown the rules before."""
    with bench(tmp_path) as b:
        b.execute(10)
        found, seen = judge("other:2"), list[object]()
        loading = b.ask(lambda: b.controller.swap(lambda: found, b.controller.judge))
        loading.add_done_callback(lambda _: seen.append((b.controller.judge, b.state())))
        b.feed(EngineReady(found))
        assert seen == [(found, State.CONTINUOUS_EXECUTION)]


def test_one_that_fails_after_all_leaves_what_ran(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.execute(10)
        before = Slow(b, judge("other:2")).give_up()
        b.feed(EngineFailed(RuntimeError("no memory")))
        assert (b.controller.judge, b.active()) == (before, ())


def test_where_what_ran_cannot_be_loaded_again_nothing_runs(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings += ["recipe other:2 is loaded too late", "recipe ring:2 is loaded too late", "condition engine"]
    with bench(tmp_path) as b:
        b.execute(10)
        Slow(b, judge("other:2")).give_up()
        b.feed(EngineReady(judge("other:2")), EngineFailed(RuntimeError("no memory")))
        assert (b.controller.judge, b.state(), b.active()) == (None, State.ERROR, ("engine",))
        with pytest.raises(StateError, match="restart the line"):
            b.ask(b.controller.start)


def test_what_has_been_loaded_cannot_be_given_up(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.execute(10)
        found = judge("other:2")
        loading = b.ask(lambda: b.controller.change(lambda: found))
        b.feed(EngineReady(found))
        with pytest.raises(StateError, match="has been loaded"):
            b.ask(lambda: b.controller.give_up(loading, lambda: found))
        assert loading.result(0.0) is found


def test_a_request_that_waits_in_vain_is_taken_back(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch, expected_warnings: list[str]
) -> None:
    """The record, the answer and what runs say the same."""
    expected_warnings += ["recipe other:2 is loaded too late", "recipe ring:2 is loaded too late", "condition engine"]
    plan = write(tmp_path)
    before = activate_file_recipe(database, plan)
    recipes.import_recipe(database, plan.recipe.model_copy(update={"product": "another"}))
    monkeypatch.setattr(LineControl._activate, "__defaults__", (LOCAL.name, 0.05))  # seconds of patience
    with control(tmp_path, database) as (b, made):
        b.execute()
        running = b.controller.judge
        with pytest.raises(StateError, match="did not load within"):
            made.handlers()["recipe"]({"name": "ring"})
        b.feed(EngineReady(judge("ring:2")))
        assert b.controller.judge is running
    active = recipes.active(database)
    assert (active and active.label) == before.label
