"""The GPU suite in one command (scripts/test-gpu): tests that need a GPU, the demo bundle's equivalence in every precision, and times.

python -m tests.benchmarks.gpu [--model models/demo] [--images DIR] [--json]

Exit 1 where there is no GPU, a test fails, or, where a TensorRT is installed that knows this GPU, a precision cannot be built and run, or
differs from torch by more than its certificate may; the reasons are told (`failures_of`). The plans, and the int8 graph that --images
makes, are kept in the bundle's cache.

Times are of the device, by its events: a pass of one image (median of 200), and images a second in batches of 16. Where TensorRT cannot
run, "PRN under a CUDA graph in torch" stands in, and says so; TensorRT's figures are then not measured.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from edge_inspector.cli.models_build import calibrate
from edge_inspector.engine.bundle import Bundle, load_bundle
from edge_inspector.engine.cuda.probe import probe
from edge_inspector.engine.cuda.registry import installed, open_cuda
from edge_inspector.engine.plan_build import build
from edge_inspector.engine.plans import load_tensorrt, present, unsupported
from edge_inspector.engine.tensorrt import TensorRtEngine
from edge_inspector.errors import EdgeInspectorError
from edge_inspector.evaluation.certify import Basis, certify
from edge_inspector.settings.certificate import Precision
from tests.benchmarks import ledger

SUITE = (
    "tests/contract/test_cuda.py",
    "tests/contract/test_engines.py",
    "tests/unit/engine",
    "tests/unit/training/device",
)
PRECISIONS: tuple[Precision, ...] = ("f32", "fp16", "int8")
BATCH, RUNS = 16, 200
NOT_MEASURED = "not measured"
STAND_IN = "PRN under a CUDA graph in torch (stand-in for TensorRT)"


class _Quiet:
    """Nobody watches the builds of a benchmark."""

    def stage(self, title: str, total: int) -> None:
        sys.stderr.write(f"{title} ...\n")

    def advance(self, done: int, total: int, text: str) -> None: ...


def no_gpu() -> str:
    """Why nothing can be run here; empty where there is a GPU."""
    found = probe()
    return "" if found.devices else f"no GPU suite was run, and nothing of it is known to pass: {found.why}"


def run_tests() -> dict[str, Any]:
    """The tests of `SUITE`; those that need a GPU run here, those of a package that is not installed skip and say so on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", *SUITE], cwd=ledger.ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    sys.stderr.write(done.stdout)
    lines = done.stdout.strip().splitlines()
    return {"ok": done.returncode == 0, "summary": lines[-1] if lines else "pytest said nothing"}


def tensorrt_row(bundle: Bundle, precision: Precision, images: Path | None) -> dict[str, Any]:
    """Build, verify and time one precision; or why that was not possible. ``flips`` are of prototypes, ``failures`` a certificate's."""
    try:
        if precision == "int8" and images is not None:
            calibrate(bundle, images, _Quiet())
        form = build(bundle, precision, BATCH, _Quiet())
        with closing(TensorRtEngine(bundle, precision=precision)) as engine:
            engine.warm_up()
            proof = certify(bundle, engine, Basis()).certificate
            with engine.cuda.active():
                single = engine.session.device_ms(1, RUNS)
                batch = engine.session.device_ms(BATCH, RUNS)
    except EdgeInspectorError as error:
        return {"precision": precision, "times": NOT_MEASURED, "why": str(error)}
    return {
        "precision": precision,
        "version": form.record.key.version,
        "device": form.record.key.device,
        "build_s": form.record.facts["seconds"],
        "map_difference": proof.map_difference,
        "score_difference": proof.score_difference,
        "flips": proof.prototype_flips,
        "verdict_flips": proof.verdict_flips,
        "failures": list(proof.failures),
        **_times(single, batch),
    }


def _times(single: list[float], batch: list[float]) -> dict[str, float]:
    return {"device_ms": round(statistics.median(single), 4), "per_second": round(1000.0 * BATCH / statistics.median(batch), 1)}


