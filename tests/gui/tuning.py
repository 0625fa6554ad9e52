"""A station to tune: the desk's own services and a line's control over real sockets, both on one real database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine

from edge_inspector.desk.database import DeskDatabase
from edge_inspector.desk.process import desk_handlers
from edge_inspector.images import encode_png
from edge_inspector.records import PersonVerdict
from edge_inspector.settings import Recipe, Station, parse_model
from edge_inspector.settings.recipe import DecisionRules
from edge_inspector.store import recipes
from edge_inspector.store.reviews import set_review
from edge_inspector.wire.client import ControlClient
from edge_inspector.wire.server import ControlServer, StatusPublisher
from tests.unit.desk.stock import add_pictures, closing_engine, name, put, station_in
from tests.unit.store.entries import verdict

Params = dict[str, Any]
RULES = {"accept_threshold": 0.4, "reject_threshold": 0.6, "region_threshold": 0.5}
WIDTH, HEIGHT = 320, 240
PICTURED = 1000


@dataclass
class TuningLine:
    """Control of a line as far as tuning goes: recipe versions are made and checked as the line's own control does."""

    database: Engine

    def handlers(self, status: str, desk: str) -> dict[str, Any]:
        """By method."""
        answer = {"process": "line", "station": "line1", "endpoints": {"status": status, "desk": desk}}
        return {
            "ping": lambda _params: answer,
            "status": lambda _params: self.snapshot(),
            "parts": lambda _params: {"run": 1, "parts": [], "oldest": 0, "newest": 0},
            "threshold": self.threshold,
        }

    def snapshot(self) -> Params:
        """Which recipe decides, and its rules."""
        found = recipes.active(self.database)
        assert found is not None
        return {"state": "Ready", "recipe": found.label, "thresholds": found.recipe().decision.model_dump(mode="json", exclude={"join"})}

    def threshold(self, params: Params) -> Params:
        """A new version with other rules."""
        found = recipes.active(self.database)
        assert found is not None
        recipe = found.recipe()
        decision = parse_model(DecisionRules, {**recipe.decision.model_dump(), **params}, f"recipe {recipe.name}")
        version, _ = recipes.import_recipe(self.database, recipe.model_copy(update={"decision": decision}))
        recipes.activate(self.database, recipe.name, version)
        return self.snapshot()


@dataclass(frozen=True, slots=True)
class Bench:
    """Endpoints of a station, and what a test does behind the window's back."""

    line: str
    publisher: StatusPublisher
    database: Engine

    def elsewhere(self, **rules: object) -> str:
        """Somebody else changes the rules; the new version's label."""
        with ControlClient(self.line) as client:
            return str(client.call("threshold", rules)["recipe"])

    def in_force(self) -> DecisionRules:
        """The rules on record."""
        found = recipes.active(self.database)
        assert found is not None
        return found.recipe().decision

    def show_part(self) -> None:
        """A part's preview."""
        view = {"view": 0, "camera": "cam0", "width": WIDTH, "height": HEIGHT}
        frames = [encode_png(picture()), encode_png(np.rint(anomalies() * 255).astype(np.uint8)[:, :, None])]
        self.publisher.put_preview(lambda: ({"part": 1, "part_id": "line1-1-1", "views": [view]}, frames))


def picture() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A ring, as the camera sees it."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    far = np.hypot(x - WIDTH / 2, y - HEIGHT / 2)
    grey = np.where((far > 50) & (far < 100), 150, 60).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def anomalies() -> np.ndarray[Any, np.dtype[np.float32]]:
    """A region of 200 px, one of 25 px, and one of 100 px, at a scale of 5."""
    found = np.full((HEIGHT // 5, WIDTH // 5), 0.05, np.float32)
    found[10:12, 40:44] = 0.9
    found[30, 10] = 0.7
    found[40:42, 20:22] = 0.8
    return found


def fill(station: Station, parts: int, judged: int) -> None:
    """Scores of good parts around 0.15, of bad ones around 0.65; people have judged the last ``judged``."""
    random = np.random.default_rng(7)
    entries = []
    for seq in range(1, parts + 1):
        bad = seq % 10 == 0
        score = float(np.clip(random.normal(0.65 if bad else 0.15, 0.12), 0.0, 1.0))
        word = "accept" if score < 0.4 else "review" if score < 0.6 else "reject"
        message = {"score": score, "verdict": word, "outcome": "accepted" if word == "accept" else "rejected"}
        region = {"x": 1, "y": 2, "w": 30, "h": 40, "area": 100.0 + seq % 7, "peak": 0.9, "view": 0}
        entries.append(("verdict", verdict(seq, message=message, regions=[region] if bad else [])))
    put(station, *entries)
    with closing_engine(station) as engine:
        for seq, (_, entry) in list(enumerate(entries, 1))[-judged:]:
            accepted = entry["message"]["outcome"] == "accepted"
            agreed = accepted == (seq % 10 != 0)
            wrong = PersonVerdict.ESCAPE if accepted else PersonVerdict.FALSE_REJECT
            set_review(engine, name(seq), PersonVerdict.CONFIRM if agreed else wrong, "someone")


def stock(folder: Path, parts: int, judged: int) -> None:
    """Put a recipe in force, and parts on record."""
    station = station_in(folder)
    recipe = parse_model(Recipe, {"name": "ring", "bundle": "demo", "gate": {"reject_window_ms": 200}, "decision": RULES}, "test")
    with closing_engine(station) as engine:
        recipes.activate(engine, "ring", recipes.import_recipe(engine, recipe)[0])
    if parts:
        fill(station, parts, judged)
        add_pictures(station, PICTURED, (picture()[:, :, ::-1].copy(), anomalies()))


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """A stocked station that answers."""
    station = station_in(folder)
    with closing_engine(station) as engine, closing(DeskDatabase(str(station.database.url))) as database:
        desk = ControlServer(f"ipc://{folder}/desk", desk_handlers(station, database), "desk")
        publisher = StatusPublisher(f"ipc://{folder}/status")
        line = ControlServer(f"ipc://{folder}/line", TuningLine(engine).handlers(publisher.endpoint, desk.endpoint), "line")
        servers = (desk, publisher, line)
        try:
            for server in servers:
                server.start()
            yield Bench(line.endpoint, publisher, engine)
        finally:
            ended = [server.stop() for server in servers]
            assert all(ended)
