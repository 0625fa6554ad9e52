"""What is told of an engine that was refused, and until when."""

from __future__ import annotations

from typing import cast

from edge_inspector.errors import UnprovenError
from edge_inspector.line.loads import Loads
from edge_inspector.pipeline import Pipeline
from tests.unit.line.bench import NotedPipeline, judge


def test_a_refused_engine_is_told_of_until_another_is_loaded() -> None:
    loads, pipeline = Loads(), cast("Pipeline", NotedPipeline())
    loads.begin(pipeline, lambda: judge("r:1"))
    loads.failed(error := UnprovenError("flips", {"passed": False}), error)
    assert loads.unproven == {"passed": False}
    loads.begin(pipeline, lambda: judge("r:2"))
    assert loads.ready(judge("r:2"), pipeline)
    assert loads.unproven is None
