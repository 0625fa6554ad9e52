"""From a trained network to a bundle: model.onnx, head.safetensors, reference/, manifest.toml."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from pydantic import TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from edge_inspector.errors import BundleError
from edge_inspector.images import write_png
from edge_inspector.prn.backbones import DEFAULT
from edge_inspector.prn.backbones import load as load_backbone
from edge_inspector.prn.network import PRN, SCALES, Head, HeadForm
from edge_inspector.prn.prototypes import Prototypes
from edge_inspector.training.fit import run

OPSET = 18
OUTPUTS = ("anomaly_map", "image_score", "prototypes")
HEAD = "head.safetensors"


def export_onnx(network: nn.Module, height: int, width: int, path: Path) -> None:
    """Write the graph: ``image`` uint8 (N, H, W, 3) -> OUTPUTS, any N. Prototypes stay float16 in the file and are cast in the graph."""
    network.eval()
    example = torch.zeros(2, height, width, 3, dtype=torch.uint8)
    with _quiet():
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["image"],
            output_names=list(OUTPUTS),
            dynamic_shapes={"image": {0: torch.export.Dim("N")}},
            verbose=False,
        )
    assert program is not None  # dynamo=True without a file name returns it
    model = program.model_proto
    onnx.checker.check_model(model)
    del model.metadata_props[:]
    for node in model.graph.node:  # the exporter notes source files and lines of this machine: no part of a model
        del node.metadata_props[:]
    path.write_bytes(model.SerializeToString())


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns about an absent torchvision and about its own deprecations; neither concerns a user."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)


def save_head(head: Head, form: HeadForm, path: Path, backbone: str = DEFAULT) -> None:
    """The trained weights; the form of the head and the name of the backbone that it stands on go into the file's metadata."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in head.state_dict().items()}
    save_file(tensors, path, metadata={"form": json.dumps(asdict(form)), "backbone": backbone})
    path.chmod(0o644)  # safetensors makes files that only their owner can read


@dataclass(frozen=True)
class StoredHead:
    """What ``save_head`` wrote: the weights by name, the form they fit, and the name of the backbone they stand on."""

    form: HeadForm
    backbone: str
    tensors: dict[str, torch.Tensor]


def load_head(folder: Path) -> StoredHead:
    """The trained weights of a bundle. Raises BundleError where its file was not written by this program."""
    try:
        with safe_open(folder / HEAD, framework="pt") as file:
            metadata = file.metadata()
        form = TypeAdapter(HeadForm).validate_json(metadata["form"])
        return StoredHead(form, metadata.get("backbone", DEFAULT), load_file(folder / HEAD))
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise _no_head(folder, error) from error


def load_network(folder: Path, score_pixels: int, weights: Path | None = None) -> PRN:
    """The torch network of a bundle: head.safetensors, the graph's prototypes, the backbone it names (``weights``: its file, if any).

    Raises BundleError, and what ``load_backbone`` raises.
    """
    stored = load_head(folder)
    try:
        backbone = load_backbone(stored.backbone, weights)
        head = Head(stored.form, backbone.channels)
        head.load_state_dict(stored.tensors)
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _no_head(folder, error) from error
    network = PRN(backbone, load_prototypes(folder / "model.onnx"), head, score_pixels, stored.form.difference)
    return network.eval()


def _no_head(folder: Path, error: Exception) -> BundleError:
    return BundleError(f"{folder / HEAD}: cannot be read as a head of this program: {error}")


def load_prototypes(model: Path) -> Prototypes:
    """The prototypes inside a bundle's graph. Raises BundleError where it has none under their names."""
    stored = {tensor.name: tensor for tensor in onnx.load(model).graph.initializer}
    try:
        arrays = [numpy_helper.to_array(stored[f"prototypes.scale{j}"]) for j in range(SCALES)]
    except KeyError as error:
        raise BundleError(f"{model}: holds no initializer {error}; it was not exported by this program") from None
    return Prototypes([torch.from_numpy(array.copy()) for array in arrays])


def save_references(network: PRN, images: NDArray[np.uint8], folder: Path) -> None:
    """reference/NN.png with NN.npz beside it: map, score and prototypes as torch computes them in float32, one image at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(len(images)):
        maps, scores, chosen = run(network, images[number : number + 1])
        write_png(folder / f"{number:02d}.png", images[number])
        np.savez_compressed(folder / f"{number:02d}.npz", map=maps[0], score=scores[0], prototypes=chosen[0])
