"""The label of one image: who marked what, on which very image."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_inspector.errors import LabelError
from edge_inspector.labels.shapes import Shape, check
from edge_inspector.settings.manifest import Sha256
from edge_inspector.settings.model import Settings

# A defect class becomes a folder's name.
Defect = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,63}$")]


class Mark(Settings):
    """One mark and the defect class it stands for."""

    shape: Shape
    defect: Defect = "defect"


class Label(Settings):
    """All marks of one image. No marks: a person looked, and found nothing.

    ``image`` is its file name (informative, may hold folders), ``sha256`` is of the file's content; None where an imported format lacks it.
    """

    image: str
    sha256: Sha256 | None = None
    height: Annotated[int, Field(gt=0)]
    width: Annotated[int, Field(gt=0)]
    author: str = ""
    marks: tuple[Mark, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width


def checked(label: Label, where: str) -> Label:
    """The label, each mark inside its image. Raises LabelError naming ``where`` (its file), image and mark."""
    for mark in label.marks:
        try:
            check(mark.shape, label.size)
        except LabelError as error:
            raise LabelError(f"{where}: {label.image}: {mark.defect}: {error}") from None
    return label
