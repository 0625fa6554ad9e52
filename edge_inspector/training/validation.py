"""Early stopping on a validation split of the training side, never the test side: held-out normals, and anomalies made on them.

Every CHECK_EVERY steps of sixteen images the averaged head is scored (mean of pixel average precision and image AUROC) on features made
once, as the backbone is frozen. Where the score is saturated, or has not risen for PATIENCE checks, the learning rate comes down to its
end within DECLINE steps: weights averaged at a high rate are not yet what the schedule makes of them. Of the last and the best weights met
the better are used.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_inspector.decision import top_means
from edge_inspector.evaluation.metrics import PixelMetrics, image_auroc
from edge_inspector.geometry import Window
from edge_inspector.prn.head import Head
from edge_inspector.prn.network import PRN
from edge_inspector.training.batches import halve
from edge_inspector.training.data import most_covered
from edge_inspector.training.fit import Trainer, to_input
from edge_inspector.training.schedule import DECLINE, PEAK_RATE, declining, learning_rate
from edge_inspector.training.synthesis import Made, Sources, made, possible, varied

IMAGES = 48  # half normals, half anomalies; scoring them costs about as much as one step of sixteen
CHECK_EVERY = 60  # steps of sixteen images, as many images in smaller steps: checks take some 2 % of the training time
ENOUGH, SATURATED = 0.998, 2  # both metrics, for so many checks in a row
MARGIN, PATIENCE = 0.002, 3  # a smaller rise is none; checks without one
_CHUNK = 16  # images
_NAME = "validation."  # of its tensors in a checkpoint
Marked = NDArray[np.bool_]


@dataclass(frozen=True)
class Check:
    """What the averaged head reached on the validation set after ``step`` steps, metrics in 0..1."""

    step: int
    pixel_ap: float
    image_auroc: float

    @property
    def score(self) -> float:
        """One figure to compare by."""
        return (self.pixel_ap + self.image_auroc) / 2.0


class Watch(Protocol):
    """Follows a training, may end it before its plan, and says which weights are used."""

    def rate(self, step: int, planned: int) -> float:
        """The learning rate of a step (0 is the first)."""

    def after(self, step: int, planned: int) -> int:
        """``step`` steps are done of ``planned``; how many are planned now."""

    def finish(self, step: int) -> None:
        """Training is over after ``step`` steps: put the weights to use into the head, for good."""

    def ended(self) -> str:
        """Why the plan was cut, for people; "" where it was not."""

    def metrics(self) -> dict[str, float]:
        """For the manifest, after ``finish``."""

    def tensors(self) -> dict[str, Tensor]:
        """For a checkpoint."""

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go on from a checkpoint's tensors."""


