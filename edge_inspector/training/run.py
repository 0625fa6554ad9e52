"""One training run from folder to bundle: the order of things, the time they may take, and going on after a kill."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from edge_inspector.engine.bundle import seal
from edge_inspector.errors import SettingsError, TrainingError
from edge_inspector.labels.hints import MaskSource
from edge_inspector.prn.backbones import DEFAULT
from edge_inspector.prn.backbones import load as load_backbone
from edge_inspector.prn.loss import LossForm
from edge_inspector.prn.network import PRN, Head, HeadForm
from edge_inspector.prn.prototypes import Prototypes, prototype_count
from edge_inspector.settings.manifest import FORMAT_VERSION, Manifest, Thresholds
from edge_inspector.training import checkpoint
from edge_inspector.training.augment import vary
from edge_inspector.training.batches import Batches
from edge_inspector.training.data import TrainingData, load_training_data
from edge_inspector.training.export import HEAD, export_onnx, save_head, save_references
from edge_inspector.training.fit import Pace, Trainer, build_prototypes, run, stored_prototypes
from edge_inspector.training.progress import Listener, Silent
from edge_inspector.training.schedule import DEFAULT_STEPS, Budget
from edge_inspector.training.synthesis import MADE, Sources, extended, possible, simulated
from edge_inspector.training.thresholds import Evidence, propose
from edge_inspector.training.validation import EarlyStop, Unwatched, Watch, validation_set
from edge_inspector.version import __version__

# Of a 128 x 128 map. A defect of 0.05 % of the part covers three or four of them, and 5 lost least on the smallest defects of simulated
# rings (image AUROC 0.9999; 20 pixels 0.9990, 100 pixels 0.988) and nothing on large ones (bottle 1.000 with 1 to 100 pixels).
SCORE_PIXELS = 5
_PLAN_AT = 10  # steps after which the time a step takes is known
_REPLAN_EVERY = 20
_NORMAL_LOOKS, _ANOMALY_LOOKS = 20, 120  # images scored for the threshold proposals; fewer normals are varied besides
_REFERENCES = 4


@dataclass(frozen=True)
class TrainSettings:
    """What to train on and how; ``size`` is (H, W), multiples of 64 (strides to 32, and attention halves the coarsest scale thrice).

    ``anomalies`` are the kinds of MADE that batches hold; no seen image is of the defect type ``leave_out``; ``backbone_weights`` is a
    file with the weights of a ``backbone`` of timm's; ``early_stop`` ends the steps before their plan where validation shows no more gain.
    """

    data: Path
    layout: str
    out: Path
    seen: int = 0
    seed: int = 0
    steps: int | None = None
    max_minutes: float | None = None
    device: str = "auto"
    k: int | None = None
    ratio: float | None = None
    textures: Path | None = None
    batch: int = 16
    size: tuple[int, int] = (256, 256)
    score_pixels: int = SCORE_PIXELS
    form: HeadForm = field(default_factory=HeadForm)
    loss: LossForm = field(default_factory=LossForm)
    anomalies: tuple[str, ...] = MADE
    leave_out: str = ""
    backbone: str = DEFAULT
    backbone_weights: Path | None = None
    masks: MaskSource = "exact"
    early_stop: bool = False

    def fingerprint(self, data: TrainingData) -> str:
        """Tells one run from another; where the bundle goes and how long it may take make no difference to its weights."""
        own = {key: value for key, value in asdict(self).items() if key not in ("out", "max_minutes", "data")}
        text = json.dumps([own, data.fingerprint, torch.__version__, __version__], default=str, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class TrainResult:
    """A finished run."""

    folder: Path
    manifest: Manifest
    normals: int
    seen: int
    parameters: int
    notes: tuple[str, ...]


def train(settings: TrainSettings, listener: Listener | None = None) -> TrainResult:
    """Train and write the bundle ``settings.out``, whole or not at all; a run that was killed goes on from its last checkpoint.

    Raises SettingsError (wrong use), DatasetError, ImageError, TrainingError.
    """
    budget = Budget(settings.max_minutes)
    session = _Run(check(settings), listener or Silent(), budget)
    return session.whole()


def check(settings: TrainSettings) -> TrainSettings:
    """The settings with the device resolved. Raises SettingsError naming the value that is wrong."""
    if settings.out.exists() and (not settings.out.is_dir() or any(settings.out.iterdir())):
        raise SettingsError(f"--out {settings.out}: already exists; give the new bundle a folder of its own")
    for name, value, least in (("--steps", settings.steps, 1), ("--seen", settings.seen, 0), ("--prototypes", settings.k, 1)):
        if value is not None and value < least:
            raise SettingsError(f"{name} {value}: must be at least {least}")
    if settings.max_minutes is not None and settings.max_minutes <= 0:
        raise SettingsError(f"--max-minutes {settings.max_minutes}: must be above 0")
    _check_switches(settings)
    if any(side % 128 or side <= 0 for side in settings.size):
        raise SettingsError(f"input size {settings.size}: height and width must be multiples of 128")
    return replace(settings, device=resolve_device(settings.device))


def _check_switches(settings: TrainSettings) -> None:
    if not possible(settings.anomalies, settings.seen > 0):
        raise SettingsError(f"anomalies {settings.anomalies} with --seen {settings.seen}: nothing to learn from; some of {MADE} must stay")
    if not settings.loss.smooth_l1 and settings.loss.weight == 0:
        raise SettingsError("loss: smooth L1 and focal are both left out; nothing to learn from")


def resolve_device(name: str) -> str:
    """``auto`` takes CUDA where there is one. Raises SettingsError for a device that is not there."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise SettingsError(f"--device {name}: not available here: {str(error).splitlines()[0]}") from None
    return name


