"""Retraining: a bundle learns newly labelled defects as seen anomalies, from where its weights stand.

Before and after are measured on the test images that neither bundle was trained on, by the judge that the line uses.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from edge_inspector.engine.bundle import Bundle, bundle_hash, load_bundle
from edge_inspector.engine.registry import open_engine
from edge_inspector.errors import SettingsError
from edge_inspector.evaluation.by_type import ByType, by_type, scored
from edge_inspector.evaluation.layouts import Sample
from edge_inspector.labels.hints import MaskSource
from edge_inspector.prn.head import HeadForm
from edge_inspector.prn.loss import LossForm
from edge_inspector.settings.manifest import Added, Manifest, Tiling
from edge_inspector.training.data import TrainingData, fingerprint_of, read_training_data
from edge_inspector.training.export import StoredHead, backbone_of, load_head, load_prototypes
from edge_inspector.training.making import FEW_SIMULATED
from edge_inspector.training.material import Material, gather, held_of
from edge_inspector.training.normality import Plan
from edge_inspector.training.options import TrainSettings
from edge_inspector.training.progress import Listener, Silent, watch
from edge_inspector.training.run import TrainResult, train_from
from edge_inspector.training.schedule import WARM_RATE, warm_steps
from edge_inspector.training.start import Start
from edge_inspector.training.tiles import Cutting, read_tile_data

PrototypeChoice = Literal["keep", "refresh"]
PROTOTYPE_CHOICES: tuple[PrototypeChoice, ...] = ("keep", "refresh")
# Of the draws of seen anomalies, at least. One new image among ten known ones would be met once in eleven draws, too rarely for so short a
# training; more than half, and the known types, which must not be lost, would be met too rarely.
NEW_SHARE = 0.5


@dataclass(frozen=True)
class RetrainSettings:
    """What to add to which bundle. ``data``, ``textures`` and ``batch`` None are the manifest's; ``prototypes`` are kept, or made anew."""

    model: Path
    add: Path
    layout: str
    out: Path
    data: Path | None = None
    steps: int | None = None
    max_minutes: float | None = None
    device: str = "auto"
    prototypes: PrototypeChoice = "keep"
    textures: Path | None = None
    backbone_weights: Path | None = None
    batch: int | None = None


@dataclass(frozen=True)
class RetrainResult:
    """A finished retraining. ``before`` and ``after`` are None where good or defective images to compare on are lacking."""

    trained: TrainResult
    added: int
    kept_seen: int
    before: ByType | None
    after: ByType | None


def retrain(settings: RetrainSettings, listener: Listener | None = None) -> RetrainResult:
    """Train a child of the bundle ``settings.model`` and write it, whole or not at all; a run that was killed goes on.

    Raises SettingsError (wrong use), BundleError (the model), DatasetError, ImageError, EngineError, TrainingError.
    """
    session = _Retraining(settings, load_bundle(settings.model), listener or Silent())
    trained = train_from(session.begin, session.training(), session.listener)
    training = trained.manifest.training
    return RetrainResult(
        trained, len(training.added[-1].images), trained.seen - len(training.added[-1].images), session.before, session.after
    )


def new_weights(old: int, new: int) -> tuple[float, ...]:
    """How often each of ``old`` and then ``new`` seen anomalies is drawn: the new ones NEW_SHARE of all draws, or as many as they are."""
    share = max(NEW_SHARE, new / (old + new)) if old else 1.0
    return (*((1.0 - share) / old for _ in range(old)), *(share / new for _ in range(new)))


