"""From station.toml to what will run: recipe, bundle, camera and endpoints, each resolved or refused with a reason."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edge_inspector.camera.simulator.spec import PRODUCTS
from edge_inspector.decision import with_known_proposals
from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.registry import NAMES, available, missing
from edge_inspector.errors import SettingsError
from edge_inspector.line.loading import bundle_of, engine_threads, open_judge
from edge_inspector.settings import Recipe, Station, load_recipe, load_station
from edge_inspector.settings.cameras import FolderCamera, GenicamCamera, OpencvCamera, SimulatedCamera
from edge_inspector.settings.genicam_cameras import GenicamSettings
from edge_inspector.settings.station import gives_encoder


@dataclass(frozen=True, slots=True)
class Plan:
    """A station with its recipe file and the bundle that the recipe names. ``recipe`` has every threshold filled that
    can be without an engine (`with_known_proposals`)."""

    config: Path
    station: Station
    file_recipe: Recipe
    recipe: Recipe
    bundle: Bundle


def make_plan(config: Path) -> Plan:
    """Read and resolve ``station.toml``. Raises SettingsError or BundleError naming file, key, value and what to do."""
    station = load_station(config)
    file_recipe = load_recipe(station.recipe)
    check_recipe(file_recipe, station)
    _check_backend(config, station)
    _check_camera(config, station)
    bundle = bundle_of(file_recipe, station.engine.models)
    return Plan(config.resolve(), station, file_recipe, with_known_proposals(file_recipe, bundle.manifest), bundle)


def check_recipe(recipe: Recipe, station: Station) -> None:
    """Refuse what this line cannot do. Raises SettingsError."""
    without = [camera.name for camera in station.camera if not gives_encoder(camera)]
    if recipe.gate.reject_window_counts is not None and without:
        raise SettingsError(
            f"recipe {recipe.name}: gate.reject_window_counts = {recipe.gate.reject_window_counts}: "
            f"camera {without[0]} tells no encoder count with its triggers; give gate.reject_window_ms"
        )


def _check_backend(config: Path, station: Station) -> None:
    backend = station.engine.backend
    if backend not in ("auto", *NAMES):
        raise SettingsError(f"{config}: engine.backend = '{backend}': expected one of auto, {', '.join(NAMES)}")
    # A device that is gone is no wrong setting: the line starts, and says on every screen what is the matter with it.
    if backend != "auto" and (why := missing(backend)):
        raise SettingsError(f"{config}: engine.backend = '{backend}': {why}; usable here: {', '.join(available())}")


def _check_camera(config: Path, station: Station) -> None:
    for camera in station.camera:
        where = f"{config}: camera.{camera.name}"
        if isinstance(camera, FolderCamera) and not camera.path.is_dir():
            raise SettingsError(f"{where}.path = '{camera.path}': no such folder")
        if isinstance(camera, OpencvCamera) and camera.path is not None and not camera.path.is_file():
            raise SettingsError(f"{where}.path = '{camera.path}': no such file")
        if isinstance(camera, GenicamCamera) and not camera.producer.is_file():
            raise SettingsError(f"{where}.producer = '{camera.producer}': no such file; name the .cti file of the maker's GenTL producer")
        if isinstance(camera, SimulatedCamera) and camera.product not in PRODUCTS:
            raise SettingsError(f"{where}.product = '{camera.product}': expected one of {', '.join(PRODUCTS)}")
        if isinstance(camera, GenicamSettings) and camera.delivery == "latest" and station.reject.require_gate:
            raise SettingsError(f"{where}.delivery = 'latest': leaves frames out, and a gate waits for every part; use 'one_by_one'")


def _window(recipe: Recipe) -> str:
    gate = recipe.gate
    return f"{gate.reject_window_ms:g} ms" if gate.reject_window_ms is not None else f"{gate.reject_window_counts} encoder counts"


def _thresholds(recipe: Recipe) -> str:
    d = recipe.decision
    named = {"accept below": d.accept_threshold, "reject from": d.reject_threshold, "regions from": d.region_threshold}
    told = (f"{what} {value:.4f}" if value is not None else f"{what} what its certificate proposes" for what, value in named.items())
    return ", ".join(told)


def describe_form(plan: Plan) -> dict[str, str]:
    """What the recipe's bundle runs as on this machine, and what proves it; found by opening it.

    Raises EngineError where it does not open, UnprovenError where the line would refuse it.
    """
    judge = open_judge(plan.recipe, plan.bundle, plan.station.engine, plan.recipe.name)
    with closing(judge.engine) as engine:
        key, proof = engine.form_key, judge.certificate
    asked = f"the recipe asks for {plan.recipe.precision}"
    rows = {"precision": f"{key.precision} on {key.backend} {key.version} ({key.device}); {asked}"}
    if proof is None:
        return rows | {"certificate": "none; float32 runs without one"}
    thresholds = f"{proof.accept_threshold:.4f} and {proof.reject_threshold:.4f}"
    held = f"{proof.verdict_flips} of {proof.images} verdicts flip at {thresholds}, against {proof.stand_in or proof.against}"
    return rows | {"certificate": f"passed on {proof.created_utc}: {held}"}


def describe(plan: Plan) -> dict[str, str]:
    """The resolved plan as name and value, for people."""
    s, r, m = plan.station, plan.recipe, plan.bundle.manifest
    rows = {
        "station": s.station,
        "recipe": f"{r.name} (from {s.recipe})",
        "bundle": f"{m.id} in {plan.bundle.folder}, input {m.input.width}x{m.input.height}, {m.prototypes.k} prototypes",
        "thresholds": _thresholds(r),
        "reject window": f"{_window(r)}, late policy {r.gate.late_policy.value}",
        "engine": f"{s.engine.backend} (installed: {', '.join(available())}), threads {engine_threads(s.engine)}",
        "reject link": f"{s.reject.endpoint}, gate {'required' if s.reject.require_gate else 'not required'}, "
        f"heartbeat {s.reject.heartbeat_ms} ms",
        "status": s.status.endpoint,
        "control": s.control.endpoint,
        "desk": f"{s.desk.endpoint}, {'started by the line where nobody else does' if s.desk.autostart else 'started by hand'}",
        "state": str(s.state),
        "database": str(s.database.url),
        "archive": str(s.archive.path),
    }
    if len(s.camera) > 1:
        rows["join"] = f"{len(s.camera)} cameras on each part: {r.decision.join.value}"
    rows.update({f"camera {camera.name}": camera.summary for camera in s.camera})
    return rows
