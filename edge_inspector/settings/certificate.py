"""certificate.toml: the proof that one form of a bundle decides as torch did, or what kept it from it. Kept beside the form."""

from __future__ import annotations

import hashlib
import math
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from edge_inspector.settings.manifest import Sha256, Thresholds
from edge_inspector.settings.model import Settings
from edge_inspector.settings.recipe import DecisionRules

Precision = Literal["f32", "fp16", "bf16", "int8"]


class FormKey(Settings):
    """What a compiled form of a bundle was made from and for; another key is another form.

    ``version`` is the backend's, ``device`` what it was compiled for: a processor and its instructions
    (``engine.processor``), or a GPU's name and compute capability.
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
    have no labels. ``failures`` names each limit that was passed; a certificate without one has ``passed``. ``reservations`` say why one
    that has passed does not rest on enough for ``auto`` to choose its form. A difference is NaN or infinite where the form says so.
    """

    model_config = ConfigDict(allow_inf_nan=True)

    format_version: Literal[1] = 1
    key: FormKey
    form_sha256: str = Field("", description="of the compiled file that ran; empty where the backend compiles at every start")
    created_utc: str
    program_version: str
    against: Literal["stored", "torch"]
    stand_in: str = Field("", description="what answered for torch on labelled images, whose answers no bundle stores; empty: torch itself")
    images: Annotated[int, Field(gt=0)]
    references: int = Field(0, description="of the images: the bundle's own, which have no label")
    good: int = Field(0, description="of the images: labelled good; the bundle was trained on none of them")
    bad: int = 0
    data: str = Field("", description="name and layout of the labelled images' set")
    recipe: str = Field("", description="name of the recipe whose rules were applied; empty: the bundle's proposals")
    rules: Sha256 | Literal[""] = Field("", description="of the form's rules, thresholds filled (`digest_of`)")
    map_difference: float = Field(description="greatest of all pixels of all images")
    map_difference_mean: float = Field(description="over the pixels of an image; the greatest of all images")
    score_difference: float = Field(description="greatest")
    prototype_flips: int
    prototype_places: int
    verdict_flips: int
    verdict_flips_beyond: int = Field(0, description="of these: torch's score is further than the margin from each threshold")
    accept_threshold: float
    reject_threshold: float
    image_auroc: float | None = None
    image_auroc_torch: float | None = None
    limits: dict[str, float]
    thresholds: Thresholds | None = Field(None, description="proposal for this precision, which the manifest may lack")
    failures: tuple[str, ...] = ()
    reservations: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every limit was kept."""
        return not self.failures

    @property
    def suffices(self) -> bool:
        """Whether ``auto`` may run the form: passed, and on enough images."""
        return self.passed and not self.reservations

    def covers(self, rules: DecisionRules) -> bool:
        """Whether verdicts were compared by these rules, thresholds filled: by others the same maps may be judged otherwise."""
        return self.rules == digest_of(rules)

    @property
    def labelled(self) -> int:
        """How many of the images have a label."""
        return self.good + self.bad

    def outweighed_by(self, kept: Certificate) -> bool:
        """Whether ``kept``, of the same file, suffices for ``auto`` and rests on labelled images, and this one passed on less."""
        same = (self.key, self.form_sha256) == (kept.key, kept.form_sha256)
        return same and kept.suffices and kept.labelled > 0 and self.passed and (not self.suffices or not self.labelled)

    def summary(self) -> dict[str, Any]:
        """What status, lists and people are told of it, as JSON values: what is not finite is None."""
        differences = {name: finite(getattr(self, name)) for name in ("map_difference", "map_difference_mean", "score_difference")}
        counts = ("images", "good", "bad", "verdict_flips", "verdict_flips_beyond", "prototype_flips")
        return {
            **self.key.model_dump(include={"backend", "version", "device", "precision"}),
            "passed": self.passed,
            "auto": self.suffices,
            "against": self.stand_in or self.against,
            **{name: getattr(self, name) for name in counts},
            **differences,
            "accept_threshold": self.accept_threshold,
            "reject_threshold": self.reject_threshold,
            "image_auroc": self.image_auroc,
            "image_auroc_torch": self.image_auroc_torch,
            "created_utc": self.created_utc,
            "failures": list(self.failures),
            "reservations": list(self.reservations),
        }


def digest_of(rules: DecisionRules) -> str:
    """sha256 of decision rules, of every one of them."""
    return hashlib.sha256(rules.model_dump_json().encode()).hexdigest()


def finite(value: float) -> float | None:
    """The value as JSON can tell it: None for one that is no number, or infinite."""
    return value if math.isfinite(value) else None
