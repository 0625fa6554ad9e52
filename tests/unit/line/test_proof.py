"""Which forms a line runs: with a certificate that passed; in float32 also without one; never with one that failed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import Bundle, load_bundle
from edge_inspector.engine.forms import CERTIFICATE, key_of
from edge_inspector.engine.onnxruntime import OnnxRuntimeEngine
from edge_inspector.engine.registry import chosen
from edge_inspector.errors import SettingsError, UnprovenError
from edge_inspector.line.loading import open_judge
from edge_inspector.line.plan import describe_form, make_plan
from edge_inspector.settings import Recipe
from edge_inspector.settings.certificate import FormKey, Precision
from edge_inspector.settings.station import EngineSettings
from tests.bundles import make_bundle
from tests.certificates import OffEngine, store
from tests.unit.line.test_recipes import write


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return load_bundle(make_bundle(tmp_path / "small"))


def opener(bundle: Bundle, _backend: str, _threads: int, precision: str) -> Engine:
    return OffEngine(bundle, "int8") if precision == "int8" else OnnxRuntimeEngine(bundle, 1, precision)


def key(bundle: Bundle, precision: Precision) -> FormKey:
    with closing(opener(bundle, "auto", 1, precision)) as engine:
        return engine.form_key


def recipe(precision: str, **decision: float) -> Recipe:
    values = {"name": "r", "bundle": "small", "precision": precision, "gate": {"reject_window_ms": 100}, "decision": decision}
    return Recipe.model_validate(values)


THRESHOLDS = {"accept_threshold": 0.4, "reject_threshold": 0.5, "region_threshold": 0.5}


def damage(bundle: Bundle, of: FormKey) -> None:
    store(of, bundle)
    (path,) = bundle.folder.parent.glob(f"small.cache/*/{CERTIFICATE}")
    path.write_text("= = =")


State = Callable[[Bundle, FormKey], None]
STATES: dict[str, State] = {
    "no certificate": lambda _bundle, _key: None,
    "passed": lambda bundle, of: store(of, bundle),
    "passed on little": lambda bundle, of: store(of, bundle, reservations=("4 images",)),
    "failed": lambda bundle, of: store(of, bundle, failures=("3 of 100 verdicts flip",)),
    "of another file": lambda bundle, of: store(of, bundle, form_sha256="b" * 64),
    "damaged": damage,
}
CASES: list[tuple[Precision, str, str]] = [
    ("f32", "no certificate", ""),
    ("f32", "passed", ""),
    ("f32", "failed", "3 of 100 verdicts flip"),
    ("int8", "no certificate", "nothing proves"),
    ("int8", "passed", ""),
    ("int8", "passed on little", ""),
    ("int8", "failed", "does not decide as torch does: 3 of 100 verdicts flip"),
    ("int8", "of another file", "nothing proves"),
    ("int8", "damaged", "cannot be trusted"),
]


@pytest.mark.parametrize(("precision", "state", "refusal"), CASES)
def test_what_a_line_runs(bundle: Bundle, precision: Precision, state: str, refusal: str) -> None:
    STATES[state](bundle, key(bundle, precision))
    rules = recipe(precision, **THRESHOLDS)
    if not refusal:
        judge = open_judge(rules, bundle, EngineSettings(), "r:1", opener)
        with closing(judge.engine):
            assert (judge.certificate is None) is (state == "no certificate")
        return
    with pytest.raises(UnprovenError, match=refusal) as refused:
        open_judge(rules, bundle, EngineSettings(), "r:1", opener)
    assert f"models verify {bundle.folder} --backend" in str(refused.value)
    assert f"--precision {precision}" in str(refused.value)
    assert (refused.value.summary is None) is (state != "failed")


def test_a_damaged_certificate_of_float32_is_said_and_counts_for_nothing(bundle: Bundle, expected_warnings: list[str]) -> None:
    damage(bundle, key(bundle, "f32"))
    expected_warnings.append("a certificate is not trusted")
    judge = open_judge(recipe("f32"), bundle, EngineSettings(), "r:1", opener)
    with closing(judge.engine):
        assert judge.certificate is None


def test_what_is_refused_is_closed(bundle: Bundle) -> None:
    opened: list[Engine] = []

    def noted(of: Bundle, backend: str, threads: int, precision: str) -> Engine:
        opened.append(opener(of, backend, threads, precision))
        return opened[-1]

    with pytest.raises(UnprovenError):
        open_judge(recipe("int8", **THRESHOLDS), bundle, EngineSettings(), "r:1", noted)
    assert opened[0]._closed  # type: ignore[attr-defined]  # engines tell nobody else


def test_thresholds_come_from_the_certificate_where_the_manifest_has_none(bundle: Bundle) -> None:
    proposed = bundle.manifest.thresholds[0].model_copy(update={"precision": "int8", "accept_threshold": 0.35})
    store(key(bundle, "int8"), bundle, thresholds=proposed)
    judge = open_judge(recipe("int8"), bundle, EngineSettings(), "r:1", opener)
    with closing(judge.engine):
        assert judge.recipe.decision.accept_threshold == 0.35
    store(key(bundle, "int8"), bundle)
    with pytest.raises(SettingsError, match="proposes none at int8"):
        open_judge(recipe("int8"), bundle, EngineSettings(), "r:1", opener)


def test_check_config_tells_precision_and_certificate(tmp_path: Path) -> None:
    plan = make_plan(write(tmp_path).config)
    rows = describe_form(plan)
    assert rows["precision"].startswith("f32 on ")
    assert rows["precision"].endswith("the recipe asks for auto")
    assert rows["certificate"] == "none; float32 runs without one"
    judge = open_judge(plan.recipe, plan.bundle, plan.station.engine, "r")
    judge.engine.close()
    store(judge.engine.form_key, plan.bundle)
    assert describe_form(plan)["certificate"] == (
        "passed on 2026-01-01T00:00:00+00:00: 0 of 100 verdicts flip at 0.4000 and 0.5000, against stored"
    )
    store(judge.engine.form_key, plan.bundle, failures=("3 of 100 verdicts flip",))
    with pytest.raises(UnprovenError, match="3 of 100"):
        describe_form(plan)


def test_a_recipe_of_lower_precision_is_planned_with_the_certificate_s_thresholds(tmp_path: Path) -> None:
    plan = make_plan(write(tmp_path).config)
    proposed = plan.bundle.manifest.thresholds[0].model_copy(update={"precision": "int8", "accept_threshold": 0.35})
    of = key_of(plan.bundle, chosen("auto"), "1", "cpu", "int8")
    store(of, plan.bundle, thresholds=proposed, failures=("flips",))
    with pytest.raises(SettingsError, match="verify the bundle at int8"):
        write(tmp_path, precision="int8")
    store(of, plan.bundle, thresholds=proposed)
    assert write(tmp_path, precision="int8").recipe.decision.accept_threshold == 0.35
