"""What prototypes say without a trained head, in both forms: image AUROC of the distance to the nearest one, on $EDGE_DATA/magnetic_tile.

python -m tests.benchmarks.prototypes [--set magnetic_tile] [--words 512 1024 2048] [--ranks 32 96 472]

Scored by the mean of the 20 farthest of the 256 places at stride 16 that lie on the part: the codebook by its distance and by t (distance
held against what is usual for the word), whole maps by the norm of the residual. A row takes a minute on two cores.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray

from edge_inspector.evaluation.layouts import Sample, load_dataset
from edge_inspector.evaluation.metrics import image_auroc
from edge_inspector.geometry import on_canvas, window_of
from edge_inspector.images import decode
from edge_inspector.prn.backbone import load_backbone
from edge_inspector.prn.codebook import RANKS, WORDS, Codebook, learn
from edge_inspector.prn.head import SCALES
from edge_inspector.prn.prototypes import Prototypes
from edge_inspector.settings.manifest import InputForm
from edge_inspector.training.data import TrainingData, load_training_data
from edge_inspector.training.fit import extractor, to_input
from edge_inspector.training.normality import build, explained, gather, inside
from tests.benchmarks import ledger
from tests.benchmarks.line import DATA

COARSE, PLACES = SCALES - 1, 20
CPU = torch.device("cpu")
Maps = Sequence[torch.Tensor]


class Bench:
    """The normals' maps, and those of the test images one at a time."""

    def __init__(self, name: str) -> None:
        self.root = DATA / name
        self.data: TrainingData = load_training_data(self.root, "mvtec", 0, 0, None)
        self.features = extractor(load_backbone(), CPU)
        self.maps, picked = gather(self.features, self.data.normals, CPU, 0)
        self.places = inside(self.data.windows, picked, (self.maps[0].shape[-2], self.maps[0].shape[-1]))
        self.tests = load_dataset(self.root, "mvtec").part("test")

    def explained(self) -> float:
        """Share of the normals' variance that position explains at stride 16."""
        height, width = self.maps[COARSE].shape[-2:]
        there = inside(self.data.windows, np.arange(len(self.maps[0])), (height, width))
        return explained(self.maps[COARSE], there)

    def codebook(self, words: int, rank: int) -> dict[str, float]:
        """Image AUROC by distance and by t, of so many words on so many principal components at stride 16."""
        book = learn(self.maps, 0, words=(*WORDS[:COARSE], words), windows=self.places, ranks=(*RANKS[:COARSE], rank))
        found = [self._of(book, sample) for sample in self.tests]
        return {"distance": self._auroc([a for a, _ in found]), "t": self._auroc([b for _, b in found])}

    def whole_maps(self) -> dict[str, float]:
        """Image AUROC by the norm of the residual to the nearest whole map."""
        found, _ = build(self.maps, self.places, "whole-map", None, None, 0)
        assert isinstance(found, Prototypes)
        scores = [self._highest(found.residual(COARSE, maps)[0][0].sum(0).sqrt(), sample) for sample, maps in self._each()]
        return {"distance": self._auroc(scores)}

    def _each(self) -> Iterator[tuple[Sample, Maps]]:
        for sample in self.tests:
            yield sample, self._maps(sample)

    def _maps(self, sample: Sample) -> Maps:
        return self.features(to_input(on_canvas(decode(sample.path), self.form)[None], CPU))

    @property
    def form(self) -> InputForm:
        """How the images lie on the input."""
        return self.data.form

    def _of(self, book: Codebook, sample: Sample) -> tuple[float, float]:
        apart, chosen = book.residual(COARSE, self._maps(sample))
        buffers = dict(book.named_buffers())
        t = apart[0, -1]
        distance = t * buffers[f"spread{COARSE}"][chosen[0]].reshape(t.shape) + buffers[f"usual{COARSE}"][chosen[0]].reshape(t.shape)
        return self._highest(distance, sample), self._highest(t, sample)

    def _highest(self, values: torch.Tensor, sample: Sample) -> float:
        image = decode(sample.path)
        seen: NDArray[np.float32] = window_of((image.shape[0], image.shape[1]), self.form).cut(values.numpy())
        return float(np.sort(seen.ravel())[-PLACES:].mean())

    def _auroc(self, scores: Sequence[float]) -> float:
        return round(image_auroc(scores, [sample.label == "bad" for sample in self.tests]), 4)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print a row for each form and number of words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="magnetic_tile")
    parser.add_argument("--words", nargs="+", type=int, default=[512, 1024, 2048])
    parser.add_argument("--ranks", nargs="+", type=int, default=[RANKS[COARSE]])
    asked = parser.parse_args(arguments)
    torch.manual_seed(0)
    bench = Bench(asked.set)
    rows: dict[str, dict[str, float]] = {"position": {"explained": round(bench.explained(), 3)}, "whole maps": bench.whole_maps()}
    for words, rank in product(asked.words, asked.ranks):
        rows[f"{words} words on {rank} components"] = bench.codebook(words, rank)
    for name, result in rows.items():
        entry = ledger.record("prototypes", {"set": asked.set, "row": name}, result)
        sys.stdout.write(f"{asked.set}, {name}: {entry['result']}\n")


if __name__ == "__main__":
    main()
