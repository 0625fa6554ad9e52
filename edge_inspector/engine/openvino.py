"""OpenVINO on the CPU, tuned for the latency of one image: float32, bf16 where the processor has it, and int8 from the calibrated graph.

Below float32 the prototype search is a model of its own, compiled in float32 (`openvino_split`); where the processor has bf16, what int8
leaves float runs in bf16 too. Nothing compiled is kept: a model is compiled anew at every start, within a second.

    one image     one lane on all threads
    a batch       as many lanes as threads, each on one, image by image; on one thread the one lane, one after the other
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.graph import GraphEngine, Port, check_graph
from edge_inspector.engine.openvino_split import Part, Place, split
from edge_inspector.engine.processor import processor
from edge_inspector.engine.vino import ov
from edge_inspector.errors import BundleError, EngineError
from edge_inspector.settings.certificate import Precision

# What the float layers of each precision are computed in, the best that the processor has.
_HINTS: Mapping[Precision, tuple[str, ...]] = {"f32": ("f32",), "bf16": ("bf16",), "int8": ("bf16", "f32")}
_MOST_LANES = 8  # each has its own memory for all layers
_MOVES = frozenset(
    {"Const", "Input", "Output", "Gather", "GatherND", "Convert", "Reorder", "Reshape", "Transpose", "Concatenation", "Split"}
)
_CAPABILITIES = {"bf16": "BF16", "f32": "FP32"}


def capabilities() -> frozenset[str]:
    """What the processor computes in, in OpenVINO's words: FP32, INT8, BF16, ..."""
    return frozenset(ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


@dataclass(frozen=True, slots=True)
class Options:
    """How to compile: the precision, and threads (0: the backend's choice) in as many streams.

    ``exact_search``: below float32 a prototype search in the graph is a model of its own, in float32.
    """

    precision: Precision
    threads: int = 0
    streams: int = 1
    exact_search: bool = True

    @property
    def hint(self) -> str:
        """Of the float layers."""
        has = capabilities()
        return next((hint for hint in _HINTS[self.precision] if _CAPABILITIES[hint] in has), "f32")

    def settings(self, hint: str) -> dict[str, Any]:
        """As OpenVINO takes them."""
        # Pinned threads would wait for their own core while another stands idle: a third slower beside the line's other processes.
        found = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": hint, "ENABLE_CPU_PINNING": False, "NUM_STREAMS": self.streams}
        return {**found, "INFERENCE_NUM_THREADS": self.threads} if self.threads else found


class Lane:
    """One image's way through a model or through its parts: an inference request for each, whose outputs are the next ones' inputs."""

    def __init__(self, stages: Sequence[tuple[Part | None, ov.CompiledModel]]) -> None:
        self._requests = [compiled.create_infer_request() for _, compiled in stages]
        self._named: list[tuple[str, ov.InferRequest, int]] = []
        given: dict[Place, ov.Tensor] = {}
        for (part, _), request in zip(stages, self._requests, strict=True):
            if part is not None:
                for number, place in enumerate(part.takes):
                    request.set_input_tensor(number, given[place])
                given |= {place: request.get_output_tensor(number) for number, place in enumerate(part.gives)}

    @property
    def stages(self) -> int:
        """How many there are."""
        return len(self._requests)

    def start(self, stage: int, image: NDArray[Any]) -> None:
        """Begin a stage; the first takes ``image`` (1, ...), which must live until its end."""
        if stage == 0:
            self._requests[0].set_input_tensor(0, ov.Tensor(image, shared_memory=True))
        self._requests[stage].start_async()

    def wait(self, stage: int) -> None:
        """Until it is done. Raises RuntimeError where it failed."""
        self._requests[stage].wait()

    def counted(self) -> list[ov.ProfilingInfo]:
        """What each layer of the last pass took, where the models were compiled with PERF_COUNT."""
        return [told for request in self._requests for told in request.get_profiling_info()]

    def output(self, stage: int, number: int) -> NDArray[Any]:
        """The memory of the request: valid until its next start."""
        data: NDArray[Any] = self._requests[stage].get_output_tensor(number).data
        return data


class OpenVinoSession:
    """A graph, any graph of one input, compiled for the shape of a single image."""

    def __init__(self, graph: Path, options: Options, shape: Sequence[int] | None = None) -> None:
        """``shape`` of the input with a batch of one; None: as the graph says, what is free there being 1.

        Raises BundleError for a file that is no graph, EngineError where it cannot be compiled.
        """
        core = ov.Core()
        self._options = options
        try:
            model = core.read_model(graph)
        except RuntimeError as error:
            raise BundleError(f"{graph}: OpenVINO cannot read the graph: {error}") from error
        self.inputs, self.outputs = [_port(p) for p in model.inputs], [_port(p) for p in model.outputs]
        try:
            self._compile(core, model, shape)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot compile {graph}: {error}") from error

    def _compile(self, core: ov.Core, model: ov.Model, shape: Sequence[int] | None) -> None:
        self._core, self._model = core, model
        if len(model.inputs) == 1:
            model.reshape({0: list(shape) if shape else [n or 1 for n in self.inputs[0].shape]})
        parts = split(model) if self._options.exact_search and self._options.hint != "f32" else None
        self._parts: list[tuple[Part | None, ov.Model, str]] = [(None, model, self._options.hint)]
        if parts is not None:
            hints = (self._options.hint, "f32", self._options.hint)
            self._parts = [(part, part.model, hint) for part, hint in zip(parts, hints, strict=True)]
        self._sources = _sources(model, parts)
        self._single = self._lanes(1)[0]
        self._many: list[Lane] = []

    def _lanes(self, count: int) -> list[Lane]:
        streams = replace(self._options, streams=count)
        stages = [(part, self._core.compile_model(model, "CPU", streams.settings(hint))) for part, model, hint in self._parts]
        for (part, compiled), (_, _, hint) in zip(stages, self._parts, strict=True):
            if part is not None and hint == "f32":
                check_float32(precisions(compiled))
        return [Lane(stages) for _ in range(count)]

    def lanes(self, images: int) -> list[Lane]:
        """Those that a batch of so many images runs on."""
        count = min(self._options.threads or _cores(), _MOST_LANES)
        if images == 1 or count == 1:
            return [self._single]
        self._many = self._many or self._lanes(count)
        return self._many

    def run(self, batch: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        """The outputs by name, of all images (N, ...). Of one image they are the backend's own memory, until the next call."""
        lanes = self.lanes(len(batch))
        found: dict[str, list[NDArray[Any]]] = {port.name: [] for port in self.outputs}
        for group in _groups(batch, len(lanes)):
            pairs = list(zip(lanes, group, strict=False))
            for stage in range(lanes[0].stages):
                run_stage(stage, pairs)
            for lane, _ in pairs:
                for name, (stage, number) in self._sources.items():
                    values = lane.output(stage, number)
                    found[name].append(values if len(batch) == 1 else values.copy())
        return {name: np.concatenate(values) if len(values) > 1 else values[0] for name, values in found.items()}


class OpenVinoEngine(GraphEngine):
    """One graph, compiled for a single image at opening, and for several at a time when it is warmed up."""

    backend = "openvino"
    extra = "openvino"
    version = str(ov.__version__).split("-", maxsplit=1)[0]
    precisions: tuple[Precision, ...] = ("f32", "bf16", "int8")

    @classmethod
    def offered(cls) -> tuple[Precision, ...]:
        """Without bf16 where the processor has none."""
        has = capabilities()
        return tuple(p for p in cls.precisions if any(_CAPABILITIES[hint] in has for hint in _HINTS[p]))

    @classmethod
    def device(cls, precision: Precision) -> str:
        """The processor; where what its float layers run in is OpenVINO's to choose (int8), that too."""
        chosen = f" {Options(precision).hint}" if len(_HINTS[precision]) > 1 else ""
        return f"{processor()}{chosen}"

    def _open(self, bundle: Bundle, graph: Path, threads: int) -> None:
        form = bundle.manifest.input
        check_graph(graph, bundle.manifest, *ports(graph))
        self._session = OpenVinoSession(graph, Options(self.precision, threads), (1, form.height, form.width, 3))

    def warm_up(self) -> None:
        """As every engine's; and compile what batches run on, which would make the first part of several views late. Raises EngineError."""
        super().warm_up()
        form = self.manifest.input
        self.infer(np.full((2, form.height, form.width, 3), 128, np.uint8))

    def _run(self, batch: NDArray[np.uint8]) -> Mapping[str, NDArray[Any]]:
        return self._session.run(batch)

    def _release(self) -> None:
        del self._session


def run_stage(stage: int, pairs: Sequence[tuple[Lane, NDArray[Any]]]) -> None:
    """A stage on each lane, all at once, until all are done, also where one has failed: the images may be freed then.

    Raises RuntimeError where one has.
    """
    with ExitStack() as waits:
        for lane, image in pairs:
            lane.start(stage, image)
            waits.callback(lane.wait, stage)


def ports(graph: Path) -> tuple[list[Port], list[Port]]:
    """Inputs and outputs of a graph as OpenVINO reads it. Raises BundleError."""
    try:
        model = ov.Core().read_model(graph)
    except RuntimeError as error:
        raise BundleError(f"{graph}: OpenVINO cannot read the graph: {error}") from error
    return [_port(p) for p in model.inputs], [_port(p) for p in model.outputs]


def precisions(compiled: ov.CompiledModel) -> list[tuple[str, str]]:
    """Each node of a compiled model that computes, by name, and the precision that it does it in; those that move values are left out."""
    told = [(node.get_friendly_name(), node.get_rt_info()) for node in compiled.get_runtime_model().get_ordered_ops()]
    return [(name, str(info["runtimePrecision"].astype(str))) for name, info in told if str(info["layerType"].astype(str)) not in _MOVES]


def check_float32(found: Sequence[tuple[str, str]]) -> None:
    """Raises EngineError naming the nodes of the search that would be computed in less than float32."""
    low = [f"{name} in {precision}" for name, precision in found if precision in ("bf16", "f16")]
    if low:
        raise EngineError(
            f"openvino {ov.__version__} would compute prototype distances in less than float32 ({', '.join(low)}); choose f32"
        )


def _sources(model: ov.Model, parts: Sequence[Part] | None) -> dict[str, tuple[int, int]]:
    """Each output by name: which stage gives it, as which of its outputs. Raises EngineError for one that none gives."""
    if parts is None:
        return {_port(port).name: (0, number) for number, port in enumerate(model.outputs)}
    found = {}
    for port in model.outputs:
        giver = port.get_node().input_value(0)
        place = giver.get_node().get_friendly_name(), giver.get_index()
        stage = next((n for n in (2, 1, 0) if place in parts[n].gives), None)
        if stage is None:
            raise EngineError(f"output '{_port(port).name}' comes from no part of the graph that is computed; choose f32")
        found[_port(port).name] = stage, parts[stage].gives.index(place)
    return found


def _groups(batch: NDArray[Any], size: int) -> Iterator[list[NDArray[Any]]]:
    images = iter(batch[n : n + 1] for n in range(len(batch)))
    while group := list(islice(images, size)):
        yield group


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _port(port: ov.Output) -> Port:
    shape = tuple(d.get_length() if d.is_static else None for d in port.get_partial_shape())
    dtype = np.dtype(port.get_element_type().to_dtype()).name
    names = port.get_names()
    return Port(port.get_any_name() if names else "", dtype, shape)
