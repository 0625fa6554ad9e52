"""The driver's errors: which a new process alone mends, and what each asks to be done."""

from __future__ import annotations

from types import ModuleType

import pytest

from edge_inspector.engine.cuda.faults import cuda_error

# The sticky errors of the CUDA runtime, by what NVIDIA's reference says of each.
STICKY = {
    "cudaErrorIllegalAddress", "cudaErrorLaunchTimeout", "cudaErrorAssert", "cudaErrorHardwareStackError", "cudaErrorIllegalInstruction",
    "cudaErrorMisalignedAddress", "cudaErrorInvalidAddressSpace", "cudaErrorInvalidPc", "cudaErrorLaunchFailure",
    "cudaErrorPriorLaunchFailure",
    "cudaErrorTensorMemoryLeak", "cudaErrorECCUncorrectable", "cudaErrorNvlinkUncorrectable", "cudaErrorContained",
    "cudaErrorContextIsDestroyed", "cudaErrorCudartUnloading", "cudaErrorUnknown",
}  # fmt: skip


@pytest.fixture(scope="module")
def runtime() -> ModuleType:
    """NVIDIA's own table of errors, which needs no driver."""
    module: ModuleType = pytest.importorskip("cuda.bindings.runtime", reason="cuda-bindings is not installed: error texts not checked")
    return module


def test_of_all_errors_of_the_runtime_these_are_sticky(runtime: ModuleType) -> None:
    codes = [code for code in runtime.cudaError_t if code != runtime.cudaError_t.cudaSuccess]
    texts = {code.name: runtime.cudaGetErrorString(code)[1].decode() for code in codes}
    assert {name for name, text in texts.items() if cuda_error("x", text).sticky} == STICKY & texts.keys()


@pytest.mark.parametrize(
    ("text", "remedy", "sticky"),
    [
        ("cuMemAlloc failed: out of memory", "--batch", False),
        ("cuStreamSynchronize failed: an illegal memory access was encountered", "restart the line", True),
        ("CUDA driver version is insufficient for CUDA runtime version (cudaErrorInsufficientDriver)", "install NVIDIA's driver", False),
        ("no CUDA-capable device is detected", "nvidia-smi", False),
        ("uncorrectable ECC error encountered", "dmesg", True),
        ("invalid argument", "built anew", False),
    ],
    ids=["memory, by pycuda", "sticky, by pycuda", "driver too old", "no device", "broken hardware", "any other"],
)
def test_an_error_says_what_failed_why_and_what_to_do(text: str, remedy: str, sticky: bool) -> None:
    error = cuda_error("waiting for the device", text)
    assert str(error).startswith(f"waiting for the device: {text}; ")
    assert (remedy in str(error), error.sticky) == (True, sticky)
