"""Which input is chosen for which parts, and why."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_inspector.cli.train import fit_choice, input_size, prototype_number
from edge_inspector.errors import SettingsError
from edge_inspector.training.geometry import FitChoice, choose_input

Sizes = list[tuple[int, int]]

CHOICES: dict[str, tuple[Sizes, tuple[int, int], str]] = {  # sizes of the normals -> input, fit
    "square": ([(900, 900)] * 5, (256, 256), "stretch"),
    "square within 3 %": ([(900, 900), (900, 880), (288, 290)], (256, 256), "stretch"),
    "one of another aspect": ([(900, 900)] * 9 + [(900, 860)], (256, 256), "letterbox"),
    "three by four": ([(480, 640)] * 5, (256, 256), "letterbox"),
    "not yet long": ([(400, 640)] * 5, (256, 256), "letterbox"),
    "long": ([(600, 1020)] * 5, (256, 512), "letterbox"),
    "twice as long": ([(500, 1000)] * 5, (256, 512), "stretch"),
    "five times as long": ([(400, 2000)] * 5, (128, 640), "stretch"),
    "six times as long": ([(200, 1200)] * 5, (128, 768), "stretch"),
    "standing": ([(1600, 400)] * 5, (512, 128), "stretch"),
    "standing, of no input's aspect": ([(1700, 400)] * 5, (640, 128), "letterbox"),
    "a line": ([(20, 4000)] * 5, (128, 1024), "letterbox"),
    "long but small: never enlarged": ([(60, 150)] * 5, (128, 256), "letterbox"),
    "nine in ten lie the same way": ([(500, 1000)] * 9 + [(1000, 500)], (256, 512), "letterbox"),
    "both ways": ([(500, 1000)] * 8 + [(1000, 500)] * 2, (256, 256), "letterbox"),
    "one image": ([(300, 1200)], (128, 512), "stretch"),
}


@pytest.mark.parametrize(("sizes", "size", "fit"), CHOICES.values(), ids=CHOICES.keys())
def test_what_is_chosen(sizes: Sizes, size: tuple[int, int], fit: str) -> None:
    form = choose_input(sizes, None, "auto")
    assert (form.height, form.width, form.fit) == (*size, fit)


ASKED: dict[str, tuple[tuple[int, int] | None, FitChoice, tuple[int, int, str], str]] = {  # for images of 500 x 1000
    "size": ((128, 128), "auto", (128, 128, "letterbox"), "size as asked; aspect kept, as 3 of 3 normals have another"),
    "size of their aspect": ((128, 256), "auto", (128, 256, "stretch"), "size as asked; all normals have its aspect"),
    "fit": (None, "letterbox", (256, 512, "letterbox"), "a long input, for images 2.00 times as long as wide; fit as asked"),
    "both": ((256, 256), "stretch", (256, 256, "stretch"), "size as asked; fit as asked"),
}


@pytest.mark.parametrize(("size", "fit", "expected", "why"), ASKED.values(), ids=ASKED.keys())
def test_what_is_asked_for_is_taken(size: tuple[int, int] | None, fit: FitChoice, expected: tuple[int, int, str], why: str) -> None:
    form = choose_input([(500, 1000)] * 3, size, fit)
    assert (form.height, form.width, form.fit) == expected
    assert form.why == why


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5000), st.integers(1, 5000)), min_size=1, max_size=12))
def test_every_choice_is_one_that_can_be_trained(sizes: Sizes) -> None:
    form = choose_input(sizes, None, "auto")
    assert form.height % 128 == form.width % 128 == 0
    assert 128 * 128 <= form.height * form.width <= 2 * 256 * 256


SIZES = {"128x640": (128, 640), "256X256": (256, 256), "100x128": (100, 128)}  # what cannot be trained is refused by check()


@pytest.mark.parametrize("text", SIZES)
def test_the_option_size(text: str) -> None:
    assert input_size(text) == SIZES[text]


@pytest.mark.parametrize("text", ["", "256", "x256", "256x", "256x-128", "256x128x3", "1e2x128"])
def test_a_size_that_is_none_is_named(text: str) -> None:
    with pytest.raises(SettingsError, match="HEIGHTxWIDTH"):
        input_size(text)


def test_the_option_fit() -> None:
    assert fit_choice("letterbox") == "letterbox"
    with pytest.raises(SettingsError, match="--fit squeeze: one of auto, stretch, letterbox"):
        fit_choice("squeeze")


PROTOTYPES = {None: (None, None), "20": (20, None), "20%": (None, 0.2), "100%": (None, 1.0), "0.5%": (None, 0.005)}


@pytest.mark.parametrize("text", PROTOTYPES)
def test_prototypes_are_asked_for_by_number_or_share(text: str | None) -> None:
    assert prototype_number(text) == PROTOTYPES[text]


@pytest.mark.parametrize("text", ["many", "10.5", "0%", "101%", "%", "nan%", ""])
def test_prototypes_that_are_neither_are_an_error(text: str) -> None:
    with pytest.raises(SettingsError, match=r"--prototypes .*: a number of whole maps, such as 20, or a share"):
        prototype_number(text)
