"""From a recipe version to the judge that runs it."""

from __future__ import annotations

import logging
import os
from functools import partial
from pathlib import Path

from edge_inspector.decision import with_proposals
from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import Bundle, find_bundle, load_bundle
from edge_inspector.engine.certified import certificate_of
from edge_inspector.engine.registry import open_engine
from edge_inspector.engine.shared import EngineOpener
from edge_inspector.errors import FormError, FormMissing, UnprovenError
from edge_inspector.judge import Judge
from edge_inspector.settings import Recipe
from edge_inspector.settings.certificate import Certificate
from edge_inspector.settings.station import EngineSettings

log = logging.getLogger(__name__)

_CORES_A_SPARE = 8  # more cores carry more cameras


def bundle_of(recipe: Recipe, models: Path | None) -> Bundle:
    """The verified bundle that the recipe names. Raises BundleError."""
    return load_bundle(find_bundle(recipe.bundle, models))


def open_judge(recipe: Recipe, bundle: Bundle, settings: EngineSettings, label: str, opener: EngineOpener = open_engine) -> Judge:
    """Load the bundle on the station's backend; on the thread that will use it.

    Where the recipe leaves the precision to us, and what it chose was not held to torch by the recipe's rules, float32 is loaded. Raises
    EngineError, SettingsError; UnprovenError for an engine that is not proven to decide as torch does (`proof_of`, `gap_of`).
    """
    load = partial(opener, bundle, settings.backend, engine_threads(settings))
    judge = _judge_on(load(recipe.precision), recipe, bundle, label)
    gap = gap_of(judge.engine, judge.certificate, judge.recipe)
    if not gap:
        return judge
    judge.engine.close()
    if recipe.precision != "auto":
        raise UnprovenError(gap)
    log.warning("%s; until then it runs in f32", gap)
    try:
        return _judge_on(load("f32"), recipe, bundle, label)
    except FormMissing as missing:
        raise FormMissing(f"{gap}; and in f32: {missing}") from missing


def _judge_on(engine: Engine, recipe: Recipe, bundle: Bundle, label: str) -> Judge:
    """Takes the engine over: where it is refused it is closed."""
    try:
        certificate = proof_of(bundle, engine)
        proposed = certificate.thresholds if certificate is not None else None
        return Judge(engine, with_proposals(recipe, bundle.manifest, certified=(proposed,) if proposed else ()), label, certificate)
    except BaseException:
        engine.close()
        raise


def gap_of(engine: Engine, certificate: Certificate | None, recipe: Recipe) -> str:
    """Why the engine's certificate does not prove what a recipe (thresholds filled) decides by it, and what to do; empty where it does.

    Float32 needs no proof by verdicts: its maps are torch's.
    """
    key = engine.form_key
    if key.precision == "f32" or (certificate is not None and certificate.covers(recipe.decision)):
        return ""
    return (
        f"bundle {key.bundle} on {key.backend} {key.version} ({key.device}) in {key.precision}: its verdicts were not held to torch's by "
        f"these decision rules of recipe {recipe.name}; run `edge-inspector models verify {recipe.bundle} --backend {key.backend} "
        f"--precision {key.precision} --recipe FILE`, with the rules in FILE (`edge-inspector recipes export {recipe.name} --out FILE`)"
    )


def proof_of(bundle: Bundle, engine: Engine) -> Certificate | None:
    """The certificate of the form that the engine runs; None for one in float32 that has none, which tests hold to torch for each backend.

    Raises UnprovenError where the certificate fails, and where a form of lower precision has none that can be read.
    """
    key = engine.form_key
    name = f"bundle {key.bundle} on {key.backend} {key.version} ({key.device}) in {key.precision}"
    remedy = (
        f"run `edge-inspector models verify {bundle.folder} --backend {key.backend} --precision {key.precision}` "
        "(and `--recipe FILE` where the recipe has thresholds, areas or a ROI of its own)"
    )
    try:
        certificate = certificate_of(bundle, engine)
    except FormError as error:
        if key.precision != "f32":
            raise UnprovenError(f"{name}: its certificate cannot be trusted: {error}; {remedy}") from error
        log.warning("a certificate is not trusted: %s; %s", error, remedy)
        return None
    if certificate is None and key.precision != "f32":
        raise UnprovenError(f"{name}: nothing proves that this form decides as torch does; {remedy}, or let the recipe's precision be auto")
    if certificate is None and key.backend == "tensorrt":
        log.warning("%s runs without a certificate, and no change of this product was tested on this device; %s", name, remedy)
    if certificate is not None and not certificate.passed:
        found = "; ".join(certificate.failures)
        message = f"{name}: it does not decide as torch does: {found}; choose another precision, or {remedy}"
        raise UnprovenError(message, certificate.summary())
    return certificate


def engine_threads(settings: EngineSettings) -> int:
    """The engine's threads: as the station says, else one core in eight fewer than this process may use, and one fewer at least.

    What is left keeps cameras, link and recorder prompt; what is known of it stands in docs/decisions/0007.
    """
    return settings.threads or threads_of(len(os.sched_getaffinity(0)))


def threads_of(cores: int) -> int:
    """The engine's threads on so many cores."""
    return max(1, cores - max(1, cores // _CORES_A_SPARE))
