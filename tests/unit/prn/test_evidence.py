"""What a codebook says by itself, beside the head."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from edge_inspector.geometry import PADDING, Window
from edge_inspector.prn.evidence import EVIDENCE, SLOPE, USUAL, evidence, noisy_or, padded, peaks
from edge_inspector.prn.head import HeadForm

SIZE = (64, 64)
NONE_PADDED = torch.zeros(1, 1, 8, 8, dtype=torch.bool)


def field(**at: float) -> Tensor:
    """t (1, 1, 8, 8), 0 but where named by row and column: r4c5=9.0."""
    t = torch.zeros(1, 1, 8, 8)
    for name, value in at.items():
        row, column = name[1:].split("c")
        t[0, 0, int(row), int(column)] = value
    return t


def test_the_evidence_grows_with_what_is_unusual_and_says_nothing_of_the_usual() -> None:
    t = field(r4c4=12.0)
    t[0, 0, 0] = USUAL
    found = evidence(t, SIZE, HeadForm())
    assert float(found[0, 0, 36, 36]) == pytest.approx(EVIDENCE * (12.0 - USUAL), rel=0.2)
    assert found[0, 0, [0, 20, 63], [0, 20, 63]].tolist() == [0.0, 0.0, 0.0]
    before = evidence(t, SIZE, HeadForm(unusual_only=False))
    assert float(before[0, 0, 63, 63]) == pytest.approx(-EVIDENCE * USUAL)


def test_evidence_below_what_is_usual_is_none() -> None:
    t = torch.tensor([[[[1.0, 5.0], [6.0, 9.0]]]])
    assert evidence(t, (2, 2), HeadForm(evidence=0.5, usual=6.0)).flatten().tolist() == [0.0, 0.0, 0.0, 1.5]


def test_a_peak_is_anomalous_by_itself_in_the_middle_of_its_cell() -> None:
    found = peaks(field(r4c5=9.0), NONE_PADDED, SIZE, limit=6.0)[0, 0]
    wanted = 1.0 / (1.0 + math.exp(-SLOPE * 3.0))
    assert found[35:37, 43:45].flatten().tolist() == pytest.approx([wanted] * 4, abs=1e-6)
    assert int((found > wanted / 2).sum()) == 4  # hardly any of a map
    assert peaks(field(r4c5=6.0), NONE_PADDED, SIZE, limit=6.0).max() == pytest.approx(0.5)


def test_the_places_around_a_peak_yield_to_it_and_equals_do_not() -> None:
    t = field(r4c5=9.0, r4c6=8.0, r1c1=9.0)
    found = peaks(t, NONE_PADDED, SIZE, limit=6.0)[0, 0]
    peak, next_to_it, other = float(found[35, 43]), float(found[35, 51]), float(found[11, 11])
    assert next_to_it < 0.02 * peak
    assert other == peak
    nearly = peaks(field(r4c5=9.0, r4c6=8.999), NONE_PADDED, SIZE, limit=6.0)[0, 0]
    assert float(nearly[35, 51]) == pytest.approx(peak, rel=0.01)  # what rounding may turn round turns nothing round


def test_no_place_of_the_part_yields_to_the_padding() -> None:
    t = field(r4c5=9.0, r4c6=24.0)
    padding = NONE_PADDED.clone()
    padding[0, 0, :, 6:] = True
    free = peaks(t, padding, SIZE, limit=6.0)[0, 0]
    assert float(free[35, 43]) == pytest.approx(float(peaks(field(r4c5=9.0), NONE_PADDED, SIZE, 6.0)[0, 0, 35, 43]))
    assert float(peaks(t, NONE_PADDED, SIZE, limit=6.0)[0, 0, 35, 43]) < 1e-20
    assert float(free[:, 48:].max()) < 0.01  # nor is it anomalous itself: an image score is of the whole map


def test_the_padding_is_whole_rows_or_columns_of_grey() -> None:
    """A part may be grey anywhere, at the places that are looked at too."""
    image = torch.full((2, 128, 128, 3), PADDING, dtype=torch.uint8)
    image[0, :, 40:100] = torch.randint(0, 256, (128, 60, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    image[0, 20:90, 56:90] = PADDING
    image[1, 40:100] = 30
    window = Window((128, 128), 40, 0, 60, 128)
    outside = [not window.x <= 16 * column + 8 < window.x + window.w for column in range(8)]
    assert padded(image)[0, 0].tolist() == [outside] * 8
    assert padded(image)[1, 0].tolist() == [[each] * 8 for each in outside]
    assert not padded(torch.zeros(1, 128, 128, 3, dtype=torch.uint8)).any()


def test_either_is_enough() -> None:
    assert noisy_or(torch.tensor([0.0, 0.3, 1.0, 0.5]), torch.tensor([0.0, 0.0, 0.4, 0.5])).tolist() == pytest.approx([0.0, 0.3, 1.0, 0.75])


def test_a_place_that_is_no_number_stays_none() -> None:
    """The decision rejects it; a number in its place could pass."""
    t = field(r4c4=torch.nan)
    assert evidence(t, SIZE, HeadForm())[0, 0, 36, 36].isnan()
    assert peaks(t, NONE_PADDED, SIZE, limit=6.0)[0, 0, 36, 36].isnan()
