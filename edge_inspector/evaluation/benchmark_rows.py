"""What ``benchmark`` compares: a bundle, its backbone alone, and other graphs, on each backend in each precision that it offers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_inspector import images
from edge_inspector.engine.bundle import MODEL, Bundle
from edge_inspector.engine.calibrated import calibrated
from edge_inspector.engine.cut import backbone_outputs, cut
from edge_inspector.engine.onnx_graph import read_graph
from edge_inspector.engine.precision import LEAST_IMAGES, Listener, int8_graph
from edge_inspector.engine.sessions import BACKENDS
from edge_inspector.errors import EngineError, FormError
from edge_inspector.evaluation.benchmark import Subject, precisions_of
from edge_inspector.records import Image
from edge_inspector.settings.certificate import Precision

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for; ``compared`` are ONNX files, ``threads`` those of every row."""

    backends: tuple[str, ...]
    compared: tuple[Path, ...] = ()
    batches: tuple[int, ...] = (1,)
    threads: int = 1


class Graphs:
    """The files that the rows run: the bundle's own, and what is made of it in ``folder``, each once."""

    def __init__(self, bundle: Bundle, folder: Path, listener: Listener, note: Note) -> None:
        self._bundle = bundle
        self._folder = folder
        self._listener = listener
        self._note = note
        self._whole: dict[str, Path | None] = {}
        self._cut: dict[Path, Path | None] = {}
        self._outputs: tuple[str, ...] | None = None

    def note(self, text: str) -> None:
        """What a person should know."""
        self._note(text)

    def whole(self, backend: str, precision: Precision) -> Path | None:
        """The bundle's graph in a precision; None where there is none, which is noted."""
        if precision != "int8":
            return self._bundle.onnx
        if precision not in self._whole:
            self._whole[precision] = self._int8(backend)
        return self._whole[precision]

    def _int8(self, backend: str) -> Path | None:
        try:
            return calibrated(self._bundle, backend).path(MODEL)
        except FormError as error:
            self._note(f"{error}. For the time alone it is calibrated on the bundle's reference images now")
        path = self._folder / "int8.onnx"
        try:
            path.write_bytes(int8_graph(self._bundle, reference_images(self._bundle), self._listener))
        except EngineError as error:
            self._note(f"int8 is left out: {error}")
            return None
        return path

    def backbone(self, graph: Path) -> Path | None:
        """A graph of the bundle, cut at its backbone's outputs; None where it names no backbone, which is noted."""
        if graph not in self._cut:
            self._cut[graph] = self._backbone(graph)
        return self._cut[graph]

    def _backbone(self, graph: Path) -> Path | None:
        if self._outputs is None:
            self._outputs = self._found_outputs()
        if not self._outputs:
            return None
        path = self._folder / f"backbone{len(self._cut)}.onnx"
        path.write_bytes(cut(read_graph(graph), self._outputs).SerializeToString())
        return path

    def _found_outputs(self) -> tuple[str, ...]:
        """The backbone's; none, with a note, where the graph names none or cannot be read here: the core has no onnx."""
        try:
            found = backbone_outputs(read_graph(self._bundle.onnx))
        except EngineError as error:
            self._note(f"the rows of the backbone are left out: {error}")
            return ()
        if not found:
            self._note(f"{self._bundle.onnx}: names no weights as a backbone's; the rows of the backbone are left out")
        return found


def subjects(bundle: Bundle, asked: Asked, graphs: Graphs) -> tuple[Subject, ...]:
    """Every row, in the order of the table. Raises EngineError for an absent backend or compared file, none that compares, or no row."""
    for path in asked.compared:
        if not path.is_file():
            raise EngineError(f"{path}: no such file; an ONNX graph to compare with was expected")
    alone = [backend for backend in asked.backends if backend not in BACKENDS]
    if asked.compared and alone == list(asked.backends):
        raise EngineError(f"--compare: {', '.join(alone)} runs bundles alone; name a backend of {', '.join(BACKENDS)} to compare on")
    if asked.compared and alone:
        graphs.note(f"{', '.join(alone)} runs bundles alone: its rows are compared with none of {', '.join(_names(asked.compared))}")
    form = bundle.manifest.input
    rows = [
        Subject(name, backend, precision, batch, graph, bundle.folder.resolve(), (form.height, form.width), asked.threads, rival)
        for backend in asked.backends
        for precision in precisions_of(bundle, backend)
        for batch in asked.batches
        for name, graph, rival in _named(backend, precision, graphs, asked.compared)
    ]
    if not rows:
        raise EngineError(f"nothing to measure on {', '.join(asked.backends)}")
    return tuple(rows)


def _named(backend: str, precision: Precision, graphs: Graphs, compared: Sequence[Path]) -> Iterator[tuple[str, Path | None, bool]]:
    """Name and graph of each row, and whether it is another's."""
    if backend not in BACKENDS:  # it runs what it has compiled of the bundle, and nothing else
        yield "bundle", None, False
        return
    whole = graphs.whole(backend, precision)
    if whole is not None:
        yield "bundle", whole, False
        backbone = graphs.backbone(whole)
        if backbone is not None:
            yield "backbone", backbone, False
    if precision != "int8":  # another graph's int8 would be its own
        yield from ((name, graph, True) for name, graph in zip(_names(compared), compared, strict=True))


def _names(paths: Iterable[Path]) -> list[str]:
    """Each file's stem; its whole path where several have the same."""
    listed = list(paths)
    stems = [path.stem for path in listed]
    return [
        stem if stems.count(stem) == 1 and stem not in ("bundle", "backbone") else str(path)
        for stem, path in zip(stems, listed, strict=True)
    ]


def reference_images(bundle: Bundle) -> list[Image]:
    """The bundle's reference images, mirrored and turned until there are enough to calibrate on: for times, which no range changes."""
    found = [images.decode(path) for path in sorted((bundle.folder / "reference").glob("*.png"))]
    more = [*found, *(image[:, ::-1] for image in found), *(image[::-1] for image in found), *(image[::-1, ::-1] for image in found)]
    return more[: max(LEAST_IMAGES, len(found))]
