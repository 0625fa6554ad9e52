"""From a bundle to a TensorRT plan: the graph in its precision, the builder, its progress, and the plan in the cache.

    f32   the bundle's graph                    fp16  `precision.fp16_graph`, prototype distances kept in float32
    int8  the Q/DQ graph kept as a form of backend "onnx" (models build --precision int8 --images DIR makes it)

Networks are strongly typed: the precision is the graph's, not the builder's choice. TF32 is off: f32 is to mean float32, and prototype
distances are to be as exact at every precision.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_inspector.engine.bundle import MODEL, Bundle
from edge_inspector.engine.calibrated import calibrated
from edge_inspector.engine.collection import without_collection
from edge_inspector.engine.cuda.base import Device
from edge_inspector.engine.cuda.registry import open_cuda
from edge_inspector.engine.forms import Form, keep, read_kept, store_form
from edge_inspector.engine.graph import IMAGE, Port, check_graph
from edge_inspector.engine.onnx_graph import needed
from edge_inspector.engine.plans import (
    BACKEND,
    PLAN,
    Messages,
    TensorRt,
    check_precision,
    device_name,
    load_tensorrt,
    plan_key,
    unsupported,
)
from edge_inspector.engine.precision import Listener, fp16_graph
from edge_inspector.errors import BundleError, EngineError, FormError, SettingsError
from edge_inspector.settings.certificate import FormKey, Precision
from edge_inspector.settings.manifest import Manifest

WORKSPACE_BYTES = 1 << 30
STEPS = 1000  # of a build's progress


@dataclass(frozen=True, slots=True)
class Target:
    """What a plan is built for. ``capability`` is named where it is not the device at hand (TensorRT for RTX alone)."""

    device: str
    capability: tuple[int, int] | None = None


def build(bundle: Bundle, precision: Precision, batch: int, listener: Listener, device_cc: str = "") -> Form:
    """Build the plan for batches of 1 to ``batch`` images and keep it in the cache, in the place of an older one.

    ``device_cc`` ("8.9") builds for another device of that compute capability. Raises SettingsError for a batch or capability that cannot
    be, EngineError (no TensorRT, no driver, out of memory), BundleError for a graph that TensorRT does not read, FormError.
    """
    if batch < 1:
        raise SettingsError(f"--batch {batch}: at least 1")
    trt = load_tensorrt()
    target = _target(trt, precision, device_cc)
    key = plan_key(bundle, trt, target.device, precision)
    graph = typed(graph_of(bundle, precision), bundle.onnx)
    started = time.monotonic()
    timing = _timing_name(key)
    plan, timings = compile_graph(trt, graph, bundle.onnx, bundle.manifest, batch, target, listener, read_kept(bundle, timing))
    if timings:
        keep(bundle, timing, timings)
    facts: dict[str, str | int | float] = {"batch": batch, "seconds": round(time.monotonic() - started, 1), "bytes": len(plan)}
    return store_form(bundle, key, {PLAN: plan}, facts)


def _target(trt: TensorRt, precision: Precision, device_cc: str) -> Target:
    if not device_cc:
        cuda = open_cuda()
        device = cuda.device
        cuda.close()
        check_precision(device, precision)
        _check_known(trt, device.compute_capability)
        return Target(device_name(trt, device))
    major, _, minor = device_cc.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise SettingsError(f"--device-cc {device_cc}: a compute capability is expected, such as 8.9")
    if not trt.rtx:
        raise SettingsError(f"--device-cc {device_cc}: TensorRT {trt.version} builds for the GPU it runs on alone; leave the option out")
    capability = int(major), int(minor)
    check_precision(named := Device(0, "the named device", capability, False, 0), precision)
    _check_known(trt, capability)
    return Target(device_name(trt, named), capability)


def _check_known(trt: TensorRt, capability: tuple[int, int]) -> None:
    if why := unsupported(trt, capability):
        raise FormError(why)


def graph_of(bundle: Bundle, precision: Precision) -> bytes:
    """The bundle's ONNX graph in a precision. Raises FormMissing (int8 not calibrated yet), FormError, EngineError."""
    if precision == "f32":
        return bundle.onnx.read_bytes()
    if precision == "fp16":
        return fp16_graph(bundle.onnx)
    if precision != "int8":
        raise FormError(f"TensorRT plans are built in f32, fp16 or int8, not in {precision}")
    return calibrated(bundle, BACKEND).path(MODEL).read_bytes()


