"""What a trained tile network says of whole frames, for thresholds.

The highest of a million map pixels is higher than that of sixteen thousand: what normal tiles score says little of what a normal frame
does. So normals are whole frames, cut and blended as the judge does. An anomaly is made on one tile of such a frame, and only that tile is
run again: the frame's score is that of its highest values and the tile's together (the tile's own normal pixels, counted twice, are none of
them).
"""

from __future__ import annotations

from collections.abc import Sequence

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
_BATCH = 8  # tiles


def tile_evidence_of(network: PRN, data: TrainingData, tiling: Tiling, seed: int, listener: Listener) -> Evidence:
    """Score held-out frames whole (training frames where none could be spared), and anomalies made on tiles of them."""
    frames, maps = data.frames[:HELD_FRAMES], []
    for number, path in enumerate(frames):
        listener.advance(number, len(frames), path.name)
        maps.append(_map_of(network, decode(path), data, tiling))
    scores = np.array([top_means(found, network.pixels) for found in maps])
    highest = [_highest(found, max(network.pixels)) for found in maps]
    anomalies = np.array(
        [top_means(_joined(highest[n % len(maps)], tile), network.pixels) for n, tile in enumerate(_bad(network, data, seed))]
    )
    kind = "held-out" if data.held_hashes else "training"
    source = f"{len(frames)} {kind} frames in tiles"
    return Evidence(scores, anomalies, np.array([float(found.max()) for found in maps]), source)


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
