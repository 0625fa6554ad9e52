"""certificate.toml: the proof that one form of a bundle decides as torch did, or what kept it from it. Kept beside the form."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge_inspector.settings.manifest import Sha256, Thresholds
from edge_inspector.settings.model import Settings

Precision = Literal["f32", "fp16", "bf16", "int8"]


class FormKey(Settings):
    """What a compiled form of a bundle was made from and for; another key is another form.

    ``version`` is the backend's, ``device`` what it was compiled for ("cpu", or a GPU's name and compute capability).
    """

    bundle: Annotated[str, Field(min_length=1)]
    bundle_hash: Sha256
    backend: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(min_length=1)]
    device: Annotated[str, Field(min_length=1)]
    precision: Precision


class Certificate(Settings):
    """Differences between a form's answers and torch's in float32, and the limits they were held to.

    Maps and scores are in 0..1. ``verdict_flips`` are at ``accept_threshold`` and ``reject_threshold``; AUROCs are None where the images
    have no labels. ``failures`` names each limit that was passed; a certificate without one has ``passed``.
    """

    format_version: Literal[1] = 1
    key: FormKey
    form_sha256: str = Field("", description="of the compiled file that ran; empty where the backend compiles at every start")
    created_utc: str
    program_version: str
    against: Literal["stored", "torch"]
    images: Annotated[int, Field(gt=0)]
    map_difference: float = Field(description="greatest of all pixels of all images")
    map_difference_mean: float
    score_difference: float = Field(description="greatest")
    prototype_flips: int
    prototype_places: int
    verdict_flips: int
    accept_threshold: float
    reject_threshold: float
    image_auroc: float | None = None
    image_auroc_torch: float | None = None
    limits: dict[str, float]
    thresholds: Thresholds | None = Field(None, description="proposal for this precision, which the manifest may lack")
    failures: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every limit was kept."""
        return not self.failures