def typed(graph: bytes, where: Path) -> bytes:
    """The graph with its uint8 input cast to float32 first of all: TensorRT takes uint8 as an input, and casts it, but computes nothing in
    it, not even a transpose. Whole numbers to 255 are the same in float32."""
    onnx = needed("onnx")
    try:
        model = onnx.load_model_from_string(graph)
    except Exception as error:  # protobuf's own, by whichever implementation of it is installed
        raise BundleError(f"{where}: not an ONNX graph: {error}") from error
    nodes, cast = model.graph.node, f"{IMAGE}_float32"
    for node in nodes:
        for position, name in enumerate(node.input):
            if name == IMAGE:
                node.input[position] = cast
    nodes.insert(0, onnx.helper.make_node("Cast", [IMAGE], [cast], to=onnx.TensorProto.FLOAT))
    del model.graph.value_info[:]  # types of tensors between nodes, of which some have changed
    data: bytes = model.SerializeToString()
    return data


@without_collection()
def compile_graph(
    trt: TensorRt, graph: bytes, where: Path, manifest: Manifest, batch: int, target: Target, listener: Listener, timings: bytes = b""
) -> tuple[bytes, bytes]:
    """The plan of a graph, and what the builder has timed, for the next build. Raises BundleError, EngineError."""
    module, messages = trt.module, Messages(trt.module)
    try:
        builder = module.Builder(messages.logger)
    except Exception as error:  # its binding raises TypeError where there is none, which says nothing
        raise EngineError(f"TensorRT {trt.version} cannot build here: {messages.take()} ({error})") from error
    network, parser = _parsed(trt, builder, messages, graph, where)  # the parser's errors, and weights, live as long as it does
    check_graph(
        where,
        manifest,
        [_port(module, network.get_input(i)) for i in range(network.num_inputs)],
        [_port(module, network.get_output(i)) for i in range(network.num_outputs)],
    )
    config = builder.create_builder_config()
    config.set_memory_pool_limit(module.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    config.clear_flag(module.BuilderFlag.TF32)
    _aim(trt, config, target)
    for least, best, most in profiles(batch):
        _add_profile(builder, config, manifest, (least, best, most))
    cache = _timing_cache(config, timings)
    monitor = _monitor(module, listener)
    config.progress_monitor = monitor
    serialized = builder.build_serialized_network(network, config)
    monitor.raise_what_stopped_it()
    del parser
    if serialized is None:
        raise EngineError(f"TensorRT {trt.version} cannot build {where}: {messages.take()}")
    return bytes(serialized), _serialized(cache)


def profiles(batch: int) -> Sequence[tuple[int, int, int]]:
    """The ranges (least, best, most) of N a plan is tuned for: a single image by itself, as most stations run, then batches."""
    return [(1, 1, 1)] if batch == 1 else [(1, 1, 1), (1, batch, batch)]


def _parsed(trt: TensorRt, builder: Any, messages: Messages, graph: bytes, where: Path) -> tuple[Any, Any]:  # noqa: ANN401
    flag = getattr(trt.module.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)  # the only kind, where it is no longer named
    network = builder.create_network(0 if flag is None else 1 << int(flag))
    parser = trt.module.OnnxParser(network, messages.logger)
    if not parser.parse(graph):
        reasons = "; ".join(str(parser.get_error(i)) for i in range(parser.num_errors))
        raise BundleError(f"{where}: TensorRT {trt.version} cannot read the graph: {reasons or messages.take()}")
    return network, parser


def _port(module: Any, tensor: Any) -> Port:  # noqa: ANN401 - TensorRT's
    shape = tuple(None if size < 0 else int(size) for size in tensor.shape)
    return Port(tensor.name, np.dtype(module.nptype(tensor.dtype)).name, shape)


def _aim(trt: TensorRt, config: Any, target: Target) -> None:  # noqa: ANN401 - TensorRT's
    if target.capability is None:
        return
    name = f"SM{target.capability[0]}{target.capability[1]}"
    config.num_compute_capabilities = 1
    config.set_compute_capability(getattr(trt.module.ComputeCapability, name), 0)


def _add_profile(builder: Any, config: Any, manifest: Manifest, sizes: tuple[int, int, int]) -> None:  # noqa: ANN401 - TensorRT's
    profile = builder.create_optimization_profile()
    profile.set_shape(IMAGE, *((n, manifest.input.height, manifest.input.width, 3) for n in sizes))
    config.add_optimization_profile(profile)


def _timing_cache(config: Any, timings: bytes) -> Any:  # noqa: ANN401 - TensorRT's
    """A timing cache in use; one that cannot be read is begun anew. TensorRT for RTX keeps none, and warns that it does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        cache = config.create_timing_cache(timings) or config.create_timing_cache(b"")
        config.set_timing_cache(cache, False)
    return cache


def _serialized(cache: Any) -> bytes:  # noqa: ANN401 - TensorRT's
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return bytes(cache.serialize())


def _timing_name(key: FormKey) -> str:
    plain = "".join(c if c.isalnum() or c == "." else "-" for c in f"{key.version}-{key.device}")
    return f"{key.backend}-{plain}.timing"


class Phases:
    """How far a build is, from the phases within phases that TensorRT tells of, as steps of `STEPS` that never go back."""

    def __init__(self, advance: Callable[[int, int, str], None]) -> None:
        self._advance = advance
        self._open: list[tuple[str, int, int]] = []  # name, steps, steps done; the innermost last
        self._most = 0

    def start(self, name: str, steps: int) -> None:
        """A phase of so many steps begins within the one that is open."""
        self._open.append((name, max(1, steps), 0))
        self._tell()

    def step(self, name: str, done: int) -> None:
        """A phase has done its step number ``done``, from 0."""
        self._open = [(n, steps, done + 1 if n == name else before) for n, steps, before in self._open]
        self._tell()

    def finish(self, name: str) -> None:
        """A phase is over, and with it those within."""
        names = [n for n, _, _ in self._open]
        if name in names:
            del self._open[names.index(name) :]

    def _tell(self) -> None:
        share, whole = 0.0, 1.0
        for _, steps, done in self._open:
            share += whole * min(done, steps) / steps
            whole /= steps
        self._most = max(self._most, min(STEPS, int(STEPS * share)))
        self._advance(self._most, STEPS, self._open[-1][0] if self._open else "")


def _monitor(module: Any, listener: Listener) -> Any:  # noqa: ANN401 - a class of the module's making
    """TensorRT's IProgressMonitor. What a callback raises (Ctrl-C, too) must not pass through C++: it ends the build, then is raised."""

    class Monitor(module.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            module.IProgressMonitor.__init__(self)
            self._phases = Phases(listener.advance)
            self._stopped: BaseException | None = None

        def phase_start(self, name: str, parent: str | None, steps: int) -> None:
            del parent
            self._guarded(lambda: self._phases.start(name, steps))

        def phase_finish(self, name: str) -> None:
            self._guarded(lambda: self._phases.finish(name))

        def step_complete(self, name: str, step: int) -> bool:
            self._guarded(lambda: self._phases.step(name, step))
            return self._stopped is None

        def _guarded(self, action: Callable[[], None]) -> None:
            try:
                action()
            except BaseException as error:  # noqa: BLE001 - raised once TensorRT has returned
                self._stopped = error

        def raise_what_stopped_it(self) -> None:
            if self._stopped is not None:
                raise self._stopped

    listener.stage("TensorRT builds the plan", STEPS)
    return Monitor()
