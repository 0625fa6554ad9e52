"""Where a run's batches come from: made on the host, ahead in a thread, or on the device that trains."""

from __future__ import annotations

import importlib.util
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol

import torch

from edge_inspector.errors import TrainingError
from edge_inspector.training.batches import Batch, Batches
from edge_inspector.training.synthesis import Sources

if TYPE_CHECKING:
    from edge_inspector.training.device.batches import DeviceBatch

SynthesisChoice = Literal["auto", "host", "device"]
SYNTHESIS_CHOICES: tuple[SynthesisChoice, ...] = ("auto", "host", "device")


class Supply(Protocol):
    """The batches of a run in order; a context manager."""

    def __enter__(self) -> Supply: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def take(self) -> Batch | DeviceBatch:
        """The next batch. Raises what making it raised."""

    def change(self, sources: Sources, step: int) -> None:
        """Make the batches from ``step`` on with the seen anomalies and kinds of other sources, whose normals and textures are the same."""


def resolve_synthesis(choice: SynthesisChoice, device: str) -> Literal["host", "device"]:
    """``auto`` makes batches on the device where that is CUDA: elsewhere the processor trains too, and what OpenCV does takes it less time.

    Raises TrainingError naming the extra where kornia is needed and missing.
    """
    if choice == "host" or (choice == "auto" and torch.device(device).type != "cuda"):
        return "host"
    if importlib.util.find_spec("kornia") is None:
        raise TrainingError(
            'synthesis on the device needs kornia, which is not installed: pip install "edge-inspector[train]", or use --synthesis host'
        )
    return "device"


def supply(choice: SynthesisChoice, device: torch.device, sources: Sources, size: int, seed: int, first: int) -> Supply:
    """Batches of ``size`` from step ``first`` on, made where the resolved ``choice`` says for a training on ``device``."""
    if choice != "device":
        return Batches(sources, size, seed, first)
    from edge_inspector.training.device.batches import DeviceBatches  # kornia takes seconds to import

    return DeviceBatches(sources, size, seed, first, device)