@dataclass(frozen=True)
class Unwatched:
    """The plan is the plan, and the last averaged weights are used."""

    trainer: Trainer
    peak: float = PEAK_RATE

    def rate(self, step: int, planned: int) -> float:
        """The schedule's."""
        return learning_rate(step, planned, self.peak)

    def after(self, step: int, planned: int) -> int:  # noqa: ARG002 - as Watch has it
        """As planned."""
        return planned

    def finish(self, step: int) -> None:  # noqa: ARG002 - as Watch has it
        """The averaged weights."""
        self.trainer.use_average()

    def ended(self) -> str:
        """Never."""
        return ""

    def metrics(self) -> dict[str, float]:
        """None."""
        return {}

    def tensors(self) -> dict[str, Tensor]:
        """None."""
        return {}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Nothing."""


class EarlyStop:
    """Scores the averaged weights on ``validation`` and ends the training once that is worth no more."""

    def __init__(self, trainer: Trainer, validation: ValidationSet, batch: int, peak: float = PEAK_RATE) -> None:
        self._trainer = trainer
        self._peak = peak
        self._validation = validation
        self._every = check_every(batch)
        self._checks: list[Check] = []
        self._best: dict[str, Tensor] = {}
        self._decline: tuple[int, float] | None = None  # step where it begins, learning rate there
        self._used: Check | None = None

    def rate(self, step: int, planned: int) -> float:
        """The schedule's; from the decline on, half a cosine from where the rate was."""
        if self._decline is None:
            return learning_rate(step, planned, self._peak)
        return declining(step, *self._decline, self._peak)

    def after(self, step: int, planned: int) -> int:
        """Check when it is time; DECLINE more steps where that shows the end."""
        if step % self._every or step >= planned:
            return planned
        self._check(step)
        if self._decline is not None or planned - step <= DECLINE or not reason_to_end(self._checks):
            return planned
        self._decline = (step, learning_rate(step, planned, self._peak))
        return step + DECLINE

    def finish(self, step: int) -> None:
        """The last averaged weights, or the best ones where these are better by more than MARGIN."""
        last = self._checks[-1] if self._checks and self._checks[-1].step == step else self._check(step)
        self._used = self._top if self._top.score > last.score + MARGIN else last
        if self._used is not last:
            self._trainer.averaged = self._best
        self._trainer.use_average()

    def ended(self) -> str:
        """What the checks before the decline showed."""
        if self._decline is None:
            return ""
        return reason_to_end([check for check in self._checks if check.step <= self._decline[0]])

    def metrics(self) -> dict[str, float]:
        """What the weights used reached, and the step they are of."""
        used = self._used
        if used is None:
            return {}
        return {"validation_pixel_ap": used.pixel_ap, "validation_image_auroc": used.image_auroc, "validation_step": float(used.step)}

    @property
    def _top(self) -> Check:
        return max(self._checks, key=lambda check: check.score)

    def _check(self, step: int) -> Check:
        check = Check(step, *scored(self._trainer.network, self._trainer.averaged, self._validation))
        if not self._checks or check.score > self._top.score:
            self._best = {name: tensor.clone() for name, tensor in self._trainer.averaged.items()}
        self._checks.append(check)
        return check

    def tensors(self) -> dict[str, Tensor]:
        """Checks, best weights and the decline's beginning."""
        found = {f"{_NAME}best.{name}": tensor.detach().cpu() for name, tensor in self._best.items()}
        found[f"{_NAME}checks"] = torch.tensor([astuple(check) for check in self._checks], dtype=torch.float64)
        found[f"{_NAME}decline"] = torch.tensor(self._decline or (), dtype=torch.float64)
        return found

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take them back."""
        device = self._trainer.device
        best = f"{_NAME}best."
        self._best = {name.removeprefix(best): tensor.to(device) for name, tensor in tensors.items() if name.startswith(best)}
        self._checks = [Check(int(step), ap, auroc) for step, ap, auroc in tensors[f"{_NAME}checks"].tolist()]
        begun = tensors[f"{_NAME}decline"].tolist()
        self._decline = (int(begun[0]), begun[1]) if begun else None


def check_every(batch: int) -> int:
    """Steps of ``batch`` images between two checks; never so few that the decline would end before the plan's middle."""
    return max(CHECK_EVERY, math.ceil(CHECK_EVERY * 16 / batch))


def reason_to_end(checks: Sequence[Check]) -> str:
    """Why no more is to be gained, for people; "" where there may be."""
    recent = checks[-SATURATED:]
    if len(recent) == SATURATED and all(min(check.pixel_ap, check.image_auroc) >= ENOUGH for check in recent):
        return f"validation is saturated (pixel AP {recent[-1].pixel_ap:.3f}, image AUROC {recent[-1].image_auroc:.3f})"
    earlier = max(checks[:-PATIENCE], key=lambda check: check.score, default=None)
    if earlier and max(check.score for check in checks[-PATIENCE:]) <= earlier.score + MARGIN:
        return f"validation has not improved since step {earlier.step} (mean of pixel AP and image AUROC {earlier.score:.3f})"
    return ""


# ------------------------------------------------------------------------------------------------------------------ the set


