"""What a trained network says of images that its weights have not learnt from, for thresholds; and the reference images of a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_inspector.decision import top_means
from edge_inspector.geometry import Window
from edge_inspector.prn.network import PRN
from edge_inspector.training.data import TrainingData
from edge_inspector.training.fit import run
from edge_inspector.training.synthesis import Sources, made, simulated, varied
from edge_inspector.training.thresholds import Evidence, Scores

_NORMAL_LOOKS, _ANOMALY_LOOKS = 20, 120  # images scored for the threshold proposals; fewer normals are varied besides
_REFERENCES = 4
Look = tuple[NDArray[np.uint8], Window]  # an image on the input, (H, W, 3), and where on it the part lies


def sources_of(data: TrainingData) -> Sources:
    """What training's anomalies are made from."""
    return Sources(data.normals, data.seen, data.textures, data.grey, windows=data.windows, making=data.making)


def held_sources(data: TrainingData, most: int | None = None) -> Sources:
    """The same from the held-out normals alone or, where none are, from the training ones, at most ``most`` of them; an anomaly each."""
    if len(data.held):
        return replace(sources_of(data), normals=data.held, windows=data.held_windows, making=data.making.alone)
    return replace(sources_of(data), normals=data.normals[:most], windows=data.windows[:most], making=data.making.alone)


def evidence_of(network: PRN, data: TrainingData, seed: int) -> Evidence:
    """Score held-out normals (training ones where none could be spared; varied ones too where they are few), and anomalies made on them."""
    sources = held_sources(data, _NORMAL_LOOKS)
    count = len(sources.normals)
    more = 0 if count >= _NORMAL_LOOKS else _NORMAL_LOOKS
    looks = [(sources.normals[n], sources.window(n)) for n in range(count)]
    looks += [(v.canvas, v.window) for v in (varied(sources, n % count, np.random.default_rng([seed, 11, n])) for n in range(more))]
    scores, peaks = scored(network, looks)
    bad_scores, _ = scored(network, _anomalies(sources, [np.random.default_rng([seed, 12, n]) for n in range(_ANOMALY_LOOKS)]))
    source = f"{count} held-out normals" if len(data.held) else f"{count} training normals (too few to hold any out)"
    source += f" and {more} variations of them" if more else ""
    return Evidence(scores, bad_scores, peaks, source)


def _anomalies(sources: Sources, rngs: list[np.random.Generator]) -> list[Look]:
    """One anomaly a generator, in turn from seen masks and simulated; those that could not be made visible are left out."""
    samples = [made("extended" if sources.seen and number % 2 else "simulated", sources, rng) for number, rng in enumerate(rngs)]
    return [(sample.canvas, sample.window) for sample in samples if sample.mask.any()] or [(samples[0].canvas, samples[0].window)]


def scored(network: PRN, looks: Sequence[Look]) -> tuple[Scores, Scores]:
    """Image scores (n,) and map peaks (n,), of what lies in the windows, as the judge takes them."""
    maps, _, _ = run(network, np.stack([image for image, _ in looks]))
    seen = [window.cut(map_) for map_, (_, window) in zip(maps, looks, strict=True)]
    return np.array([top_means(map_, network.pixels) for map_ in seen]), np.array([float(map_.max()) for map_ in seen])


def reference_images(data: TrainingData, seed: int) -> NDArray[np.uint8]:
    """Half normals, half anomalies."""
    sources = held_sources(data)
    normals = [sources.normals[n % len(sources.normals)] for n in range(_REFERENCES // 2)]
    bad = [simulated(sources, np.random.default_rng([seed, 13, n]))[0] for n in range(_REFERENCES - len(normals))]
    return np.stack(normals + bad)
