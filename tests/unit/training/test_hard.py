"""Hard normals: which they are, and how often they are shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_inspector.decision import top_means
from edge_inspector.engine.bundle import Bundle
from edge_inspector.geometry import Window
from edge_inspector.prn.network import PRN
from edge_inspector.training import hard
from edge_inspector.training.export import load_network
from edge_inspector.training.fit import run
from edge_inspector.training.hard import hardest
from edge_inspector.training.progress import Silent
from edge_inspector.training.schedule import Budget
from edge_inspector.training.synthesis import Sources, extended, normal
from tests.unit.training.device.samples import STILL, discs
from tests.unit.training.parts import disc


@pytest.fixture(scope="module")
def network(parent: Bundle) -> PRN:
    return load_network(parent.folder, (5,))


@pytest.fixture(scope="module")
def many() -> Sources:
    rng = np.random.default_rng(3)
    return Sources(np.stack([disc(rng) for _ in range(43)]))


def test_the_hardest_tenth_has_the_highest_scores(network: PRN, many: Sources) -> None:
    scores = run(network, many.normals)[1]
    found = hardest(network, many, Silent())
    assert len(found) == 4
    assert sorted(scores[list(found)]) == pytest.approx(sorted(scores)[-4:])
    assert np.all(np.diff(scores[list(found)]) <= 0)
    assert hardest(network, replace(many, normals=many.normals[: hard.HARD_FROM - 1]), Silent()) == ()


def test_what_lies_outside_the_window_makes_no_normal_hard(network: PRN, many: Sources) -> None:
    windows = tuple(Window((128, 128), 0, 0, 64 if number % 2 else 128, 128) for number in range(43))
    maps = run(network, many.normals)[0]
    scores = [top_means(window.cut(map_), (5,)) for window, map_ in zip(windows, maps, strict=True)]
    assert hardest(network, replace(many, windows=windows), Silent()) == tuple(np.argsort(scores)[::-1][:4])


def test_of_many_some_are_looked_at_and_no_more_when_time_is_up(network: PRN, many: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def scored(_: PRN, looks: list[tuple[np.ndarray, Window]]) -> tuple[np.ndarray, np.ndarray]:
        looked.extend(next(n for n, image in enumerate(many.normals) if np.shares_memory(image, look)) for look, _ in looks)
        return np.arange(len(looked) - len(looks), len(looked)), np.zeros(len(looks))

    monkeypatch.setattr(hard, "HARD_FROM", 10)
    monkeypatch.setattr(hard, "LOOKED", 20 * 128 * 128)
    monkeypatch.setattr(hard, "_CHUNK", 7)
    monkeypatch.setattr(hard, "scored", scored)
    found = hardest(network, many, Silent())
    assert (len(looked), len(set(looked))) == (20, 20)
    assert found == (looked[-1], looked[-2])
    looked.clear()
    left = iter((True, False))
    assert hardest(network, many, Silent(), lambda: next(left)) == (looked[-1],)
    assert len(looked) == 14


def test_looking_takes_a_tenth_of_the_minutes_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Budget, "elapsed", property(lambda _: clock[0]))
    clock = [30.0]
    left, always = Budget(10.0, started=0.0).for_looking(), Budget(None, started=0.0).for_looking()
    clock[0] = 89.0
    assert left()
    clock[0] = 91.0
    assert (left(), always()) == (False, True)


def test_half_of_the_plain_normals_are_hard_and_what_anomalies_are_put_on_is_any() -> None:
    sources = replace(discs(STILL), hard=(2, 4))
    plain = [normal(sources, np.random.default_rng(number))[0] for number in range(400)]
    shares = [np.mean([np.array_equal(image, base) for image in plain]) for base in sources.normals]
    expected = [1 / 12, 1 / 12, 1 / 3, 1 / 12, 1 / 3, 1 / 12]
    assert shares == pytest.approx(expected, abs=0.08)
    bases = [extended(sources, np.random.default_rng(number))[0] for number in range(200)]
    nearest = [int(np.argmin([np.mean(image != base) for base in sources.normals])) for image in bases]
    assert np.bincount(nearest, minlength=6) / 200 == pytest.approx([1 / 6] * 6, abs=0.09)


@pytest.mark.parametrize("wrong", [(0, 6), (-1,)])
def test_a_hard_normal_that_is_none_is_refused(wrong: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"hard normals .* of 6; they count from 0"):
        replace(discs(STILL), hard=wrong)
