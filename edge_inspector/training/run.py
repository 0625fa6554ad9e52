"""One training run from folder to bundle: the order of things, the time they may take, and going on after a kill."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from edge_inspector.engine.bundle import MODEL, seal
from edge_inspector.errors import TrainingError
from edge_inspector.prn.backbone import FrozenBackbone
from edge_inspector.prn.backbones import load as load_backbone
from edge_inspector.prn.codebook import Codebook
from edge_inspector.prn.head import Head
from edge_inspector.prn.network import PRN
from edge_inspector.prn.prototypes import Prototypes
from edge_inspector.settings.manifest import Manifest, Thresholds
from edge_inspector.training import checkpoint, hard
from edge_inspector.training.data import TrainingData, load_training_data, pick_samples
from edge_inspector.training.describe import describe, score_rule
from edge_inspector.training.evidence import evidence_of, held_sources, reference_images, sources_of
from edge_inspector.training.export import CODEBOOK, HEAD, export_onnx, save_codebook, save_head, save_references
from edge_inspector.training.fit import Features, Pace, Trainer, extractor, stored_prototypes
from edge_inspector.training.geometry import SQUARE
from edge_inspector.training.normality import MOST, Plan, build, gather, inside, renewed
from edge_inspector.training.options import TrainSettings, check
from edge_inspector.training.peaks import MOST as MOST_WEIGHED
from edge_inspector.training.peaks import in_words, weigh
from edge_inspector.training.progress import Listener, Silent
from edge_inspector.training.redraw import Redraw
from edge_inspector.training.schedule import DEFAULT_STEPS, Budget
from edge_inspector.training.start import Start
from edge_inspector.training.supply import supply
from edge_inspector.training.synthesis import Sources
from edge_inspector.training.thresholds import propose
from edge_inspector.training.tile_evidence import looks_of, tile_evidence_of
from edge_inspector.training.tiles import cutting, read_tile_data
from edge_inspector.training.validation import Unwatched, Watch, early_stop

_PLAN_AT, _REPLAN_EVERY = 10, 20  # steps: the time that one takes is known, and is looked at again


@dataclass(frozen=True)
class TrainResult:
    """A finished run."""

    folder: Path
    manifest: Manifest
    normals: int
    seen: int
    parameters: int
    notes: tuple[str, ...]


Begin = Callable[[TrainSettings], Start]
Found = tuple[checkpoint.State, dict[str, Tensor]]


def train(settings: TrainSettings, listener: Listener | None = None) -> TrainResult:
    """Train and write the bundle ``settings.out``, whole or not at all; a run that was killed goes on from its last checkpoint.

    Raises SettingsError (wrong use), DatasetError, ImageError, TrainingError.
    """
    return train_from(scratch, settings, listener)


def train_from(begin: Begin, settings: TrainSettings, listener: Listener | None = None) -> TrainResult:
    """The same from another start; ``begin`` is called with the checked settings, and its time counts. Raises what it raises besides."""
    budget = Budget(settings.max_minutes)
    return _Run(check(settings), listener or Silent(), budget, begin).whole()


def scratch(settings: TrainSettings) -> Start:
    """The start of ``train``: a data set's training side, prototypes of its own, random weights. Raises DatasetError, ImageError."""
    data = _tiles(settings) if settings.tile else _whole(settings)
    return Start(data, settings.data.resolve().name, notes=tuple(_remarks(settings, data)))


def _tiles(settings: TrainSettings) -> TrainingData:
    normals, seen, notes = pick_samples(settings.data, settings.layout, settings.seen, settings.seed, settings.leave_out)
    how = cutting(settings.size, settings.overlap, settings.scale)
    data = read_tile_data(normals, None, [(sample, settings.masks) for sample in seen], how, settings.seed, settings.textures)
    return replace(data, notes=(*notes, *data.notes))


def _whole(settings: TrainSettings) -> TrainingData:
    return load_training_data(
        settings.data,
        settings.layout,
        settings.seen,
        settings.seed,
        settings.size,
        settings.textures,
        settings.leave_out,
        settings.masks,
        settings.fit,
    )


