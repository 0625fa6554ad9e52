"""manifest.toml: what a model bundle is, what it was made from, and the sha256 of every file in it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from edge_inspector.settings.model import Settings

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
FORMAT_VERSION: Literal[1] = 1
Fit = Literal["stretch", "letterbox"]


class InputForm(Settings):
    """The graph's input: uint8 (N, height, width, 3) RGB; ``grey`` images are repeated over the three channels before it."""

    height: Annotated[int, Field(gt=0)]
    width: Annotated[int, Field(gt=0)]
    colour: Literal["rgb"] = "rgb"
    fit: Fit = Field("stretch", description="letterbox: the aspect is kept, with padding of grey level 127; stretch: over the whole input")
    why: str = Field("", description="what size and fit were chosen by")


class OutputForm(Settings):
    """The graph's anomaly map, float32 (N, height, width) in 0..1."""

    height: Annotated[int, Field(gt=0)]
    width: Annotated[int, Field(gt=0)]


class Prototypes(Settings):
    """Form and number of the prototypes, and why."""

    form: Literal["whole-map", "codebook"] = "whole-map"
    k: Annotated[int, Field(gt=0)]
    why: str


class ScoreRule(Settings):
    """Image score: the mean of the ``score_pixels`` highest values of the map; or, with further numbers of pixels in ``also``, the logistic
    of the mean of the log-odds of those means, so that small and large defects count alike."""

    name: Literal["top-mean", "top-means"] = "top-mean"
    score_pixels: Annotated[int, Field(gt=0)]
    also: tuple[Annotated[int, Field(gt=0)], ...] = ()

    @model_validator(mode="after")
    def _joined(self) -> ScoreRule:
        if self.also and self.name == "top-mean":
            raise ValueError(f'also {list(self.also)} with name "{self.name}", which is of score_pixels alone; name it "top-means"')
        return self

    @property
    def pixels(self) -> tuple[int, ...]:
        """All numbers of pixels that means are taken of."""
        return (self.score_pixels, *self.also)


class Tiling(Settings):
    """Frames are cut into tiles of the input's size, each as it was trained on; the map is the whole frame's.

    ``overlap`` is how far neighbouring tiles lie over each other at least, input pixels; ``scale`` input pixels a frame pixel.
    """

    overlap: Annotated[int, Field(ge=0)] = 32
    scale: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0


class Added(Settings):
    """Labelled images that a retraining took as seen anomalies, and where it found them; ``folder`` is informative."""

    folder: str
    layout: str
    images: tuple[Sha256, ...] = Field(description="sha256 of every image taken; all of them are in ``seen`` too")


class LossTerms(Settings):
    """The training's loss: its terms and weights, as ``prn.loss.LossForm`` takes them; the defaults are its own."""

    smooth_l1: bool = True
    weight: Annotated[float, Field(ge=0.0)] = 5.0
    gamma: Annotated[float, Field(ge=0.0)] = 2.0
    most: Annotated[float, Field(ge=1.0)] = 10.0


class Training(Settings):
    """What the weights came from. ``folder`` is informative; ``fingerprint`` is a sha256 over the sorted sha256 of the training images."""

    folder: str
    layout: str
    fingerprint: Sha256
    images: tuple[Sha256, ...] = Field((), description="sha256 of every normal image used")
    seen: tuple[Sha256, ...] = Field((), description="sha256 of every seen defective image")
    held: tuple[Sha256, ...] = Field(
        (),
        description="sha256 of those of ``images`` that were held out of training, for thresholds; none named: those that ``seed`` picks",
    )
    masks: Literal["exact", "box", "scribble", "click"] = Field(
        "exact", description="what the seen images' masks were drawn from; other than exact, proposed from such hints"
    )
    textures: str = Field("", description="folder of textures for simulated anomalies, informative as ``folder`` is")
    batch: Annotated[int, Field(gt=0)] = 16
    loss: LossTerms = LossTerms()
    seed: int
    steps: Annotated[int, Field(ge=0)]
    planned_steps: Annotated[int, Field(ge=0)]
    minutes: Annotated[float, Field(ge=0.0)]
    device: str
    synthesis: Literal["host", "device"] = Field("host", description="where anomalies were made: in numpy, or in torch on ``device``")
    torch: str
    parent: str = Field(
        "",
        pattern="^$|^[^@]+@[0-9a-f]{64}$",
        description="of a retrained bundle: the id of the bundle it began from, @, and that one's hash",
    )
    added: tuple[Added, ...] = Field((), description="what retrainings added to the folder's seen images, oldest first")


class Thresholds(Settings):
    """Proposals for a recipe at one precision, and the evidence they rest on."""

    precision: str = "f32"
    accept_threshold: Annotated[float, Field(ge=0.0, le=1.0)]
    reject_threshold: Annotated[float, Field(ge=0.0, le=1.0)]
    region_threshold: Annotated[float, Field(ge=0.0, le=1.0)]
    evidence: str


class Manifest(Settings):
    """The content of manifest.toml."""

    format_version: Literal[1] = FORMAT_VERSION
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")]
    created_utc: str
    program_version: str
    product: str = ""
    backbone: str
    input: InputForm
    output: OutputForm
    prototypes: Prototypes
    score: ScoreRule
    training: Training
    thresholds: tuple[Thresholds, ...]
    metrics: dict[str, float] = Field(default_factory=dict)
    tiling: Tiling | None = Field(None, description="of a tile bundle: how frames are cut; none: a frame is shrunk to the input as a whole")
    files: dict[str, Sha256] = Field(description="sha256 of every other file of the bundle, by path inside it")

    @model_serializer(mode="wrap")
    def _without_none(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """TOML has no null: what a bundle is not is left out."""
        values: dict[str, Any] = handler(self)
        return {key: value for key, value in values.items() if value is not None}

    @model_validator(mode="after")
    def _tileable(self) -> Manifest:
        if self.tiling is None:
            return self
        if self.prototypes.form != "codebook":
            raise ValueError(
                f'tiling with prototypes of the form "{self.prototypes.form}", which say what is normal at each place of the part: a tile '
                "may lie anywhere, so a tile bundle has a codebook; train it with train --tile"
            )
        across, along = (divmod(getattr(self.input, side), getattr(self.output, side)) for side in ("height", "width"))
        if across != along or across[1]:
            raise ValueError("tiling with an output that is not the input divided by one whole number; tiles could not be joined")
        if self.tiling.overlap % across[0] or self.tiling.overlap >= min(self.input.height, self.input.width):
            raise ValueError(f"tiling.overlap {self.tiling.overlap}: a multiple of {across[0]}, and less than the input, is expected")
        return self
