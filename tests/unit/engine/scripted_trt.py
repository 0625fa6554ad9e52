"""TensorRT's runtime as far as we call it, over the scripted device of ``cuda.script``: it computes the small bundle's answers in numpy."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np

from edge_inspector.engine.plans import TensorRt
from tests.bundles import expected_map
from tests.unit.engine.cuda.script import Script

INPUT, OUTPUT = "in", "out"
PLAN = b"a plan"
_T = TypeVar("_T")


@dataclass
class ScriptedTrt:
    """``mosts``: the largest batch of each profile. ``fail``: calls that return False or None next, with what is logged."""

    script: Script
    mosts: tuple[int, ...] = (1, 4)
    height: int = 64
    width: int = 64
    fail: dict[str, str] = field(default_factory=dict)
    plans: list[bytes] = field(default_factory=list)
    logger: Any = None
    _alive: list[weakref.ref[Any]] = field(default_factory=list)

    def package(self) -> TensorRt:
        class Logger:
            def __init__(self) -> None: ...

        module = SimpleNamespace(
            ILogger=Logger, Runtime=self.runtime, TensorIOMode=SimpleNamespace(INPUT=INPUT, OUTPUT=OUTPUT), nptype=lambda dtype: dtype
        )
        return TensorRt(module, "10.9", rtx=False)

    def runtime(self, logger: Any) -> ScriptedRuntime:  # noqa: ANN401 - the logger that the engine makes
        self.logger = logger
        return self.kept(ScriptedRuntime(self))

    def kept(self, made: _T) -> _T:
        """``made``, of which is known how long it lives: `alive`."""
        self._alive.append(weakref.ref(made))
        return made

    @property
    def alive(self) -> list[str]:
        """The kinds of TensorRT's objects that are there."""
        return [type(made).__name__ for ref in self._alive if (made := ref()) is not None]

    def failed(self, name: str) -> bool:
        if name not in self.fail:
            return False
        self.logger.log(1, self.fail.pop(name))
        return True


class ScriptedRuntime:
    def __init__(self, trt: ScriptedTrt) -> None:
        self._trt = trt

    def deserialize_cuda_engine(self, plan: bytes) -> ScriptedPlan | None:
        self._trt.plans.append(plan)
        return None if self._trt.failed("deserialise") else self._trt.kept(ScriptedPlan(self._trt))


class ScriptedPlan:
    def __init__(self, trt: ScriptedTrt) -> None:
        self._trt = trt
        self.num_optimization_profiles = len(trt.mosts)
        h, w = trt.height // 2, trt.width // 2
        self.ports = {
            "image": (INPUT, np.uint8, (-1, trt.height, trt.width, 3)),
            "anomaly_map": (OUTPUT, np.float32, (-1, h, w)),
            "image_score": (OUTPUT, np.float32, (-1,)),
            "prototypes": (OUTPUT, np.int64, (-1, -1)),
        }
        self.num_io_tensors = len(self.ports)

    def get_tensor_name(self, index: int) -> str:
        return list(self.ports)[index]

    def get_tensor_mode(self, name: str) -> str:
        return self.ports[name][0]

    def get_tensor_dtype(self, name: str) -> type:
        return self.ports[name][1]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self.ports[name][2]

    def get_tensor_profile_shape(self, _name: str, profile: int) -> list[tuple[int, ...]]:
        return [(n, self._trt.height, self._trt.width, 3) for n in (1, self._trt.mosts[profile], self._trt.mosts[profile])]

    def create_execution_context(self) -> ScriptedContext | None:
        return None if self._trt.failed("context") else self._trt.kept(ScriptedContext(self._trt, self))


class ScriptedContext:
    def __init__(self, trt: ScriptedTrt, plan: ScriptedPlan) -> None:
        self._trt = trt
        self._plan = plan
        self._n = 0
        self._most = 0
        self._addresses: dict[str, int] = {}

    def set_optimization_profile_async(self, profile: int, _stream: int) -> bool:
        self._most = self._trt.mosts[profile]
        return not self._trt.failed(f"profile {profile}")

    def set_input_shape(self, _name: str, shape: tuple[int, ...]) -> bool:
        self._n = shape[0]
        return 0 < self._n <= self._most

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return (self._n, *(3 if size < 0 else size for size in self._plan.ports[name][2][1:]))

    def set_tensor_address(self, name: str, address: int) -> None:
        self._addresses[name] = address

    def execute_async_v3(self, _stream: int) -> bool:
        self._trt.script.called("execute")
        if self._trt.failed("execute"):
            return False
        self._trt.script.queue.append(lambda n=self._n: self._compute(n))  # type: ignore[misc]
        return True

    def _compute(self, n: int) -> None:
        memory = self._trt.script.memory
        image = memory[self._addresses["image"]]
        batch = image[: n * self._trt.height * self._trt.width * 3].reshape(n, self._trt.height, self._trt.width, 3)
        for name, values in zip(("anomaly_map", "image_score", "prototypes"), expected_map(batch), strict=True):
            raw = np.ascontiguousarray(values).view(np.uint8).reshape(-1)
            memory[self._addresses[name]][: raw.size] = raw
