"""This machine's processor, as the key of a compiled form names it: by what backends choose their kernels by.

Processors of one name compute a graph alike; of two names, one may run int8 with other intermediate sums, or float layers in bf16.
"""

from __future__ import annotations

import platform
from functools import lru_cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
# Short name: how Linux spells it on x86-64 ("flags") or on Arm ("Features").
_FLAGS = {
    "avx2": "avx2",
    "avx512": "avx512f",
    "vnni": "avx512_vnni",
    "avxvnni": "avx_vnni",
    "avxvnniint8": "avx_vnni_int8",
    "avx512bf16": "avx512_bf16",
    "avx512fp16": "avx512_fp16",
    "amxint8": "amx_int8",
    "amxbf16": "amx_bf16",
    "amxfp16": "amx_fp16",
    "asimd": "asimd",
    "dotprod": "asimddp",
    "fp16": "asimdhp",
    "bf16": "bf16",
    "i8mm": "i8mm",
    "sve": "sve",
    "sve2": "sve2",
    "sme": "sme",
}


@lru_cache(maxsize=1)
def processor() -> str:
    """As "cpu x86_64 avx2 avx512 vnni"; the machine alone where nobody tells the instructions."""
    try:
        told = CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:  # no Linux
        told = ""
    return " ".join(("cpu", platform.machine(), *instructions(told)))


def instructions(cpuinfo: str) -> tuple[str, ...]:
    """Those of the content of /proc/cpuinfo that matter and that every core has, in a fixed order."""
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    cores = [set(found.split()) for name, _, found in lines if name.strip() in ("flags", "Features")]
    common = set.intersection(*cores) if cores else set()
    return tuple(short for short, flag in _FLAGS.items() if flag in common)
