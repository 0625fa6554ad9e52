"""A run's state on disk, so that a killed run goes on where it was: one safetensors file, which is there whole or not at all.

    OUT.part/state-<step>.safetensors   head, averaged head, optimiser moments, prototypes, masks drawn again, numbers of hard normals; as
                                        metadata: step, plan, elapsed seconds, fingerprint of settings and data

Random numbers need no saving: every batch draws from a generator seeded by (seed, step, slot), and what else it is made of is kept here.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as serialise
from torch import Tensor

from edge_inspector.errors import TrainingError

EVERY_SECONDS = 30.0
_STATE = "state"  # its key in the metadata
_DRAFT = ".draft.safetensors"  # one name for all, so that one left by a kill is overwritten


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
    target = folder / f"state-{state.step:06d}.safetensors"
    draft = folder / _DRAFT
    content = serialise({name: tensor.contiguous() for name, tensor in tensors.items()}, {_STATE: json.dumps(asdict(state))})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(draft, content)
        draft.replace(target)
        _sync(folder)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        kept = "the last whole one is kept" if _stored(folder) else "there is no earlier one"
        raise TrainingError(
            f"{folder}: the checkpoint of step {state.step} cannot be written: {error.strerror}; {kept}; free space"
        ) from error
    for old in _stored(folder):
        if old != target:
            with suppress(OSError):
                old.unlink()


def load(folder: Path, fingerprint: str) -> tuple[State, dict[str, Tensor]] | None:
    """The newest whole checkpoint of the run with this fingerprint, or None."""
    for path in reversed(_stored(folder)):
        try:
            with safe_open(path, framework="pt") as file:
                state = State(**json.loads(file.metadata()[_STATE]))
            if state.fingerprint == fingerprint:
                return state, load_file(path)
        except (OSError, ValueError, TypeError, KeyError, SafetensorError):
            continue  # a damaged checkpoint is as good as none: an older one or a fresh start does
    return None


def _stored(folder: Path) -> list[Path]:
    return sorted(folder.glob("state-*.safetensors"))


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """A rename outlives a power cut only once its folder is on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
