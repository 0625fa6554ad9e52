"""From a recipe version to the judge that runs it."""

from __future__ import annotations

import os
from pathlib import Path

from edge_inspector.decision import with_proposals
from edge_inspector.engine.bundle import Bundle, find_bundle, load_bundle
from edge_inspector.engine.registry import open_engine
from edge_inspector.engine.shared import EngineOpener
from edge_inspector.judge import Judge
from edge_inspector.settings import Recipe
from edge_inspector.settings.station import EngineSettings

_CORES_A_SPARE = 8  # more cores carry more cameras


def bundle_of(recipe: Recipe, models: Path | None) -> Bundle:
    """The verified bundle that the recipe names. Raises BundleError."""
    return load_bundle(find_bundle(recipe.bundle, models))


def open_judge(recipe: Recipe, bundle: Bundle, settings: EngineSettings, label: str, opener: EngineOpener = open_engine) -> Judge:
    """Load the bundle on the station's backend; on the thread that will use it. Raises EngineError, SettingsError."""
    engine = opener(bundle, settings.backend, engine_threads(settings), recipe.precision)
    try:
        return Judge(engine, with_proposals(recipe, bundle.manifest, engine.precision), label)
    except BaseException:
        engine.close()
        raise


def engine_threads(settings: EngineSettings) -> int:
    """The engine's threads: as the station says, else one core in eight fewer than this process may use, and one fewer at least.

    What is left keeps cameras, link and recorder prompt; what is known of it stands in docs/decisions/0007.
    """
    return settings.threads or threads_of(len(os.sched_getaffinity(0)))


def threads_of(cores: int) -> int:
    """The engine's threads on so many cores."""
    return max(1, cores - max(1, cores // _CORES_A_SPARE))
