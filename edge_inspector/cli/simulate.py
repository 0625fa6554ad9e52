"""``simulate dataset`` and ``simulate sheet``: simulated parts as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

Product = Annotated[str, typer.Option(help="ring or texture")]
Size = Annotated[int, typer.Option(min=64, max=4096, help="image side, pixels")]
_MOST_SIDE, _MOST_WIDE = 4096, 8192
Json = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]

group = typer.Typer(no_args_is_help=True, help="Write simulated parts to files.")


def register(app: typer.Typer) -> None:
    """Add the group ``simulate``."""
    app.add_typer(group, name="simulate")


@group.command()
def dataset(
    out: Annotated[Path, typer.Argument(help="a new or empty folder")],
    product: Product = "ring",
    good: Annotated[int, typer.Option(min=1, help="good parts to train on")] = 250,
    bad: Annotated[int, typer.Option(min=0, help="defective parts, with masks, the six kinds in turn")] = 60,
    test_good: Annotated[int, typer.Option(min=0, help="good parts to test on")] = 50,
    seed: Annotated[int, typer.Option(min=0)] = 1000,
    size: Annotated[
        str, typer.Option(help="image side, pixels; or WIDTHxHEIGHT: wide frames of the texture with specks of 8x8 pixels")
    ] = "256",
    as_json: Json = False,
) -> None:
    """Write a data set of simulated parts in the mvtec layout."""
    from rich.console import Console
    from rich.progress import Progress

    from edge_inspector.camera.simulator.dataset import Plan, write_dataset

    side, frame = image_size(size)
    plan = Plan(product=product, seed=seed, good=good, test_good=test_good, bad=bad, size=side, frame=frame)
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(f"rendering {product}", total=plan.total)
        count = write_dataset(out, plan, lambda done: bar.update(task, completed=done))
    _say(
        as_json,
        f"{count} images in {out}",
        {"folder": str(out), "images": count, "product": product, "seed": seed, "size": size if frame else side},
    )


def image_size(text: str) -> tuple[int, tuple[int, int] | None]:
    """The side of square images, or that and (height, width) of wide ones. Raises SettingsError."""
    from edge_inspector.errors import SettingsError

    numbers = [int(part) for part in text.lower().split("x") if part.isascii() and part.isdecimal()]
    if len(numbers) == 1 and text.isdecimal() and 64 <= numbers[0] <= _MOST_SIDE:
        return numbers[0], None
    if len(numbers) == 2 and text.lower().count("x") == 1 and all(64 <= n <= _MOST_WIDE for n in numbers):
        return max(numbers), (numbers[1], numbers[0])
    raise SettingsError(f"--size {text}: a side of 64 to {_MOST_SIDE} pixels, or WIDTHxHEIGHT of 64 to {_MOST_WIDE} each, is expected")


@group.command()
def sheet(
    out: Annotated[Path, typer.Argument(help="a PNG file")],
    seed: Annotated[int, typer.Option(min=0)] = 1,
    size: Size = 256,
    as_json: Json = False,
) -> None:
    """Draw a contact sheet: every product, good and with each kind of defect, small to large."""
    from edge_inspector.camera.simulator.sheet import defect_sheet, write_sheet

    picture = defect_sheet(seed, size)
    write_sheet(out, picture)
    _say(as_json, f"{out}", {"path": str(out), "height": picture.shape[0], "width": picture.shape[1]})


def _say(as_json: bool, text: str, values: dict[str, object]) -> None:
    typer.echo(json.dumps(values) if as_json else text)
