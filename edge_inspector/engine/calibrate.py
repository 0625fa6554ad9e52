"""Makes the int8 graph of a bundle and keeps it in the cache, where every backend that runs it finds it (`calibrated`)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from edge_inspector.engine.bundle import MODEL, Bundle
from edge_inspector.engine.calibrated import CREATED, DEVICE, KIND
from edge_inspector.engine.forms import Form, key_of, store_form
from edge_inspector.engine.precision import Listener, int8_graph, quiet_nncf
from edge_inspector.errors import FormError


def build(bundle: Bundle, precision: str, images: Iterable[NDArray[np.uint8]], progress: Listener) -> Form:
    """Make the graph that OpenVINO and ONNX Runtime run in ``precision``, and keep it in the place of an older one.

    ``images`` as for `int8_graph`. Raises FormError for a precision that needs no building, and what `int8_graph` and `store_form` raise.
    """
    if precision != "int8":
        raise FormError(f"{precision}: OpenVINO and ONNX Runtime compile this from the bundle at every start; int8 alone is built")
    pictures = list(images)
    started = time.monotonic()
    graph = int8_graph(bundle, pictures, progress)
    facts: dict[str, str | int | float] = {
        "images": len(pictures),
        "seconds": round(time.monotonic() - started, 1),
        "bytes": len(graph),
        CREATED: datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
    }
    return store_form(bundle, key_of(bundle, KIND, quiet_nncf().__version__, DEVICE, "int8"), {MODEL: graph}, facts)