def _remarks(settings: TrainSettings, data: TrainingData) -> Iterator[str]:
    yield from data.notes
    form = data.form
    if (form.height, form.width, form.fit) != (*(settings.size or SQUARE), "stretch"):
        yield f"input {form.height} x {form.width}, {form.fit}: {form.why}"
    if not data.seen:
        yield "no seen anomalies: training on simulated anomalies alone"


@dataclass(frozen=True)
class _Ready:
    """What the steps need: the start, the trainer, where to begin and where to end."""

    start: Start
    sources: Sources
    trainer: Trainer
    plan: Plan
    fingerprint: str
    first: int
    planned: int
    wanted: int

    @property
    def data(self) -> TrainingData:
        """What is trained on."""
        return self.start.data


class _Run:
    """The stages of one run, in the order of ``whole``."""

    def __init__(self, settings: TrainSettings, listener: Listener, budget: Budget, begin: Begin = scratch) -> None:
        self.settings = settings
        self.begin = begin
        self.listener = listener
        self.budget = budget
        self.device = torch.device(settings.device)
        self.part = settings.out.with_name(settings.out.name + ".part")
        self.notes: list[str] = []
        self.watch: Watch  # follows the trainer that prepare makes
        self.redraw: Redraw  # of the sources that prepare makes
        self.before = 0.0  # seconds that earlier, killed parts of this run took
        self.kept: int | None = None  # step of the last checkpoint on disk
        self.refused = False  # whether the disk took no checkpoint when last asked

    def whole(self) -> TrainResult:
        ready = self.prepare()
        done = self.steps(ready)
        self.watch.finish(done)
        network = ready.trainer.network
        self.hear_peaks(network, ready.data)
        return self.bundle(network, ready, done, self.thresholds(network, ready.data))

    def prepare(self) -> _Ready:
        """Read the data and make the trainer, anew or from the checkpoint of the same run."""
        settings = self.settings
        self.listener.stage("reading images", 1)
        start = self.begin(settings)
        for note in start.notes:
            self.note(note)
        self.make_part()
        self.budget.reserved = start.measure_seconds
        if start.data.tiling is not None:
            self.budget.looks = looks_of(start.data, start.data.tiling)
        else:
            self.budget.looks += min(len(start.data.held), MOST_WEIGHED)
        fingerprint = settings.fingerprint(start.data, start.identity)
        found = checkpoint.load(self.part, fingerprint)
        trainer, plan = self.trainer(start, found)
        sources = replace(sources_of(start.data), kinds=settings.anomalies, weights=start.weights)
        sources = replace(sources, hard=self.hard_normals(start, trainer, sources, found))
        self.watch = self.watch_of(trainer, sources, start.data)
        self.redraw = Redraw(sources)
        wanted = start.wanted(settings.steps, plan.form)
        ready = _Ready(start, sources, trainer, plan, fingerprint, 0, wanted, wanted)
        if found is None:
            if start.head is not None:
                self.redraw.begin(trainer)
            return ready
        state, tensors = found
        trainer.restore(tensors)
        self.watch.restore(tensors)
        self.redraw.restore(tensors)
        self.before, self.kept = state.seconds, state.step
        self.note(f"going on from step {state.step} of {state.planned}")
        return replace(ready, first=state.step, planned=state.planned)

    def hard_normals(self, start: Start, trainer: Trainer, sources: Sources, found: Found | None) -> tuple[int, ...]:
        """Of a head that knows the product, as first found. Of tiles none: one mark would be many of their crops (not measured)."""
        if found is not None and (kept := hard.stored(found[1])) is not None:
            return kept
        if start.head is None or start.data.tiling is not None:
            return ()
        return hard.hardest(trainer.as_averaged(), sources, self.listener, self.budget.for_looking())

    def watch_of(self, trainer: Trainer, sources: Sources, data: TrainingData) -> Watch:
        settings = self.settings
        if not settings.early_stop:
            return Unwatched(trainer, settings.peak_rate)
        held = replace(sources, normals=data.held, windows=data.held_windows, making=data.making.alone, hard=())
        watch = early_stop(trainer, held, settings.seed, settings.batch, settings.peak_rate)
        if watch is None:
            self.note(f"no early stop: of {len(data.normals)} normals none are held out to validate on, or no anomaly shows on them")
            return Unwatched(trainer, settings.peak_rate)
        return watch

    def make_part(self) -> None:
        """Where nothing can be written is known before the training, not after it."""
        try:
            self.part.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(f"--out {self.settings.out}: {self.part} cannot be made: {error.strerror}; name another folder") from error

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.listener.note(text)

    def trainer(self, start: Start, found: Found | None) -> tuple[Trainer, Plan]:
        settings = self.settings
        backbone = load_backbone(settings.backbone, settings.backbone_weights)
        backbone = backbone.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
        steps = settings.steps or start.steps or min(DEFAULT_STEPS.values())
        features = extractor(backbone, self.device, steps * settings.batch * start.data.form.height * start.data.form.width)
        prototypes, plan = self.prototypes(start, backbone, features, found)
        torch.manual_seed(settings.seed)
        head = Head(settings.form, backbone.channels, prototypes.channels).to(self.device)
        if start.head is not None:
            head.load_state_dict(dict(start.head))
        pixels = score_rule(settings).pixels
        network = PRN(backbone, prototypes.to(self.device), head, pixels, settings.form.difference)
        return Trainer(network, self.device, settings.loss, features, start.data.making.near), plan

    def prototypes(
        self, start: Start, backbone: FrozenBackbone, features: Features, found: Found | None
    ) -> tuple[Prototypes | Codebook, Plan]:
        """Of the checkpoint, of the start, or made of the normals; and their form, K and why."""
        if found is not None:
            return stored_prototypes(found[1], backbone.channels), Plan(**found[0].prototypes)
        if start.kept is not None:
            return start.kept
        self.listener.stage("clustering prototypes", 1)
        settings, data = self.settings, start.data
        most = MOST if settings.k is None and settings.ratio is None else len(data.normals)
        maps, picked = gather(features, data.normals, self.device, settings.seed, most)
        places = inside(data.windows, picked, (maps[0].shape[-2], maps[0].shape[-1]))
        prototypes, plan = build(maps, places, settings.prototypes, settings.ratio, settings.k, settings.seed)
        if start.renewed is not None:
            plan = renewed(start.renewed, plan, len(picked))
        if plan.form != "whole-map":
            self.note(f"prototypes: {plan.form}, {plan.why}")
        return prototypes, plan

    def steps(self, ready: _Ready) -> int:
        """Run to the planned step, or as far as time goes; returns the steps done."""
        first, planned, trainer, asked = ready.first, ready.planned, ready.trainer, self.settings
        step, pace, saved = first, Pace(), self.budget.elapsed
        self.listener.stage("training", planned)
        with supply(asked.synthesis, self.device, self.redraw.sources, asked.batch, asked.seed, first) as batches:
            while step < planned and (step == first or self.budget.left_for_steps(pace.seconds) > pace.seconds):
                loss = trainer.step(batches.take(), self.watch.rate(step, planned))
                step += 1
                pace.lap()
                planned = self.watch.after(step, planned)
                if self.redraw.due(step, planned):
                    batches.change(self.redraw.apply(trainer), step)
                if step - first == _PLAN_AT or step % _REPLAN_EVERY == 0:
                    planned = self.replan(ready.wanted, step, planned, pace.seconds)
                self.listener.advance(step, planned, f"loss {loss:.4f}")
                if self.budget.elapsed - saved > checkpoint.EVERY_SECONDS:
                    self.save(ready, step, planned)
                    saved = self.budget.elapsed
        self.remark(ready.wanted, step, planned)
        self.save(ready, step, planned)
        return step

    def remark(self, wanted: int, step: int, planned: int) -> None:
        if step < planned:
            self.note(f"the time is up after {step} of {planned} steps: the bundle is whole, its training was cut short")
        elif self.watch.ended():
            self.note(f"{step} steps instead of {wanted}: {self.watch.ended()}")
        elif step < wanted:
            why = f"to end within {self.settings.max_minutes:g} minutes" if self.settings.max_minutes else "as planned before it was killed"
            self.note(f"{step} steps instead of {wanted}, {why}")

    def save(self, ready: _Ready, step: int, planned: int) -> None:
        """Write a checkpoint. A full disk does not end the training: it is said once, and there may be room for the next."""
        state = checkpoint.State(ready.fingerprint, step, planned, self.before + self.budget.elapsed, asdict(ready.plan))
        try:
            kept = ready.trainer.tensors() | self.watch.tensors() | self.redraw.tensors() | hard.tensors(ready.sources.hard)
            checkpoint.save(self.part, state, kept)
        except TrainingError as error:
            if not self.refused:
                self.note(f"{error}; the training goes on")
            self.refused = True
            return
        if self.refused:
            self.note(f"checkpoints can be written again, from step {step} on")
        self.kept, self.refused = step, False

    def replan(self, wanted: int, step: int, planned: int, seconds: float) -> int:
        """As many steps as the time allows, so that the learning rate comes down to its end; up again only before the plan's middle."""
        return self.budget.fitting(step, wanted if step < planned // 2 else planned, seconds)

    @property
    def minutes(self) -> float:
        """What the run took so far, earlier, killed parts of it included."""
        return (self.before + self.budget.elapsed) / 60.0

    def hear_peaks(self, network: PRN, data: TrainingData) -> None:
        """From where on a codebook's peaks count, unless that was asked for: only a head that is trained says what normals score."""
        if self.settings.form.peak_limit is not None or not isinstance(network.prototypes, Codebook):
            return
        held = held_sources(data)
        limit, told = weigh(network, [(held.normals[n], held.window(n)) for n in range(len(data.held))], self.listener)
        network.head.form = replace(network.head.form, peak_limit=limit)
        self.note(told)

    def thresholds(self, network: PRN, data: TrainingData) -> Thresholds:
        self.listener.stage("proposing thresholds", 1)
        if data.tiling is not None:
            return propose(tile_evidence_of(network, data, data.tiling, self.settings.seed, self.listener, self.budget.for_scoring))
        proposed = propose(evidence_of(network, data, self.settings.seed))
        told = f"; {in_words(network.head.form.peak_limit)}" if network.head.form.peak_limit else ""
        return proposed.model_copy(update={"evidence": proposed.evidence + told})

    def bundle(self, network: PRN, ready: _Ready, done: int, thresholds: Thresholds) -> TrainResult:
        """Write everything beside its place, then rename: a folder that exists is a whole bundle."""
        self.listener.stage("writing the bundle", 1)
        start, settings, data = ready.start, self.settings, ready.data
        draft = self.part / "bundle"
        shutil.rmtree(draft, ignore_errors=True)
        try:
            draft.mkdir(parents=True)
            network = network.to("cpu")
            save_head(network.head, draft / HEAD, network.backbone)
            if isinstance(network.prototypes, Codebook):
                save_codebook(network.prototypes, draft / CODEBOOK)
            save_references(network, reference_images(data, settings.seed), draft / "reference")
            export_onnx(network, data.form.height, data.form.width, draft / MODEL)
            fields = describe(settings, start, ready.plan, done, self.minutes, thresholds)
            manifest = self.sealed(draft, start, {**fields, "metrics": self.watch.metrics()})
            if settings.out.exists():
                settings.out.rmdir()  # an empty folder was made for us
            draft.rename(settings.out)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)  # what was written of it takes room that the next start needs
            nothing = self.kept is None
            kept = "no checkpoint could be written either" if nothing else f"the training is kept to step {self.kept} in {self.part}"
            raise TrainingError(
                f"{settings.out}: the bundle cannot be written: {error.strerror}; {kept}: free space, then run again"
            ) from error
        shutil.rmtree(self.part, ignore_errors=True)
        parameters = sum(parameter.numel() for parameter in network.head.parameters())
        return TrainResult(settings.out, manifest, len(data.normal_hashes), len(data.seen), parameters, tuple(self.notes))

    def sealed(self, draft: Path, start: Start, fields: Mapping[str, object]) -> Manifest:
        """Seal the bundle, and again with what the start measures of it: a bundle must be whole to be run."""
        manifest = seal(draft, fields)
        if start.measure is None:
            return manifest
        return seal(draft, manifest.model_copy(update={"metrics": {**manifest.metrics, **start.measure(draft)}}))
