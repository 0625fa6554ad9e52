"""One engine for several stations: opened once, closed by the last, and each station's trouble its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.shared import SharedEngines
from edge_inspector.engine.stub import StubEngine, stub_bundle
from edge_inspector.errors import EngineError
from edge_inspector.records import ScoreMap

BUNDLE = stub_bundle()
IMAGE = np.full((1, 64, 64, 3), 128, np.uint8)


class Noted(StubEngine):
    """A stub that notes who calls it."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle)
        self.threads: set[str] = set()
        self.warmed = 0
        self.closed = 0

    def warm_up(self) -> None:
        self.warmed += 1

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        self.threads.add(threading.current_thread().name)
        return super().infer(images)

    def close(self) -> None:
        self.closed += 1
        super().close()


def pool() -> tuple[SharedEngines, list[Noted]]:
    opened: list[Noted] = []

    def opener(bundle: Bundle, _backend: str, _threads: int, precision: str) -> Engine:
        if precision == "int8":
            raise EngineError("no int8 here")
        opened.append(Noted(bundle))
        return opened[-1]

    return SharedEngines(opener), opened


def test_stations_with_the_same_bundle_share_one_engine_until_the_last_lets_go() -> None:
    engines, opened = pool()
    first, second = (engines.open(BUNDLE, "stub", 1, "auto") for _ in range(2))
    first.warm_up()
    second.warm_up()
    assert (len(opened), opened[0].warmed, first.manifest) == (1, 1, BUNDLE.manifest)
    first.close()
    first.close()
    assert second.infer(IMAGE)[0].image_score == pytest.approx(128 / 255)
    with pytest.raises(EngineError, match="closed"):
        first.infer(IMAGE)
    second.close()
    assert (opened[0].closed, len(engines)) == (1, 0)
    third = engines.open(BUNDLE, "stub", 1, "auto")
    assert len(opened) == 2
    third.close()


@pytest.mark.parametrize(
    "other",
    [
        lambda e: e.open(BUNDLE, "stub", 2, "auto"),
        lambda e: e.open(BUNDLE, "stub", 1, "f32"),
        lambda e: e.open(replace(BUNDLE, manifest=BUNDLE.manifest.model_copy(update={"id": "retrained"})), "stub", 1, "auto"),
    ],
    ids=["threads", "precision", "bundle"],
)
def test_what_differs_is_another_engine(other: Callable[[SharedEngines], Engine]) -> None:
    engines, opened = pool()
    held = [engines.open(BUNDLE, "stub", 1, "auto"), other(engines)]
    assert len(opened) == 2
    for engine in held:
        engine.close()


def test_everything_runs_on_the_engine_s_own_thread_whoever_asks() -> None:
    engines, opened = pool()
    held = [engines.open(BUNDLE, "stub", 1, "auto") for _ in range(4)]
    scores: dict[int, set[float]] = {}

    def station(number: int) -> None:
        image = np.full_like(IMAGE, 50 * number)
        scores[number] = {round(held[number].infer(image)[0].image_score * 255) for _ in range(50)}

    threads = [threading.Thread(target=station, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert scores == {number: {50 * number} for number in range(4)}
    assert opened[0].threads == {"engine-stub"}
    for engine in held:
        engine.close()


def test_an_engine_that_fails_on_one_station_s_image_goes_on_for_the_other() -> None:
    engines, _ = pool()
    first, second = (engines.open(BUNDLE, "stub", 1, "auto") for _ in range(2))
    with pytest.raises(EngineError):
        first.infer(np.zeros((1, 3, 3, 3), np.uint8))
    assert len(second.infer(IMAGE)) == 1
    first.close()
    second.close()


def test_one_that_cannot_be_opened_leaves_nothing_behind() -> None:
    engines, opened = pool()
    with pytest.raises(EngineError, match="no int8"):
        engines.open(BUNDLE, "stub", 1, "int8")
    assert (opened, len(engines)) == ([], 0)


@pytest.mark.parametrize("fails", [False, True], ids=["loads", "fails"])
def test_while_one_is_loaded_others_open_and_close_and_who_wants_it_waits(fails: bool) -> None:
    loading, loaded = threading.Event(), threading.Event()
    opened: list[Noted] = []

    def opener(bundle: Bundle, _backend: str, threads: int, _precision: str) -> Engine:
        if threads == 9:
            loading.set()
            assert loaded.wait(10.0)
            if fails:
                raise EngineError("no memory")
        opened.append(Noted(bundle))
        return opened[-1]

    engines = SharedEngines(opener)
    with ThreadPoolExecutor(2) as stations:
        waiting = [stations.submit(engines.open, BUNDLE, "stub", 9, "auto") for _ in range(2)]
        assert loading.wait(10.0)
        other = engines.open(BUNDLE, "stub", 1, "auto")
        assert len(other.infer(IMAGE)) == 1
        other.close()
        assert (opened[0].closed, [each.done() for each in waiting]) == (1, [False, False])
        loaded.set()
    if fails:
        assert [str(each.exception()) for each in waiting] == ["no memory"] * 2
    else:
        for each in waiting:
            each.result().close()
    assert ([engine.closed for engine in opened], len(engines)) == ([1] if fails else [1, 1], 0)
