"""A model in three, so that the prototype search can be compiled in float32 and the rest in another precision.

    image ─┬─► features ─┬──────────────► head ─► map, score
           │             └─► search ───────┘ └──► prototypes
           └─ where padding is (codebook) ─┘

OpenVINO takes the precision of a whole model. Its marks for single nodes are lost where the plugin fuses them (the search's product with
the addition that follows it); models of their own keep theirs by what the API promises.
The parts hand each other their tensors without a copy (`Lane`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from edge_inspector.engine.search import Kind, Op, find_search
from edge_inspector.engine.vino import opset, ov

# A quantiser stands in front of a product that takes what it gives; features are known by who takes them.
PRODUCTS = frozenset(
    {"Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData", "MatMul", "FakeQuantize"}
)
Place = tuple[str, int]  # a tensor: the name of the node that gives it, and which of its results


@dataclass(frozen=True, slots=True)
class Part:
    """A model of its own; ``takes`` and ``gives`` say what its inputs and outputs are in the whole, in their order."""

    model: ov.Model
    takes: tuple[Place, ...]
    gives: tuple[Place, ...]


def split(model: ov.Model) -> tuple[Part, Part, Part] | None:
    """Features, search and head of a model of static shapes; None where it has no search, or nothing besides. ``model`` stays as it is."""
    ops = ops_of(model)
    search = _early(ops, find_search(ops).nodes)
    entering = _crossing(ops, lambda giver, taker: giver not in search and taker in search)
    before = _ancestors(ops, entering)
    after = {op.name for op in ops} - search - before
    if not search or not before or not after or before & search:
        return None
    after = _with_quantisers(model, ops, before, after)
    gone_on = _crossing(ops, lambda giver, taker: giver in before - after and taker in after)
    found = _crossing(ops, lambda giver, taker: giver in search and taker in after)
    features = tuple(dict.fromkeys([*entering, *gone_on]))
    ends = [_source(result) for result in model.get_results()]
    told = tuple(dict.fromkeys([*found, *(place for place in ends if place[0] in search)]))
    return (
        _part(model, before, (), features),
        _part(model, search, entering, told),
        _part(model, after, tuple(dict.fromkeys([*gone_on, *found])), tuple(place for place in ends if place[0] in after)),
    )


def _with_quantisers(model: ov.Model, ops: Sequence[Op], before: set[str], after: set[str]) -> set[str]:
    """``after``, and the quantisers that both sides share: each gets its own, so that what crosses is float32, never their integers."""
    quantisers = {node.get_friendly_name() for node in model.get_ordered_ops() if node.get_type_name() in ("FakeQuantize", "Convert")}
    shared = {name for name, _ in _crossing(ops, lambda giver, taker: giver in before - after and taker in after)} & quantisers
    return _with_quantisers(model, ops, before, after | shared) if shared else after


def ops_of(model: ov.Model) -> list[Op]:
    """Its nodes without constants, parameters and results, in the order in which they can run."""
    fixed, found = set[str](), list[Op]()
    for node in model.get_ordered_ops():
        if node.get_type_name() in ("Constant", "Parameter", "Result"):
            continue
        name, inputs = node.get_friendly_name(), tuple(_inputs(node))
        if fixed.issuperset(_place(tensor)[0] for tensor in inputs):  # computed from constants alone: no product of features
            fixed.add(name)
        found.append(Op(name, "other" if name in fixed else _kind(node), inputs, tuple(_outputs(node))))
    return found


def _early(ops: Sequence[Op], search: frozenset[str]) -> frozenset[str]:
    """Those of the search that wait for nothing else which waits for the search: a codebook's evidence is added to what the head says."""
    late: set[str] = set()  # tensors
    begun: set[str] = set()
    found = set()
    for op in ops:
        waits = not late.isdisjoint(op.inputs)
        if op.name in search and not waits:
            found.add(op.name)
            begun.update(op.outputs)
        elif waits or not begun.isdisjoint(op.inputs):
            late.update(op.outputs)
    return frozenset(found)


def _kind(node: ov.Node) -> Kind:
    name = node.get_type_name()
    if name in PRODUCTS:
        return "product"
    looked_up = any(
        target.get_node().get_type_name().startswith("Gather") and target.get_index() == 1
        for output in node.outputs()
        for target in output.get_target_inputs()
    )
    return "choice" if looked_up or (name == "TopK" and node.output(1).get_target_inputs()) else "other"


def _inputs(node: ov.Node) -> Iterable[str]:
    for port in node.inputs():
        giver = port.get_source_output()
        if giver.get_node().get_type_name() != "Constant":
            yield _text((giver.get_node().get_friendly_name(), giver.get_index()))


def _outputs(node: ov.Node) -> Iterable[str]:
    return (_text((node.get_friendly_name(), number)) for number in range(node.get_output_size()))


def _text(place: Place) -> str:
    return f"{place[1]}:{place[0]}"


def _place(text: str) -> Place:
    number, _, name = text.partition(":")
    return name, int(number)


def _source(result: ov.Node) -> Place:
    giver = result.input_value(0)
    return giver.get_node().get_friendly_name(), giver.get_index()


def _crossing(ops: Sequence[Op], crosses: Callable[[str, str], bool]) -> tuple[Place, ...]:
    """The tensors that go from a node to another for which ``crosses(giver, taker)`` holds, each once, in the order of their takers."""
    found = (_place(tensor) for op in ops for tensor in op.inputs if crosses(_place(tensor)[0], op.name))
    return tuple(dict.fromkeys(found))


def _ancestors(ops: Sequence[Op], places: Iterable[Place]) -> set[str]:
    giver = {tensor: op for op in ops for tensor in op.outputs}
    found: set[str] = set()
    ahead = [_text(place) for place in places]
    while ahead:
        op = giver.get(ahead.pop())
        if op is not None and op.name not in found:
            found.add(op.name)
            ahead.extend(op.inputs)
    return found


def _part(model: ov.Model, names: Iterable[str], takes: Sequence[Place], gives: Sequence[Place]) -> Part:
    """The nodes ``names`` of a clone, between new parameters and new results; without ``takes`` it keeps the model's own parameters."""
    clone, inside = model.clone(), set(names)
    nodes = {node.get_friendly_name(): node for node in clone.get_ordered_ops()}
    parameters = []
    for name, number in takes:
        output = nodes[name].output(number)
        parameter = opset.parameter(output.get_partial_shape(), output.get_element_type())
        for target in output.get_target_inputs():
            if target.get_node().get_friendly_name() in inside:
                target.replace_source_output(parameter.output(0))
        parameters.append(parameter)
    results = [opset.result(nodes[name].output(number)) for name, number in gives]
    return Part(ov.Model(results, parameters or clone.get_parameters(), "part"), tuple(takes), tuple(gives))
