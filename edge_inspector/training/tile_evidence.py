"""What a trained tile network says of whole frames, for thresholds.

The highest of a million map pixels is higher than that of sixteen thousand: what normal tiles score says little of what a normal frame
does. So normals are whole frames, cut and blended as the judge does. An anomaly is made on one tile of such a frame, and only that tile is
run again: the frame's score is that of its highest values and the tile's together (the tile's own normal pixels, counted twice, are none of
them).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_inspector.decision import top_means
from edge_inspector.images import decode, size_of
from edge_inspector.prepare.tiles import Blend, batches, grid, on_grid
from edge_inspector.prn.network import PRN
from edge_inspector.records import AnomalyMap, Image
from edge_inspector.settings.manifest import Tiling
from edge_inspector.training.data import TrainingData
from edge_inspector.training.evidence import held_sources
from edge_inspector.training.fit import run
from edge_inspector.training.progress import Listener
from edge_inspector.training.synthesis import made
from edge_inspector.training.thresholds import Evidence
from edge_inspector.training.tiles import HELD_FRAMES, STRIDE

ANOMALIES = 120  # looked at for the proposals
LEAST_FRAMES = 8  # of them, even where the time is up
_BATCH = 8  # tiles


@dataclass(frozen=True)
class _Look:
    """What is kept of a frame's map: its score, its highest value, and the values that the score is of."""

    score: float
    peak: float
    highest: NDArray[np.float32]


def tile_evidence_of(
    network: PRN, data: TrainingData, tiling: Tiling, seed: int, listener: Listener, in_time: Callable[[], bool] = lambda: True
) -> Evidence:
    """Score held-out frames whole (training frames where none could be spared), and anomalies made on tiles of them.

    From the eighth frame on, no other is begun once ``in_time`` says no.
    """
    frames, looks = data.frames[:HELD_FRAMES], list[_Look]()
    for number, path in enumerate(frames):
        if number >= LEAST_FRAMES and not in_time():
            break
        listener.advance(number, len(frames), path.name)
        found = _map_of(network, decode(path), data, tiling)
        looks.append(_Look(top_means(found, network.pixels), float(found.max()), _highest(found, max(network.pixels))))
    bad = [_joined(looks[n % len(looks)].highest, tile) for n, tile in enumerate(_bad(network, data, seed))]
    kind = "held-out" if data.held_hashes else "training"
    source = f"{len(looks)} {kind} frames in tiles" + (f" ({len(frames)} were there; the time was up)" if len(looks) < len(frames) else "")
    return Evidence(
        normals=np.array([look.score for look in looks]),
        anomalies=np.array([top_means(found, network.pixels) for found in bad]),
        normal_peaks=np.array([look.peak for look in looks]),
        source=source,
    )


def looks_of(data: TrainingData, tiling: Tiling) -> int:
    """How many tiles that scores."""
    height, width = size_of(data.frames[0])
    cut = grid((height, width), (data.form.height, data.form.width), STRIDE, tiling.overlap, tiling.scale)
    return len(data.frames[:HELD_FRAMES]) * len(cut.tiles) + ANOMALIES


def _map_of(network: PRN, frame: Image, data: TrainingData, tiling: Tiling) -> AnomalyMap:
    """As the judge makes it."""
    cut = grid((frame.shape[0], frame.shape[1]), (data.form.height, data.form.width), STRIDE, tiling.overlap, tiling.scale)
    blend = Blend(cut)
    for tiles, batch in batches(on_grid(frame, cut), cut, cut.tiles, _BATCH):
        for tile, found in zip(tiles, run(network, batch)[0], strict=True):
            blend.add(tile, found)
    return blend.whole()


def _highest(found: AnomalyMap, count: int) -> NDArray[np.float32]:
    values = found.reshape(-1)
    return np.partition(values, values.size - min(count, values.size))[-count:]


def _joined(highest: NDArray[np.float32], tile: AnomalyMap) -> NDArray[np.float32]:
    return np.concatenate([highest, tile.reshape(-1)])


def _bad(network: PRN, data: TrainingData, seed: int) -> Sequence[AnomalyMap]:
    """Maps of tiles with an anomaly, in turn from seen masks and simulated; those that could not be made visible are left out."""
    sources = held_sources(data)
    kinds = ("simulated", "extended") if sources.seen else ("simulated",)
    samples = [made(kinds[n % len(kinds)], sources, np.random.default_rng([seed, 12, n])) for n in range(ANOMALIES)]
    shown = [sample for sample in samples if sample.mask.any()] or samples[:1]
    return list(run(network, np.stack([sample.canvas for sample in shown]), _BATCH)[0])
