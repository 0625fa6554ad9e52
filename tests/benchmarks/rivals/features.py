"""Our backbone's maps of one image: ``python -m tests.benchmarks.rivals.features IMAGE OUT`` writes OUT/image.npy and OUT/ours.npz."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from edge_inspector.images import decode, fit
from edge_inspector.prn.backbone import load_backbone

SIZE = 256


def main() -> None:
    """image.npy is uint8 (3, SIZE, SIZE); ours.npz the maps at strides 4, 8, 16 and 32, float32 (1, C, h, w)."""
    out = Path(sys.argv[2])
    image = np.ascontiguousarray(fit(decode(Path(sys.argv[1])), SIZE, SIZE).transpose(2, 0, 1))
    np.save(out / "image.npy", image)
    with torch.inference_mode():
        maps = load_backbone()(torch.from_numpy(image)[None].float())
    np.savez(out / "ours.npz", *[m.numpy() for m in maps])


if __name__ == "__main__":
    main()
