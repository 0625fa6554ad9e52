"""``labels import|export|propose``: label files in and out, and a mask from a hint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edge_inspector.labels.folders import Format
    from edge_inspector.labels.shapes import Box, Click, Scribble
    from edge_inspector.records import AnomalyMap, Image

FormatName = Annotated[str, typer.Option("--format", help="mvtec, coco or labelme")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, help="Labels: import, export, propose masks.")
    group.command("import")(import_labels)
    group.command("export")(export_labels)
    group.command("propose")(propose_mask)
    app.add_typer(group, name="labels")


def import_labels(
    source: Annotated[Path, typer.Argument(help="COCO file, LabelMe file or folder, or mvtec folder")],
    form: FormatName,
    images: Annotated[Path, typer.Option("--images", help="folder of the labelled images")],
    out: Annotated[Path, typer.Option("--out", help="folder that the images and their masks are added to, in the mvtec layout")],
    as_json: Json = False,
) -> None:
    """Turn labels into images with masks, ready for training; boxes, strokes and points become proposed masks."""
    import json

    from edge_inspector.labels.folders import read_labels, write_masks

    labels = read_labels(source, _format(form))
    written = write_masks(labels, images, out)
    report = {"out": str(out), "labels": len(labels), "written": written, "without_marks": len(labels) - written}
    typer.echo(json.dumps(report) if as_json else f"{out}: {written} images with masks; {len(labels) - written} without marks left out")


def export_labels(
    data: Annotated[Path, typer.Option("--data", help="folder of the data set")],
    layout: Annotated[str, typer.Option("--layout", help="mvtec, btad, kolektor, kolektor2, dagm, visa or folder")],
    form: FormatName,
    out: Annotated[Path, typer.Option("--out", help="a file (coco) or a folder (labelme, mvtec)")],
    as_json: Json = False,
) -> None:
    """Write a data set's masks as labels."""
    import json

    from edge_inspector.labels.folders import dataset_labels, write_labels

    count = write_labels(dataset_labels(data, layout), data, out, _format(form))
    typer.echo(json.dumps({"out": str(out), "format": form, "labels": count}) if as_json else f"{out}: {count} labels")


def propose_mask(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="PNG, JPEG, BMP or TIFF")],
    out: Annotated[Path, typer.Option("--out", help="the mask, a PNG")],
    box: Annotated[str | None, typer.Option("--box", help="x,y,w,h in pixels")] = None,
    click: Annotated[str | None, typer.Option("--click", help="x,y")] = None,
    scribble: Annotated[str | None, typer.Option("--scribble", help="x,y,x,y,...")] = None,
    model: Annotated[str | None, typer.Option("--model", help="bundle whose anomaly map helps: its folder, or its id")] = None,
    backend: Annotated[str, typer.Option("--backend", help="auto, tensorrt, openvino or onnxruntime")] = "auto",
    as_json: Json = False,
) -> None:
    """Propose a mask from a box, a click or a scribble, with a bundle's anomaly map where one is named."""
    import json
    import time

    from edge_inspector.images import decode
    from edge_inspector.labels.propose import propose

    shape = _hint(box, click, scribble)
    picture = decode(image)
    scores = None if model is None else _map(model, backend, picture)
    begin = time.perf_counter()
    mask = propose(picture, [shape], scores)
    took = (time.perf_counter() - begin) * 1e3
    _write(out, mask[:, :, None].astype("uint8") * 255)
    report = {"image": str(image), "out": str(out), "hint": shape.kind, "area": int(mask.sum()), "with_map": model is not None}
    report["ms"] = round(took, 1)
    typer.echo(json.dumps(report) if as_json else f"{out}: {report['area']} pixels from a {shape.kind} in {took:.0f} ms")


def _format(name: str) -> Format:
    from edge_inspector.errors import SettingsError
    from edge_inspector.labels.folders import FORMATS

    for known in FORMATS:
        if known == name:
            return known
    raise SettingsError(f"--format {name}: one of {', '.join(FORMATS)}")


def _hint(box: str | None, click: str | None, scribble: str | None) -> Box | Click | Scribble:
    from edge_inspector.errors import SettingsError
    from edge_inspector.labels.shapes import Box, Click, Scribble

    if sum(value is not None for value in (box, click, scribble)) != 1:
        raise SettingsError("give one of --box x,y,w,h, --click x,y and --scribble x,y,x,y,...")
    if box is not None:
        x, y, w, h = _numbers("--box", box, 4)
        return Box(x=x, y=y, w=w, h=h)
    if click is not None:
        x, y = _numbers("--click", click, 2)
        return Click(x=x, y=y)
    flat = _numbers("--scribble", scribble or "", 0)
    return Scribble(points=tuple(zip(flat[::2], flat[1::2], strict=True)))


def _numbers(option: str, text: str, count: int) -> list[int]:
    """``count`` whole numbers; 0 means any even number of them, at least two."""
    from edge_inspector.errors import SettingsError

    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if len(found) != count if count else (len(found) < 2 or len(found) % 2 == 1):
        raise SettingsError(f"{option} {text}: {count or 'an even number of'} whole numbers with commas between them are expected")
    return found


def _map(model: str, backend: str, picture: Image) -> AnomalyMap:
    from edge_inspector.cli.models import opened
    from edge_inspector.judge import map_of

    with opened(model, backend) as (_, engine):
        return map_of(engine, picture)


def _write(out: Path, picture: Image) -> None:
    from edge_inspector.errors import ImageError
    from edge_inspector.images import write_png

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_png(out, picture)
    except OSError as error:
        raise ImageError(f"{out}: cannot be written: {error.strerror}") from error
