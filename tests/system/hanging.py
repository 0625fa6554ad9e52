"""``edge-inspector`` whose loops hang in the middle of their work while a file ``hang-NAME`` lies in the folder ``$HANG_FOLDER``.

NAME is warm-up (of the stub engine), camera (in a grab), engine (in an inference), reject (in its turn) or main.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_inspector import cli
from edge_inspector.camera.triggered import TriggeredCamera
from edge_inspector.engine.stub import StubEngine
from edge_inspector.line.desk_child import DeskChild
from edge_inspector.outputs.talk import Talk

PLACES: dict[str, tuple[type, str]] = {
    "warm-up": (StubEngine, "warm_up"),
    "camera": (TriggeredCamera, "grab"),
    "engine": (StubEngine, "infer"),
    "reject": (Talk, "tick"),
    "main": (DeskChild, "tend"),
}


def hanging(folder: Path, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """``work`` that begins only when the file is gone."""

    def wait_first(*arguments: Any) -> Any:  # noqa: ANN401 - whatever the work takes and returns
        while (folder / f"hang-{name}").exists():
            time.sleep(0.02)
        return work(*arguments)

    return wait_first


def main() -> None:
    folder = Path(os.environ["HANG_FOLDER"])
    for name, (kind, method) in PLACES.items():
        setattr(kind, method, hanging(folder, name, getattr(kind, method)))
    cli.main()


if __name__ == "__main__":
    main()