@dataclass(frozen=True)
class _Ready:
    """What the steps need: data, trainer, where to begin and where to end; ``prototypes`` is K and why."""

    data: TrainingData
    sources: Sources
    trainer: Trainer
    fingerprint: str
    prototypes: tuple[int, str]
    first: int
    planned: int


class _Run:
    """The stages of one run, in the order of ``whole``."""

    def __init__(self, settings: TrainSettings, listener: Listener, budget: Budget) -> None:
        self.settings = settings
        self.listener = listener
        self.budget = budget
        self.device = torch.device(settings.device)
        self.part = settings.out.with_name(settings.out.name + ".part")
        self.notes: list[str] = []
        self.watch: Watch  # follows the trainer that prepare makes
        self.before = 0.0  # seconds that earlier, killed parts of this run took
        self.kept: int | None = None  # step of the last checkpoint on disk
        self.refused = False  # whether the disk took no checkpoint when last asked

    def whole(self) -> TrainResult:
        ready = self.prepare()
        done = self.steps(ready.trainer, ready.sources, ready.fingerprint, ready.first, ready.planned)
        self.watch.finish(done)
        network = ready.trainer.network
        return self.bundle(network, ready.data, ready.prototypes, done, self.thresholds(network, ready.data))

    def prepare(self) -> _Ready:
        """Read the data and make the trainer, anew or from the checkpoint of the same run."""
        settings = self.settings
        self.listener.stage("reading images", 1)
        data = load_training_data(
            settings.data,
            settings.layout,
            settings.seen,
            settings.seed,
            settings.size,
            settings.textures,
            settings.leave_out,
            settings.masks,
        )
        for text in data.notes:
            self.note(text)
        if not data.seen:
            self.note("no seen anomalies: training on simulated anomalies alone")
        self.make_part()
        fingerprint = settings.fingerprint(data)
        found = checkpoint.load(self.part, fingerprint)
        prototypes = prototype_count(len(data.normals), settings.ratio, settings.k)
        trainer = self.trainer(data, prototypes[0], stored_prototypes(found[1]) if found else None)
        sources = replace(sources_of(data), kinds=settings.anomalies)
        self.watch = self.watch_of(trainer, sources, data)
        ready = _Ready(data, sources, trainer, fingerprint, prototypes, 0, settings.steps or DEFAULT_STEPS)
        if found is None:
            return ready
        state, tensors = found
        trainer.restore(tensors)
        self.watch.restore(tensors)
        self.before, self.kept = state.seconds, state.step
        self.note(f"going on from step {state.step} of {state.planned}")
        return replace(ready, first=state.step, planned=state.planned)

    def watch_of(self, trainer: Trainer, sources: Sources, data: TrainingData) -> Watch:
        if not self.settings.early_stop:
            return Unwatched(trainer)
        validation = validation_set(trainer, replace(sources, normals=data.held), self.settings.seed)
        if validation is None:
            self.note(f"no early stop: of {len(data.normals)} normals none are held out to validate on, or no anomaly shows on them")
            return Unwatched(trainer)
        return EarlyStop(trainer, validation, self.settings.batch)

    def make_part(self) -> None:
        """Where nothing can be written is known before the training, not after it."""
        try:
            self.part.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(f"--out {self.settings.out}: {self.part} cannot be made: {error.strerror}; name another folder") from error

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.listener.note(text)

    def trainer(self, data: TrainingData, k: int, stored: Prototypes | None) -> Trainer:
        settings = self.settings
        backbone = load_backbone(settings.backbone, settings.backbone_weights)
        backbone = backbone.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
        if stored is None:
            self.listener.stage("clustering prototypes", 1)
            stored = build_prototypes(backbone, data.normals, k, settings.seed, self.device)
        torch.manual_seed(settings.seed)
        head = Head(settings.form, backbone.channels).to(self.device)
        network = PRN(backbone, stored.to(self.device), head, settings.score_pixels, settings.form.difference)
        return Trainer(network, self.device, settings.loss)

    def steps(self, trainer: Trainer, sources: Sources, fingerprint: str, first: int, planned: int) -> int:
        """Run to the planned step, or as far as time goes; returns the steps done."""
        step, pace, saved = first, Pace(), self.budget.elapsed
        self.listener.stage("training", planned)
        with Batches(sources, self.settings.batch, self.settings.seed, first) as batches:
            while step < planned and (step == first or self.budget.left_for_steps(pace.seconds) > pace.seconds):
                loss = trainer.step(batches.take(), self.watch.rate(step, planned))
                step += 1
                pace.lap()
                planned = self.watch.after(step, planned)
                if step - first == _PLAN_AT or step % _REPLAN_EVERY == 0:
                    planned = self.replan(step, planned, pace.seconds)
                self.listener.advance(step, planned, f"loss {loss:.4f}")
                if self.budget.elapsed - saved > checkpoint.EVERY_SECONDS:
                    self.save(trainer, fingerprint, step, planned)
                    saved = self.budget.elapsed
        self.remark(step, planned)
        self.save(trainer, fingerprint, step, planned)
        return step

    def remark(self, step: int, planned: int) -> None:
        wanted = self.settings.steps or DEFAULT_STEPS
        if step < planned:
            self.note(f"the time is up after {step} of {planned} steps: the bundle is whole, its training was cut short")
        elif self.watch.ended():
            self.note(f"{step} steps instead of {wanted}: {self.watch.ended()}")
        elif step < wanted:
            self.note(f"{step} steps instead of {wanted}, to end within {self.settings.max_minutes:g} minutes")

    def save(self, trainer: Trainer, fingerprint: str, step: int, planned: int) -> None:
        """Write a checkpoint. A full disk does not end the training: it is said once, and there may be room for the next."""
        state = checkpoint.State(fingerprint, step, planned, self.before + self.budget.elapsed)
        try:
            checkpoint.save(self.part, state, trainer.tensors() | self.watch.tensors())
        except TrainingError as error:
            if not self.refused:
                self.note(f"{error}; the training goes on")
            self.refused = True
            return
        if self.refused:
            self.note(f"checkpoints can be written again, from step {step} on")
        self.kept, self.refused = step, False

    def replan(self, step: int, planned: int, seconds: float) -> int:
        """As many steps as the time allows, so that the learning rate comes down to its end; up again only before the plan's middle."""
        wanted = self.settings.steps or DEFAULT_STEPS
        return self.budget.fitting(step, wanted if step < planned // 2 else planned, seconds)

    def thresholds(self, network: PRN, data: TrainingData) -> Thresholds:
        self.listener.stage("proposing thresholds", 1)
        return propose(evidence_of(network, data, self.settings.seed))

    def bundle(self, network: PRN, data: TrainingData, prototypes: tuple[int, str], done: int, thresholds: Thresholds) -> TrainResult:
        """Write everything beside its place, then rename: a folder that exists is a whole bundle."""
        self.listener.stage("writing the bundle", 1)
        settings = self.settings
        draft = self.part / "bundle"
        shutil.rmtree(draft, ignore_errors=True)
        try:
            draft.mkdir(parents=True)
            network = network.to("cpu")
            save_head(network.head, settings.form, draft / HEAD, settings.backbone)
            save_references(network, reference_images(data, settings.seed), draft / "reference")
            export_onnx(network, *settings.size, draft / "model.onnx")
            manifest = seal(draft, self.manifest(data, prototypes, done, thresholds))
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
        return TrainResult(settings.out, manifest, len(data.normals) + len(data.held), len(data.seen), parameters, tuple(self.notes))

    def manifest(self, data: TrainingData, prototypes: tuple[int, str], done: int, thresholds: Thresholds) -> dict[str, object]:
        settings = self.settings
        height, width = settings.size
        k, why = prototypes
        return {
            "format_version": FORMAT_VERSION,
            "id": bundle_id(settings.out.name),
            "created_utc": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "program_version": __version__,
            "product": settings.data.resolve().name,
            "backbone": settings.backbone,
            "input": {"height": height, "width": width},
            "output": {"height": height // 2, "width": width // 2},
            "prototypes": {"k": k, "why": why},
            "score": {"score_pixels": settings.score_pixels},
            "training": {
                "folder": str(settings.data),
                "layout": settings.layout,
                "fingerprint": data.fingerprint,
                "images": data.normal_hashes,
                "seen": data.seen_hashes,
                "masks": settings.masks,
                "seed": settings.seed,
                "steps": done,
                "planned_steps": settings.steps or DEFAULT_STEPS,
                "minutes": round((self.before + self.budget.elapsed) / 60.0, 3),
                "device": settings.device,
                "torch": torch.__version__,
            },
            "thresholds": [thresholds.model_dump()],
            "metrics": self.watch.metrics(),
        }


def bundle_id(name: str) -> str:
    """A folder's name as a bundle id: letters, digits, dot, dash and underscore."""
    cleaned = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in name).lstrip("_.-")[:64]
    return cleaned or "bundle"


def sources_of(data: TrainingData) -> Sources:
    """What training's anomalies are made from."""
    return Sources(data.normals, data.seen, data.textures, data.grey)


def evidence_of(network: PRN, data: TrainingData, seed: int) -> Evidence:
    """Score held-out normals (training ones where none could be spared; varied ones too where they are few), and anomalies made on them."""
    base = data.held if len(data.held) else data.normals[:_NORMAL_LOOKS]
    sources = replace(sources_of(data), normals=base)
    more = 0 if len(base) >= _NORMAL_LOOKS else _NORMAL_LOOKS
    varied = [vary(base[n % len(base)], None, np.random.default_rng([seed, 11, n]), sources.variation)[0] for n in range(more)]
    maps, scores, _ = run(network, np.stack([*base, *varied]))
    _, bad_scores, _ = run(network, _anomalies(sources, [np.random.default_rng([seed, 12, n]) for n in range(_ANOMALY_LOOKS)]))
    source = f"{len(base)} held-out normals" if len(data.held) else f"{len(base)} training normals (too few to hold any out)"
    source += f" and {more} variations of them" if more else ""
    return Evidence(scores.astype(np.float64), bad_scores.astype(np.float64), maps.max(axis=(1, 2)).astype(np.float64), source)


def _anomalies(sources: Sources, rngs: list[np.random.Generator]) -> NDArray[np.uint8]:
    """One anomaly a generator, in turn from seen masks and simulated; those that could not be made visible are left out."""
    made = [(extended if sources.seen and number % 2 else simulated)(sources, rng) for number, rng in enumerate(rngs)]
    return np.stack([image for image, mask in made if mask.any()] or [made[0][0]])


def reference_images(data: TrainingData, seed: int) -> NDArray[np.uint8]:
    """Half normals, half anomalies."""
    base = data.held if len(data.held) else data.normals
    sources = replace(sources_of(data), normals=base)
    normals = [base[n % len(base)] for n in range(_REFERENCES // 2)]
    bad = [simulated(sources, np.random.default_rng([seed, 13, n]))[0] for n in range(_REFERENCES - len(normals))]
    return np.stack(normals + bad)
