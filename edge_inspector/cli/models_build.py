"""``models build``: compile a bundle for a backend ahead of the shift, into the cache beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from edge_inspector.cli.models import Json, Model, Models, bundle_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge_inspector.cli.progress import Progress
    from edge_inspector.engine.bundle import Bundle
    from edge_inspector.engine.forms import Form
    from edge_inspector.engine.precision import Listener
    from edge_inspector.settings.certificate import Precision
    from edge_inspector.settings.manifest import Manifest

PRECISIONS = ("f32", "fp16", "bf16", "int8")
TILES_A_FRAME = 8  # of a large frame, spread over it, to calibrate on


def build(
    model: Model,
    backend: Annotated[str, typer.Option(help="tensorrt, openvino or onnxruntime.")],
    precision: Annotated[str, typer.Option(help="f32, fp16 or int8.")] = "f32",
    batch: Annotated[int, typer.Option(help="tensorrt: the most images at once (views of a part, tiles).")] = 16,
    images: Annotated[Path | None, typer.Option(help="int8: folder of the station's good images, to calibrate on.")] = None,
    device_cc: Annotated[str, typer.Option(help="TensorRT for RTX: build for a GPU of this compute capability, such as 8.9.")] = "",
    models: Models = None,
    json: Json = False,
) -> None:
    """Build a bundle's plan or graph for a backend and precision. A line never does this by itself: it takes minutes."""
    from json import dumps

    from edge_inspector.cli.progress import Progress
    from edge_inspector.engine.bundle import load_bundle
    from edge_inspector.engine.registry import NAMES
    from edge_inspector.errors import SettingsError

    if backend not in NAMES:
        raise SettingsError(f"--backend {backend}: one of {', '.join(NAMES)}")
    wanted = _precision(precision)
    bundle = load_bundle(bundle_folder(model, models))
    with Progress() as progress:
        if backend == "tensorrt":
            form = _plan(bundle, wanted, batch, device_cc, images, progress)
        else:
            form = _graph(bundle, wanted, images, progress)
    report = _report(form)
    typer.echo(dumps(report) if json else _text(report, backend, str(bundle.folder)))


def calibration_images(folder: Path, manifest: Manifest) -> Iterator[NDArray[np.uint8]]:
    """Images of a folder as the network sees them, uint8 (H, W, 3) RGB: of so many as a calibration takes, evenly spread over the names,
    one each, or of fewer large frames some of their tiles. None is read before it is asked for, and none but those.

    Raises SettingsError where there is none, ImageError.
    """
    from edge_inspector import images
    from edge_inspector.engine.precision import MOST_IMAGES, evenly
    from edge_inspector.errors import SettingsError

    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in images.SUFFIXES) if folder.is_dir() else []
    if not paths:
        raise SettingsError(f"--images {folder}: holds no images; give a folder of good parts as this station's cameras see them")
    most = MOST_IMAGES if manifest.tiling is None else MOST_IMAGES // TILES_A_FRAME
    return (seen for path in evenly(paths, most) for seen in _as_seen(images.decode(path), manifest))


def _as_seen(image: NDArray[np.uint8], manifest: Manifest) -> Iterator[NDArray[np.uint8]]:
    from edge_inspector.geometry import on_canvas
    from edge_inspector.prepare import tiles

    if manifest.tiling is None:
        yield on_canvas(image, manifest.input)
        return
    cut = tiles.grid_of((image.shape[0], image.shape[1]), manifest)
    spread = cut.tiles[:: max(1, len(cut.tiles) // TILES_A_FRAME)]
    for _, batch in tiles.batches(tiles.on_grid(image, cut), cut, spread, 1):
        yield batch[0].copy()  # its memory is used again


def _precision(name: str) -> Precision:
    from edge_inspector.errors import SettingsError

    if name not in PRECISIONS:
        raise SettingsError(f"--precision {name}: one of {', '.join(PRECISIONS)}")
    return cast("Precision", name)


def _plan(bundle: Bundle, precision: Precision, batch: int, device_cc: str, images: Path | None, progress: Progress) -> Form:
    from edge_inspector.engine import plan_build

    if precision == "int8" and images is not None:
        calibrate(bundle, images, progress)
    return plan_build.build(bundle, precision, batch, progress, device_cc)


def _graph(bundle: Bundle, precision: Precision, images: Path | None, progress: Listener) -> Form:
    """What the processor's backends run in int8; in other precisions they compile the bundle's own graph at every start."""
    from edge_inspector.errors import SettingsError

    if precision != "int8":
        raise SettingsError(f"--precision {precision}: this backend compiles it from the bundle at every start; int8 alone is built")
    if images is None:
        raise SettingsError("--images is missing: int8 is calibrated on the station's good images")
    return calibrate(bundle, images, progress)


def calibrate(bundle: Bundle, images: Path, progress: Listener) -> Form:
    """The int8 graph, calibrated on a folder of good images, in the cache. Raises SettingsError where it is empty, EngineError."""
    from edge_inspector.engine.calibrate import build as made

    return made(bundle, "int8", calibration_images(images, bundle.manifest), progress)


def _report(form: Form) -> dict[str, str | int | float]:
    key = form.record.key
    named = {"id": key.bundle, "backend": key.backend, "version": key.version, "device": key.device, "precision": key.precision}
    return {**named, "path": str(form.folder), **form.record.facts}


def _text(report: dict[str, str | int | float], backend: str, folder: str) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in list(report.items())[6:])
    made = f"{report['id']} for {report['backend']} {report['version']}, {report['device']}, {report['precision']}"
    verify = f"edge-inspector models verify {folder} --backend {backend} --precision {report['precision']}"
    return f"{report['path']}\n{made}: {facts}\nverify it: {verify}"