class _Retraining:
    """What ``train_from`` asks for, and what was measured meanwhile."""

    def __init__(self, settings: RetrainSettings, parent: Bundle, listener: Listener) -> None:
        self.settings = settings
        self.parent = parent
        self.listener = listener
        self.head: StoredHead = load_head(parent.folder)
        self.before: ByType | None = None
        self.after: ByType | None = None

    def training(self) -> TrainSettings:
        """The child's form is the parent's: input, backbone, head, score rule, loss, batch, textures, seed.

        Raises SettingsError where the data are not there.
        """
        settings, manifest = self.settings, self.parent.manifest
        tiling = manifest.tiling or Tiling()
        return TrainSettings(
            data=_data_of(settings, manifest),
            layout=manifest.training.layout,
            out=settings.out,
            seed=manifest.training.seed,
            steps=settings.steps,
            max_minutes=settings.max_minutes,
            device=settings.device,
            textures=_textures_of(settings, manifest),
            batch=settings.batch or manifest.training.batch,
            loss=LossForm(**manifest.training.loss.model_dump()),
            size=(manifest.input.height, manifest.input.width),
            fit=manifest.input.fit,
            score=manifest.score,
            form=self._form(),
            backbone=self.head.backbone,
            backbone_weights=settings.backbone_weights,
            masks=manifest.training.masks,
            peak_rate=WARM_RATE,
            prototypes=manifest.prototypes.form,
            tile=manifest.tiling is not None,
            overlap=tiling.overlap,
            scale=tiling.scale,
            k=manifest.prototypes.k if manifest.prototypes.form == "whole-map" else None,
        )

    def _form(self) -> HeadForm:
        """The parent's, but for where peaks count from, which its child's own head tells; on tiles none do."""
        form = self.head.form
        return form if self.parent.manifest.tiling is not None else replace(form, peak_limit=None)

    def begin(self, training: TrainSettings) -> Start:
        """Read the images, and measure the parent where there is something to measure it on.

        Raises SettingsError where the backbone's weights are not the parent's, before any image is read.
        """
        backbone = backbone_of(self.parent.folder, self.head, training.backbone_weights)
        material = gather(self.parent.manifest, training.data, self.settings.add, self.settings.layout)
        seen = [*material.old, *((sample, "exact") for _, sample in material.new)]
        data = self._read(training, material, seen)
        lacking = _not_comparable(material.test)
        begun = time.monotonic()
        if not lacking:
            self.before = self._judged(self.parent, material.test, "judging by the parent")
        start = Start(
            data,
            self.parent.manifest.product,
            head=self.head.tensors,
            weights=new_weights(len(material.old), len(material.new)),
            lineage=self._lineage(material, data),
            identity=self._identity(),
            steps=warm_steps(self.parent.manifest.prototypes.form, len(material.new)),
            notes=(*self._unproven(), *material.notes, *data.notes, *_untextured(training, self.parent.manifest), *lacking),
        )
        start = self._with_prototypes(start, backbone.channels)
        return start if lacking else self._measured(start, material.test, time.monotonic() - begun)

    def _read(self, training: TrainSettings, material: Material, seen: Sequence[tuple[Sample, MaskSource]]) -> TrainingData:
        """Of whole parts the parent has learnt simulated anomalies from thousands: seen ones get most of their places in the batches."""
        manifest = self.parent.manifest
        if manifest.tiling is None:
            data = read_training_data(material.normals, material.held, seen, manifest.input, training.textures)
            return replace(data, making=replace(data.making, simulated=FEW_SIMULATED))
        how = Cutting(manifest.input, manifest.tiling)
        return read_tile_data(material.normals, material.held, seen, how, training.seed, training.textures)

    def _unproven(self) -> tuple[str, ...]:
        """A bundle of an older version cannot tell whether its backbone has the weights that it had."""
        if self.head.backbone_sha256:
            return ()
        return (f"{self.parent.folder}: does not say which weights its backbone {self.head.backbone} had; going on without comparing them",)

    def _with_prototypes(self, start: Start, channels: tuple[int, ...]) -> Start:
        stored = self.parent.manifest.prototypes
        plan = Plan(stored.form, stored.k, stored.why)
        if self.settings.prototypes == "refresh":
            return replace(start, renewed=plan)
        return replace(start, kept=(load_prototypes(self.parent.folder, channels), plan))

    def _measured(self, start: Start, test: Sequence[Sample], seconds: float) -> Start:
        before = self.before
        assert before is not None

        def measure(folder: Path) -> dict[str, float]:
            self.after = self._judged(load_bundle(folder), test, "judging by the new bundle")
            return {**before.flat("before"), **self.after.flat("after")}

        return replace(start, measure=measure, measure_seconds=seconds)

    def _judged(self, bundle: Bundle, samples: Sequence[Sample], title: str) -> ByType:
        with closing(open_engine(bundle)) as engine:
            return by_type(scored(engine, samples, watch(self.listener, title)))

    def _lineage(self, material: Material, data: TrainingData) -> Mapping[str, object]:
        """The parent's images stay named, found or not: its weights, and so the child's, have learnt from them.

        What it held out stays held out, but for what has to train now.
        """
        training = self.parent.manifest.training
        new = [digest for digest, _ in material.new]
        images = [digest for digest in training.images if digest not in new]
        seen = [*training.seen, *new]
        held = held_of(training) - (set(data.normal_hashes) - set(data.held_hashes))
        added = Added(folder=str(self.settings.add), layout=self.settings.layout, images=tuple(new))
        return {
            "fingerprint": fingerprint_of([*images, *seen]),
            "images": images,
            "seen": seen,
            "held": [digest for digest in images if digest in held],
            "parent": parent_name(self.parent.manifest),
            "added": [each.model_dump() for each in (*training.added, added)],
        }

    def _identity(self) -> str:
        return "\n".join([parent_name(self.parent.manifest), self.settings.prototypes])


def parent_name(manifest: Manifest) -> str:
    """How a child's manifest names its parent: id, @, hash."""
    return f"{manifest.id}@{bundle_hash(manifest)}"


def _data_of(settings: RetrainSettings, manifest: Manifest) -> Path:
    folder = settings.data or Path(manifest.training.folder)
    if settings.data is None and not (manifest.training.folder and folder.is_dir()):
        raise SettingsError(
            f"--data: the folder that {manifest.id} was trained on, '{manifest.training.folder}', is not there; name it where it lies now"
        )
    return folder


def _textures_of(settings: RetrainSettings, manifest: Manifest) -> Path | None:
    folder = settings.textures or Path(manifest.training.textures)
    return folder if settings.textures or (manifest.training.textures and folder.is_dir()) else None


def _untextured(training: TrainSettings, manifest: Manifest) -> tuple[str, ...]:
    lost = manifest.training.textures
    if training.textures or not lost:
        return ()
    return (f"the textures of {manifest.id}, '{lost}', are not there: going on without them; --textures names where they lie now",)


def _not_comparable(test: Sequence[Sample]) -> tuple[str, ...]:
    good = sum(sample.label == "good" for sample in test)
    if 0 < good < len(test):
        return ()
    return (
        f"nothing to compare before and after on: {good} good and {len(test) - good} defective test images are held out; both are needed",
    )
