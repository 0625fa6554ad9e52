"""Which forms a line runs: with a certificate that passed; in float32 also without one; never with one that failed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from edge_inspector.cli import station
from edge_inspector.decision import with_proposals
from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import Bundle, load_bundle
from edge_inspector.engine.forms import CERTIFICATE
from edge_inspector.engine.onnxruntime import OnnxRuntimeEngine
from edge_inspector.errors import EngineError, FormMissing, SettingsError, UnprovenError
from edge_inspector.evaluation.certify import Basis, certify
from edge_inspector.line.loading import engine_threads, open_judge, proof_of
from edge_inspector.line.plan import describe, describe_form, make_plan
from edge_inspector.settings import Recipe
from edge_inspector.settings.certificate import FormKey, Precision, digest_of
from edge_inspector.settings.station import EngineSettings
from edge_inspector.store.recipes import recipe_toml
from tests.bundles import make_bundle
from tests.certificates import RULES, OffEngine, store
from tests.unit.line.test_recipes import write


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return load_bundle(make_bundle(tmp_path / "small"))


def opener(bundle: Bundle, _backend: str, _threads: int, precision: str) -> Engine:
    return OffEngine(bundle, "int8") if precision == "int8" else OnnxRuntimeEngine(bundle, 1, precision)


def key(bundle: Bundle, precision: Precision) -> FormKey:
    with closing(opener(bundle, "auto", 1, precision)) as engine:
        return engine.form_key


def recipe(precision: str, **decision: object) -> Recipe:
    values = {"name": "r", "bundle": "small", "precision": precision, "gate": {"reject_window_ms": 100}, "decision": decision}
    return Recipe.model_validate(values)


if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

THRESHOLDS: dict[str, object] = {"accept_threshold": 0.4, "reject_threshold": 0.5, "region_threshold": 0.5}


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
    store(key(bundle, "int8"), bundle, thresholds=proposed, rules=digest_of(RULES.model_copy(update={"accept_threshold": 0.35})))
    judge = open_judge(recipe("int8"), bundle, EngineSettings(), "r:1", opener)
    with closing(judge.engine):
        assert judge.recipe.decision.accept_threshold == 0.35
    store(key(bundle, "int8"), bundle)
    with pytest.raises(SettingsError, match="proposes none at int8"):
        open_judge(recipe("int8"), bundle, EngineSettings(), "r:1", opener)


CORNER = [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0]]
OTHER_RULES: dict[str, dict[str, object]] = {
    "accept": {"accept_threshold": 0.39},
    "reject": {"reject_threshold": 0.6},
    "region": {"region_threshold": 0.4},
    "smallest area": {"minimum_area_px": 4.0},
    "rejecting area": {"reject_area_px": 90.0},
    "ROI": {"roi": [CORNER]},
    "don't care": {"dont_care": [CORNER]},
    "join": {"join": "any"},
}


class Proven:
    """Opens what ``auto`` would, int8, and counts."""

    def __init__(self, missing: bool = False) -> None:
        self.opened: list[Engine] = []
        self.missing = missing

    def __call__(self, bundle: Bundle, backend: str, threads: int, precision: str) -> Engine:
        if precision == "f32" and self.missing:
            raise FormMissing("nobody has built f32")
        self.opened.append(opener(bundle, backend, threads, "int8" if precision == "auto" else precision))
        return self.opened[-1]


@pytest.mark.parametrize("name", OTHER_RULES)
def test_what_was_proven_by_other_rules_is_not_run_by_these(bundle: Bundle, name: str, expected_warnings: list[str]) -> None:
    store(key(bundle, "int8"), bundle)
    other = {**THRESHOLDS, **OTHER_RULES[name]}
    with pytest.raises(UnprovenError, match=r"by these decision rules of recipe r; .*models verify small .*--precision int8"):
        open_judge(recipe("int8", **other), bundle, EngineSettings(), "r:1", opener)
    expected_warnings.append("bundle small on off 1 (cpu) in int8: its verdicts were not held to torch's")
    proven = Proven()
    judge = open_judge(recipe("auto", **other), bundle, EngineSettings(), "r:1", proven)
    with closing(judge.engine):
        assert (judge.engine.precision, judge.recipe.precision, judge.certificate) == ("f32", "auto", None)
    assert [engine._closed for engine in proven.opened] == [True, True]  # type: ignore[attr-defined]  # engines tell nobody else


def test_auto_runs_what_was_proven_by_the_recipe_s_rules(bundle: Bundle) -> None:
    store(key(bundle, "int8"), bundle)
    judge = open_judge(recipe("auto"), bundle, EngineSettings(), "r:1", Proven())
    with closing(judge.engine):
        assert (judge.engine.precision, judge.certificate is None) == ("int8", False)


def test_where_float32_was_never_built_what_is_lacking_is_told_too(bundle: Bundle, expected_warnings: list[str]) -> None:
    store(key(bundle, "int8"), bundle)
    expected_warnings.append("bundle small on off 1 (cpu) in int8")
    with pytest.raises(FormMissing, match=r"not held to torch's.*and in f32: nobody has built f32"):
        open_judge(recipe("auto", roi=[CORNER]), bundle, EngineSettings(), "r:1", Proven(missing=True))


@pytest.mark.parametrize("precision", ["auto", "int8"])
def test_a_recipe_is_covered_by_its_own_verification(bundle: Bundle, tmp_path: Path, precision: str) -> None:
    """From the recipe as its file says it, to the version that a database holds."""
    own = recipe(precision, accept_threshold=0.123456789, roi=[[[0, 0], [64, 0], [64, 64], [0, 64]]], minimum_area_px=3)
    with closing(OffEngine(bundle)) as engine:
        found = certify(bundle, engine, Basis(recipe=own)).certificate
    stored = Recipe.model_validate(tomllib.loads(recipe_toml(with_proposals(own, bundle.manifest, "f32"))))
    assert found.covers(stored.decision)


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


def test_thresholds_of_a_form_s_own_do_not_keep_the_line_from_starting(tmp_path: Path) -> None:
    """What they are is known once the form is open: another version's, or another device's, are of another form."""
    plan = write(tmp_path, precision="int8")
    assert plan.recipe.decision.accept_threshold is None
    proposed = plan.bundle.manifest.thresholds[0].model_copy(update={"precision": "int8"})
    store(key(plan.bundle, "int8").model_copy(update={"version": "0"}), plan.bundle, thresholds=proposed)
    assert write(tmp_path, precision="int8").recipe == plan.recipe
    assert describe(plan)["thresholds"].startswith("accept below what its certificate proposes, reject from")
    with pytest.raises(UnprovenError, match="nothing proves"):
        open_judge(plan.recipe, plan.bundle, plan.station.engine, "r", opener)
    store(key(plan.bundle, "int8"), plan.bundle, thresholds=proposed)
    judge = open_judge(plan.recipe, plan.bundle, plan.station.engine, "r", opener)
    with closing(judge.engine):
        assert judge.recipe.decision.accept_threshold == 0.4


def test_check_config_prints_the_plan_before_what_does_not_open(tmp_path: Path) -> None:
    write(tmp_path, precision="int8")
    app = typer.Typer()
    station.register(app)
    result = CliRunner().invoke(app, ["check-config", str(tmp_path / "station.toml")])
    assert isinstance(result.exception, FormMissing | EngineError)
    assert result.stdout.startswith("station")
    assert "accept below what its certificate proposes" in result.stdout
    assert f"threads {engine_threads(EngineSettings())}" in result.stdout


def test_tensorrt_in_float32_without_a_certificate_is_told_of(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, expected_warnings: list[str]
) -> None:
    """Tests hold the processor's backends to torch on every change; nothing does a GPU's."""
    expected_warnings.append("bundle b on tensorrt 1 (d) in f32 runs without a certificate")
    monkeypatch.setattr("edge_inspector.line.loading.certificate_of", lambda *_: None)
    for backend, told in (("openvino", 0), ("tensorrt", 1)):
        form = FormKey(bundle="b", bundle_hash="0" * 64, backend=backend, version="1", device="d", precision="f32")
        caplog.clear()
        assert proof_of(bundle, SimpleNamespace(form_key=form)) is None
        assert sum("without a certificate" in record.message and "models verify" in record.message for record in caplog.records) == told
