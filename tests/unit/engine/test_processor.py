"""How a processor is named in a form's key."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from edge_inspector.engine import processor as module
from edge_inspector.engine.processor import instructions, processor

X86 = "processor\t: 0\nflags\t\t: fpu sse2 avx2 {}\nbugs\t: spectre_v1 avx512f\n\n"
ARM = "processor : 0\nFeatures : fp asimd evtstrm {}\nCPU part : 0xd0b\n\n"
CASES: dict[str, tuple[str, tuple[str, ...]]] = {
    "nobody tells": ("", ()),
    "AVX2": (X86.format(""), ("avx2",)),
    "Cascade Lake": (X86.format("avx512f avx512_vnni"), ("avx2", "avx512", "vnni")),
    "Sapphire Rapids": (
        X86.format("avx512f avx512_vnni avx512_bf16 amx_bf16 amx_int8"),
        ("avx2", "avx512", "vnni", "avx512bf16", "amxint8", "amxbf16"),
    ),
    "Cortex-A76": (ARM.format("asimdhp asimddp"), ("asimd", "dotprod", "fp16")),
    "cores of two kinds": (ARM.format("asimddp bf16") + ARM.format("asimddp"), ("asimd", "dotprod")),
}


@pytest.mark.parametrize("name", CASES)
def test_instructions(name: str) -> None:
    cpuinfo, found = CASES[name]
    assert instructions(cpuinfo) == found


@pytest.mark.parametrize(("has", "floats"), [({"FP32", "INT8"}, "f32"), ({"FP32", "INT8", "BF16"}, "bf16")], ids=["f32", "bf16"])
def test_openvino_s_int8_is_of_the_kind_of_its_float_layers(has: set[str], floats: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = pytest.importorskip("edge_inspector.engine.openvino")
    monkeypatch.setattr(backend, "capabilities", lambda: has)
    assert [backend.OpenVinoEngine.device(precision) for precision in ("f32", "int8")] == [processor(), f"{processor()} {floats}"]


def test_this_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert processor().startswith(f"cpu {platform.machine()}")
    monkeypatch.setattr(module, "CPUINFO", tmp_path / "none")
    assert processor.__wrapped__() == f"cpu {platform.machine()}"