def stand_in(bundle: Bundle, precision: str) -> dict[str, Any]:
    """The torch network, captured once and replayed: what such a GPU can do, not what TensorRT does.

    A time and no answer: in fp16 by autocast, which takes the prototype search to float16, too, where our fp16 graph keeps it in float32.
    Of a bundle whose network cannot be read (an older one's) it says why it is not measured.
    """
    import torch

    from edge_inspector.training.export import load_network

    if not torch.cuda.is_available():
        return {"precision": precision, "times": NOT_MEASURED, "why": "torch here has no CUDA"}
    try:
        network = load_network(bundle.folder, bundle.manifest.score.pixels).cuda()
    except EdgeInspectorError as error:
        return {"precision": precision, "times": NOT_MEASURED, "why": str(error)}
    form = bundle.manifest.input
    torch.backends.cudnn.allow_tf32 = False  # f32 is to mean float32

    def passes(n: int) -> list[float]:
        image = torch.randint(0, 256, (n, form.height, form.width, 3), dtype=torch.uint8, device="cuda")
        run: Callable[[], object] = lambda: network(image)  # noqa: E731 - one expression under two contexts
        half = torch.autocast("cuda", torch.float16, enabled=precision == "fp16")
        side: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.inference_mode(), half, torch.cuda.stream(side):
            for _ in range(3):
                run()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.inference_mode(), half, torch.cuda.graph(graph):
            run()
        return [_timed(torch, graph) for _ in range(RUNS)]

    return {"precision": precision, **_times(passes(1), passes(BATCH))}


def _timed(torch: Any, graph: Any) -> float:  # noqa: ANN401 - torch is imported where there is a GPU only
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    graph.replay()
    end.record()
    end.synchronize()
    return float(start.elapsed_time(end))


def not_for_this_gpu() -> str:
    """Why no row of TensorRT can be asked for: none is installed, or only one that does not know this GPU. Empty where one must run."""
    if not present():
        return "TensorRT is not installed"
    try:
        trt = load_tensorrt()
        with closing(open_cuda()) as cuda:
            return unsupported(trt, cuda.device.compute_capability)
    except EdgeInspectorError:
        return ""  # it is there, and does not work: each row says why


def failures_of(report: dict[str, Any]) -> list[str]:
    """Why the suite has failed, one line each; none where it has not."""
    found = [] if report["tests"]["ok"] else [f"tests: {report['tests']['summary']}"]
    for row in report["rows"]:
        if "device_ms" not in row and not report["excused"]:
            found.append(f"{row['precision']}: {row['why']}")
        found += [f"{row['precision']}: {failure}" for failure in row.get("failures", ())]
    return found


def measure(bundle: Bundle, images: Path | None) -> dict[str, Any]:
    """Everything but the tests."""
    found: dict[str, Any] = {"bundle": bundle.manifest.id, "tensorrt": list(present()), "cuda": list(installed())}
    found["excused"] = not_for_this_gpu()
    found["rows"] = [tensorrt_row(bundle, precision, images) for precision in PRECISIONS]
    if all("device_ms" not in row for row in found["rows"]):
        found["stand_in"] = {"name": STAND_IN, "rows": [stand_in(bundle, precision) for precision in ("f32", "fp16")]}
    return found


def text(report: dict[str, Any]) -> str:
    """The report for people: asked, and measured."""
    lines = [f"tests: {report['tests']['summary']}", f"{report['bundle']} on TensorRT:"]
    lines += [f"  {_line(row)}" for row in report["rows"]]
    if "stand_in" in report:
        lines += [f"{report['stand_in']['name']}:", *(f"  {_line(row)}" for row in report["stand_in"]["rows"])]
    return "\n".join([*lines, "asked on an H100-class GPU in fp16: at most 0.7 ms of device time an image, at least 4,000 images a second"])


def _line(row: dict[str, Any]) -> str:
    if "device_ms" not in row:
        return f"{row['precision']:<5} {NOT_MEASURED}: {row['why']}"
    against = f", map {row['map_difference']:.1e}, {row['flips']} flips against torch" if "flips" in row else ""
    return (
        f"{row['precision']:<5} {row['device_ms']:.3f} ms an image, {row['per_second']:,.0f} images a second in batches of {BATCH}{against}"
    )


def main() -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/test-gpu", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, default=ledger.ROOT / "models" / "demo")
    parser.add_argument("--images", type=Path, help="good parts, to calibrate int8 on; without them a graph that is there is taken")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if why := no_gpu():
        sys.stderr.write(f"{why}\n")
        return 1
    bundle = load_bundle(options.model)
    report = {"tests": run_tests(), **measure(bundle, options.images)}
    report["failures"] = failures_of(report)
    ledger.record("gpu", {"bundle": bundle.manifest.id}, report)
    sys.stdout.write(f"{json.dumps(report) if options.json else text(report)}\n")
    for failure in report["failures"]:
        sys.stderr.write(f"failed: {failure}\n")
    return 1 if report["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
