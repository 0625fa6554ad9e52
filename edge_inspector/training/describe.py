"""What a bundle's manifest says of the training that it came from."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timezone

import torch

from edge_inspector.settings.manifest import FORMAT_VERSION, ScoreRule, Thresholds
from edge_inspector.training.normality import Plan
from edge_inspector.training.options import TrainSettings
from edge_inspector.training.start import Start
from edge_inspector.version import __version__


def describe(settings: TrainSettings, start: Start, plan: Plan, done: int, minutes: float, thresholds: Thresholds) -> dict[str, object]:
    """The fields of the manifest, but the hashes of its files, after ``done`` steps and ``minutes``."""
    data = start.data
    return {
        "format_version": FORMAT_VERSION,
        "id": bundle_id(settings.out.name),
        "created_utc": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "program_version": __version__,
        "product": start.product,
        "backbone": settings.backbone,
        "input": data.form.model_dump(),
        "output": {"height": data.form.height // 2, "width": data.form.width // 2},
        "prototypes": asdict(plan),
        "score": score_rule(settings).model_dump(),
        "training": {**_training(settings, start, plan, done, minutes), **start.lineage},
        "thresholds": [thresholds.model_dump()],
        "tiling": data.tiling.model_dump() if data.tiling else None,
    }


def score_rule(settings: TrainSettings) -> ScoreRule:
    """The rule asked for, else the paper's."""
    return settings.score or ScoreRule(score_pixels=settings.score_pixels)


def _training(settings: TrainSettings, start: Start, plan: Plan, done: int, minutes: float) -> dict[str, object]:
    return {
        "folder": str(settings.data),
        "layout": settings.layout,
        "fingerprint": start.data.fingerprint,
        "images": start.data.normal_hashes,
        "seen": start.data.seen_hashes,
        "held": start.data.held_hashes,
        "masks": settings.masks,
        "textures": str(settings.textures) if settings.textures else "",
        "batch": settings.batch,
        "loss": asdict(settings.loss),
        "seed": settings.seed,
        "steps": done,
        "planned_steps": start.wanted(settings.steps, plan.form),
        "minutes": round(minutes, 3),
        "device": settings.device,
        "synthesis": "device" if settings.synthesis == "device" else "host",
        "torch": torch.__version__,
    }


def bundle_id(name: str) -> str:
    """A folder's name as a bundle id: letters, digits, dot, dash and underscore."""
    cleaned = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in name).lstrip("_.-")[:64]
    return cleaned or "bundle"
