"""Frames to the network's input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_inspector.images import fit
from edge_inspector.records import Frame
from edge_inspector.settings.manifest import InputForm


def prepare(frames: tuple[Frame, ...], form: InputForm) -> NDArray[np.uint8]:
    """The batch uint8 (N, H, W, 3) RGB of one part's views, resized as in training (``images.fit``)."""
    return np.stack([fit(frame.image, form.height, form.width) for frame in frames])
