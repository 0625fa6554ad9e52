"""A run's state on disk, so that a killed run goes on where it was: one safetensors file and one JSON, renamed into place together.

    OUT.part/state-<step>/tensors.safetensors   head, averaged head, optimiser moments, prototypes
    OUT.part/state-<step>/state.json            step, plan, elapsed seconds, fingerprint of settings and data

Random numbers need no saving: every batch draws from a generator seeded by (seed, step, slot).
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from edge_inspector.errors import TrainingError

EVERY_SECONDS = 30.0


@dataclass(frozen=True)
class State:
    """Where a run stands; ``fingerprint`` tells whether it is the same run, ``prototypes`` the plan that they were made by."""

    fingerprint: str
    step: int
    planned: int
    seconds: float
    prototypes: dict[str, Any]


def save(folder: Path, state: State, tensors: dict[str, Tensor]) -> None:
    """Write a checkpoint, then drop the older ones. Raises TrainingError where the disk cannot take it; the last whole one survives."""
    target = folder / f"state-{state.step:06d}"
    draft = folder / f".{target.name}"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, draft / "tensors.safetensors")
        (draft / "state.json").write_text(json.dumps(asdict(state)), encoding="utf-8")
        for name in ("tensors.safetensors", "state.json"):
            _sync(draft / name)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise TrainingError(
            f"{folder}: the checkpoint of step {state.step} cannot be written: {error}; free space, then run again"
        ) from error
    for old in _stored(folder):
        if old != target:
            shutil.rmtree(old, ignore_errors=True)


def load(folder: Path, fingerprint: str) -> tuple[State, dict[str, Tensor]] | None:
    """The newest whole checkpoint of the run with this fingerprint, or None."""
    for path in reversed(_stored(folder)):
        try:
            state = State(**json.loads((path / "state.json").read_text(encoding="utf-8")))
            if state.fingerprint == fingerprint:
                return state, load_file(path / "tensors.safetensors")
        except (OSError, ValueError, TypeError, SafetensorError):
            continue  # a damaged checkpoint is as good as none: an older one or a fresh start does
    return None


def _stored(folder: Path) -> list[Path]:
    return sorted(folder.glob("state-*"))


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
