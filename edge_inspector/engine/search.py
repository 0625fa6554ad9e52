"""Where the prototype search lies in a graph: found by structure, whatever the layers of the head are, and whatever nodes are called.

    features ─┬─► [describe] ─► distance products ─► choice ─► Gather ─► residual ─► head
              └──────────────────────────────────────────────────▲

A *product* is a node that sums over many products of numbers (a convolution, a matrix product) and hangs on the image, not on constants
alone. A *choice* is a node whose result is the place of a greatest or least value, or any that is computed to be looked up in a table. The
distance products are the first products on the way back from a choice, and those whose results they alone take (a codebook's principal
components). The search is they, the choice, what is computed between the features and them, and what is computed from their results before
the next product: the residual. The features are where a product, or a tensor that some other product takes too, ends the way back.

A graph is given as a list of `Op`, by whoever reads it: ``precision`` from ONNX, ``openvino`` from its own model; this file needs neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["product", "choice", "other"]


@dataclass(frozen=True, slots=True)
class Op:
    """One node: its name, what it does, and the names of the tensors that it takes and gives. Constants may be left out of ``inputs``.

    What is computed from constants alone is of kind "other", whatever it computes.
    """

    name: str
    kind: Kind
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """Names of nodes: all of the search, and the distance products alone, which are in ``nodes`` too."""

    nodes: frozenset[str]
    products: frozenset[str]


class Walk:
    """A graph to walk along: who gives a tensor, and who takes it."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self.ops = ops
        self.giver: Mapping[str, Op] = {tensor: op for op in ops for tensor in op.outputs}
        self.takers: dict[str, list[Op]] = {}
        for op in ops:
            for tensor in op.inputs:
                self.takers.setdefault(tensor, []).append(op)

    def back(self, tensors: Iterable[str], enters: Callable[[str, Op], bool]) -> dict[str, Op]:
        """The nodes by name that ``tensors`` come from, as far back as ``enters`` (of a tensor and who gives it) says."""
        found: dict[str, Op] = {}
        ahead = list(tensors)
        while ahead:
            tensor = ahead.pop()
            op = self.giver.get(tensor)
            if op is not None and op.name not in found and enters(tensor, op):
                found[op.name] = op
                ahead.extend(op.inputs)
        return found

    def onward(self, tensors: Iterable[str]) -> dict[str, Op]:
        """The nodes by name that ``tensors`` reach before the next product."""
        found: dict[str, Op] = {}
        ahead = list(tensors)
        while ahead:
            for op in self.takers.get(ahead.pop(), ()):
                if op.kind != "product" and op.name not in found:
                    found[op.name] = op
                    ahead.extend(op.outputs)
        return found

    def before_other_products(self, besides: Mapping[str, Op]) -> Callable[[str, Op], bool]:
        """For `back`: no product but those of ``besides``, and no tensor that another product takes too: those are features."""

        def enters(tensor: str, op: Op) -> bool:
            if op.name in besides:
                return True
            return op.kind != "product" and not any(t.kind == "product" and t.name not in besides for t in self.takers.get(tensor, ()))

        return enters


def find_search(ops: Sequence[Op]) -> Search:
    """The prototype search of a graph; empty where it has no choice."""
    walk = Walk(ops)
    choices = {op.name: op for op in ops if op.kind == "choice"}
    products = _distance_products(walk, choices)
    near = walk.before_other_products(products)
    found = {**choices, **walk.back(_inputs(choices), near)}
    found.update(walk.onward(_outputs({**choices, **products})))
    found.update(walk.back(_inputs(found), near))
    return Search(frozenset(found), frozenset(products))


def find_tail(ops: Sequence[Op], outputs: Iterable[str]) -> frozenset[str]:
    """The nodes after the last product, on the way to the graph's ``outputs``: here the map and its score."""
    walk = Walk(ops)
    return frozenset(walk.back(outputs, walk.before_other_products({})))


def _distance_products(walk: Walk, choices: Mapping[str, Op]) -> dict[str, Op]:
    between = walk.back(_inputs(choices), lambda _, op: op.kind != "product")
    ahead = _inputs({**choices, **between})
    found: dict[str, Op] = {}
    while ahead:
        op = walk.giver.get(ahead.pop())
        if op is not None and op.kind == "product" and op.name not in found and _alone(walk, op, found):
            found[op.name] = op
            ahead.extend(op.inputs)
    return found


def _alone(walk: Walk, op: Op, takers: Mapping[str, Op]) -> bool:
    """Whether no product but ``takers`` takes what ``op`` gives; true of the first ones, before there are any."""
    taken = [taker for tensor in op.outputs for taker in walk.takers.get(tensor, ())]
    return not any(taker.name in takers for taker in taken) or all(taker.name in takers for taker in taken)


def _inputs(ops: Mapping[str, Op]) -> list[str]:
    return [tensor for op in ops.values() for tensor in op.inputs]


def _outputs(ops: Mapping[str, Op]) -> list[str]:
    return [tensor for op in ops.values() for tensor in op.outputs]