@dataclass(frozen=True)
class ValidationSet:
    """``features``: the backbone's maps of each chunk of images, bfloat16; ``windows`` of the images; ``masks`` bool (h, w).

    The masks have the map's resolution, without padding; nothing is marked on a normal.
    """

    features: tuple[tuple[Tensor, ...], ...]
    masks: tuple[Marked, ...]
    windows: tuple[Window, ...]


def early_stop(trainer: Trainer, sources: Sources, seed: int, batch: int, peak: float = PEAK_RATE) -> EarlyStop | None:
    """On ``validation_set``; None where there is none."""
    validation = validation_set(trainer, sources, seed)
    return None if validation is None else EarlyStop(trainer, validation, batch, peak)


def validation_set(trainer: Trainer, sources: Sources, seed: int) -> ValidationSet | None:
    """From ``sources``, whose normals are held out of training; None where there are none or no anomaly can be made to show on them."""
    if not len(sources.normals):
        return None
    samples = validation_samples(sources, seed)
    masks = tuple(at_map_size(sample) for sample in samples)
    if not any(mask.any() for mask in masks):
        return None
    chunks = [samples[start : start + _CHUNK] for start in range(0, len(samples), _CHUNK)]
    return ValidationSet(tuple(_features(trainer, chunk) for chunk in chunks), masks, tuple(sample.window for sample in samples))


def _features(trainer: Trainer, samples: Sequence[Made]) -> tuple[Tensor, ...]:
    maps = trainer.features(to_input(np.stack([sample.canvas for sample in samples]), trainer.device))
    return tuple(each.to(torch.bfloat16) for each in maps)  # all they are where the backbone runs in bfloat16; 18 MB at 256 x 256


def validation_samples(sources: Sources, seed: int) -> list[Made]:
    """Normals (varied where they are few), then anomalies of each kind in turn, those that do not show left out."""
    half = IMAGES // 2
    normals = [_normal(sources, seed, number) for number in range(half)]
    kinds = [kind for kind in possible(sources.kinds, bool(sources.seen)) if kind != "recalled"] or ["recalled"]
    bad = [made(kinds[n % len(kinds)], sources, np.random.default_rng([seed, 18, n])) for n in range(half)]
    return [*normals, *(sample for sample in bad if (sample.mask > 0.5).any())]


def _normal(sources: Sources, seed: int, number: int) -> Made:
    if number >= len(sources.normals):
        return varied(sources, number % len(sources.normals), np.random.default_rng([seed, 17, number]))
    image = sources.content(number)
    return Made(image, np.zeros(image.shape[:2], np.float32), sources.window(number))


def at_map_size(sample: Made) -> Marked:
    """What of the network's map is marked, inside the window: as ``fit_mask`` shrinks a mask, so that thin cracks stay beside blobs."""
    return sample.window.cut(most_covered(halve(sample.on_canvas[1])))


def scored(network: PRN, weights: dict[str, Tensor], validation: ValidationSet) -> tuple[float, float]:
    """Pixel average precision and image AUROC with ``weights`` in the head's place; the network is left as it is."""
    head = copy.deepcopy(network.head)
    head.load_state_dict(weights)
    head.eval()
    maps = np.concatenate([_maps(network, head, chunk) for chunk in validation.features])
    pixels, scores = PixelMetrics(), []
    for anomaly_map, mask, window in zip(maps, validation.masks, validation.windows, strict=True):
        seen = window.cut(anomaly_map)
        pixels.add(seen, mask)
        scores.append(top_means(seen, network.pixels))
    reached = pixels.scores()
    assert reached is not None  # there are marked pixels and others
    return reached.average_precision, image_auroc(scores, [bool(mask.any()) for mask in validation.masks])


def _maps(network: PRN, head: Head, chunk: Sequence[Tensor]) -> NDArray[np.float32]:
    """Anomaly maps (N, H/2, W/2) as the network makes them, of one chunk's features."""
    features = [each.float() for each in chunk]
    with torch.no_grad():
        apart, _ = network.residuals(features)
        return np.asarray(network.anomaly_map(head(features, apart), apart).cpu().numpy(), np.float32)
