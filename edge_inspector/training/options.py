"""What a training run is asked for, and whether it can be."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch

from edge_inspector.errors import SettingsError
from edge_inspector.evaluation.layouts import sha256_file
from edge_inspector.geometry import Size
from edge_inspector.labels.hints import MaskSource
from edge_inspector.prn.backbones import DEFAULT
from edge_inspector.prn.evidence import EVIDENCE, USUAL
from edge_inspector.prn.head import HeadForm
from edge_inspector.prn.loss import LossForm
from edge_inspector.settings.manifest import ScoreRule
from edge_inspector.training.data import TrainingData, texture_files
from edge_inspector.training.geometry import SQUARE, STEP, FitChoice
from edge_inspector.training.normality import FormChoice
from edge_inspector.training.schedule import PEAK_RATE
from edge_inspector.training.supply import SynthesisChoice, resolve_synthesis
from edge_inspector.training.synthesis import MADE, possible
from edge_inspector.training.tiles import STRIDE, USUAL_ON_TILES
from edge_inspector.version import __version__

# Of a 128 x 128 map. A defect of 0.05 % of the part covers three or four of them, and 5 lost least on the smallest defects of simulated
# rings (image AUROC 0.9999; 20 pixels 0.9990, 100 pixels 0.988) and nothing on large ones (bottle 1.000 with 1 to 100 pixels).
SCORE_PIXELS = 5
# Log-odds for each deviation of t on tiles where no anomaly was seen: the head knows made-up ones alone, and what normal frames never show
# tells more than it does. Whole parts, whose peaks of t count by themselves, do without.
NONE_SEEN_ON_TILES = 0.5
OVERLAP = 32  # input pixels of neighbouring tiles: a map is less sure of its outer pixels, which see only half of what is around them


@dataclass(frozen=True)
class TrainSettings:
    """What to train on and how; the input's ``size`` is (H, W), multiples of 128; it and ``fit`` are chosen from the normals if not given.

    ``score`` is chosen by the form of the prototypes and by ``tile`` if not given, with ``score_pixels``.
    ``anomalies`` are the kinds of MADE that batches hold; no seen image is of the defect type ``leave_out``; ``backbone_weights`` is a
    file with the weights of a ``backbone`` of timm's; with ``tile`` it makes a tile bundle, whose ``overlap`` and ``scale`` are as in
    ``settings.manifest.Tiling``; ``early_stop`` ends the steps before their plan where validation shows no more gain.
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
    size: Size | None = None
    score_pixels: int = SCORE_PIXELS
    score: ScoreRule | None = None
    form: HeadForm = field(default_factory=HeadForm)
    loss: LossForm = field(default_factory=LossForm)
    anomalies: tuple[str, ...] = MADE
    leave_out: str = ""
    backbone: str = DEFAULT
    backbone_weights: Path | None = None
    masks: MaskSource = "exact"
    fit: FitChoice = "auto"
    prototypes: FormChoice = "auto"
    peak_rate: float = PEAK_RATE
    early_stop: bool = False
    synthesis: SynthesisChoice = "auto"
    tile: bool = False
    overlap: int = OVERLAP
    scale: float = 1.0

    def fingerprint(self, data: TrainingData, start: str = "") -> str:
        """Tells one run from another; where the bundle goes and how long it may take make no difference to its weights.

        Raises DatasetError for a texture folder that holds none, or a file that cannot be read.
        """
        left_out = ["out", "max_minutes", "data"]
        left_out += [] if self.synthesis == "device" else ["synthesis"]  # older runs knew the host alone,
        left_out += [] if self.tile else ["tile", "overlap", "scale"]  # and whole images
        own = {key: value for key, value in asdict(self).items() if key not in left_out}
        older = ["usual"] if self.form.usual == USUAL else []  # older runs knew no other,
        older += [] if self.form.peak_limit else ["peak_limit"]  # and no peaks, which come after the weights
        own["form"] = {key: value for key, value in own["form"].items() if key not in older}
        own |= {"making": asdict(data.making), "crops": len(data.normals), "held": data.held_hashes} if self.tile else {}
        # A mask that is painted anew teaches something else; the data's own fingerprint, which manifests publish, is of images alone.
        what = [own, data.fingerprint, data.mask_hashes, data.form.model_dump(), start, torch.__version__, __version__]
        what += [sha256_file(path) for path in (*texture_files(self.textures), self.backbone_weights) if path and path.is_file()]
        text = json.dumps(what, default=str, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def check(settings: TrainSettings) -> TrainSettings:
    """The settings with device and synthesis resolved. Raises SettingsError naming the value that is wrong, TrainingError as they do."""
    if settings.out.exists() and (not settings.out.is_dir() or any(settings.out.iterdir())):
        raise SettingsError(f"--out {settings.out}: already exists; give the new bundle a folder of its own")
    counts = (("--steps", settings.steps, 1), ("--seen", settings.seen, 0), ("--seed", settings.seed, 0), ("--prototypes", settings.k, 1))
    for name, value, least in counts:
        if value is not None and value < least:
            raise SettingsError(f"{name} {value}: must be at least {least}")
    if settings.max_minutes is not None and not 0 < settings.max_minutes < math.inf:
        raise SettingsError(f"--max-minutes {settings.max_minutes}: a number of minutes above 0 is expected")
    _check_switches(settings)
    if settings.size is not None and any(side % STEP or side <= 0 for side in settings.size):
        raise SettingsError(f"input size {settings.size}: height and width must be multiples of {STEP}")
    settings = replace(check_tiling(settings) if settings.tile else settings, form=_evidence(settings))
    device = resolve_device(settings.device)
    return replace(settings, device=device, synthesis=resolve_synthesis(settings.synthesis, device))


def _check_switches(settings: TrainSettings) -> None:
    if not possible(settings.anomalies, settings.seen > 0):
        raise SettingsError(f"anomalies {settings.anomalies} with --seen {settings.seen}: nothing to learn from; some of {MADE} must stay")
    if settings.prototypes == "codebook" and (settings.k is not None or settings.ratio is not None):
        raise SettingsError("--prototypes counts whole maps, and a codebook has words of its own number; leave it or the form out")
    if not settings.loss.smooth_l1 and settings.loss.weight == 0:
        raise SettingsError("loss: smooth L1 and focal are both left out; nothing to learn from")


def check_tiling(settings: TrainSettings) -> TrainSettings:
    """The settings with the one form of prototypes that tiles can have. Raises SettingsError for another, a wrong overlap or scale."""
    if settings.prototypes == "whole-map" or settings.k is not None or settings.ratio is not None:
        raise SettingsError(
            "--tile with whole maps as prototypes: they say what is normal at each place of the part, and a tile may lie anywhere; "
            "leave --prototype-form and --prototypes out (a tile bundle has a codebook), or leave --tile out"
        )
    if settings.fit == "letterbox":
        raise SettingsError("--tile with --fit letterbox: a tile is cut out of the frame, there is nothing to pad; leave one of them out")
    side = min(settings.size or SQUARE)
    if settings.overlap % STRIDE or not 0 <= settings.overlap <= side // 2:
        raise SettingsError(f"--overlap {settings.overlap}: an even number of 0 to {side // 2} pixels, half a tile, is expected")
    if not 0.0 < settings.scale <= 1.0:
        raise SettingsError(f"--scale {settings.scale}: input pixels a frame pixel, above 0 and at most 1")
    return replace(settings, prototypes="codebook")


def _evidence(settings: TrainSettings) -> HeadForm:
    """The form of head with what of its evidence is not asked for, by what is seen and by how many places a frame has.

    Tiles have no peaks: of thousands of places a frame always has some, and how many tiles it has a crop does not tell (not measured).
    """
    form, tile = settings.form, settings.tile
    weight = (NONE_SEEN_ON_TILES if tile and settings.seen == 0 else EVIDENCE) if form.evidence is None else form.evidence
    usual = (USUAL_ON_TILES if tile else USUAL) if form.usual is None else form.usual
    return replace(form, evidence=weight, usual=usual, peak_limit=0.0 if tile and form.peak_limit is None else form.peak_limit)


def resolve_device(name: str) -> str:
    """``auto`` takes CUDA where there is one. Raises SettingsError for a device that is not there."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise SettingsError(f"--device {name}: not available here: {str(error).splitlines()[0]}") from None
    return name
