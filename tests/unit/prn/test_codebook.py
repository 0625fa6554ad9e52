"""Position-free prototypes against a plain search, place by place."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edge_inspector.prn.codebook import Codebook, Words, describe, learn
from edge_inspector.prn.residual import Difference

CHANNELS = (3, 4, 5, 6)
WORDS = (4, 8, 16)


def maps(count: int, seed: int = 0, size: int = 32) -> list[torch.Tensor]:
    """F_1..F_4 of ``count`` images of texture: noise of one make everywhere."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(count, c, size >> j, size >> j, generator=generator) for j, c in enumerate(CHANNELS)]


@pytest.fixture(scope="module")
def book() -> Codebook:
    return learn(maps(12), seed=0, words=WORDS)


@pytest.mark.parametrize("j", range(3))
@pytest.mark.parametrize("difference", ["squared", "absolute", "none"])
def test_the_residual_is_that_of_a_plain_search(book: Codebook, j: int, difference: Difference) -> None:
    features = maps(2, seed=5)
    found, chosen = book.residual(j, features, difference)
    own, buffers = CHANNELS[j], dict(book.named_buffers())
    assert found.shape == (2, own + 1, *features[j].shape[2:])
    words = book.words(j).double()
    z = ((describe(features, j)[1, :, 3, 1] - buffers[f"mean{j}"]) / buffers[f"deviation{j}"]).double()  # one place is enough
    distances = (words - z).norm(dim=1)
    nearest = int(distances.argmin())
    width = features[j].shape[3]
    assert int(chosen[1, 3 * width + 1]) == nearest
    apart = (z - words[nearest])[:own]
    wanted = {"squared": apart.square(), "absolute": apart.abs(), "none": features[j][1, :, 3, 1].double()}[difference]
    torch.testing.assert_close(found[1, :own, 3, 1].double(), wanted, rtol=1e-4, atol=1e-4)
    t = (distances[nearest] - buffers[f"usual{j}"][nearest]) / buffers[f"spread{j}"][nearest]
    assert float(found[1, own, 3, 1]) == pytest.approx(float(t.clamp(-4, 24)), abs=1e-3)


def test_a_place_is_described_by_itself_first_then_the_finer_and_the_coarser_scale() -> None:
    features = [torch.full((1, c, 32 >> j, 32 >> j), float(j + 1)) for j, c in enumerate(CHANNELS)]
    assert describe(features, 0)[0, :, 0, 0].tolist() == [1.0] * 3 + [2.0] * 4
    assert describe(features, 1)[0, :, 15, 0].tolist() == [2.0] * 4 + [1.0] * 3 + [3.0] * 5
    assert describe(features, 2)[0, :, 4, 4].tolist() == [3.0] * 5 + [2.0] * 4 + [4.0] * 6


def test_what_is_unlike_the_normals_is_unusual_wherever_it_lies(book: Codebook) -> None:
    features = maps(1, seed=7)
    features[2][:, :, 5:8, 5:8] += 6.0
    t = book.residual(2, features)[0][0, -1]
    assert int(t.argmax()) in {6 * 8 + 6, 6 * 8 + 7, 5 * 8 + 6, 6 * 8 + 5, 5 * 8 + 5, 7 * 8 + 6, 7 * 8 + 7, 6 * 8 + 7, 5 * 8 + 7, 7 * 8 + 5}
    assert float(t[6, 6]) > float(t[:4, :4].max()) + 3.0


def test_normal_places_lie_about_as_far_from_their_words_as_is_usual(book: Codebook) -> None:
    t = book.residual(1, maps(8, seed=9))[0][:, -1]
    assert abs(float(t.mean())) < 0.5
    assert 0.5 < float(t.std()) < 2.0


def test_the_distance_is_that_of_the_whole_description_however_few_components_words_lie_on() -> None:
    book, features = learn(maps(12), seed=0, words=WORDS, ranks=(2, 3, 4)), maps(1, seed=5)
    buffers = dict(book.named_buffers())
    assert [tuple(buffers[f"basis{j}"].shape) for j in range(3)] == [(2, 7), (3, 12), (4, 15)]
    for j in range(3):
        t, chosen = book.residual(j, features)[0][0, -1], book.residual(j, features)[1][0]
        z = ((describe(features, j)[0].flatten(1).t() - buffers[f"mean{j}"]) / buffers[f"deviation{j}"]).double()
        distances = torch.cdist(z, book.words(j).double())
        assert torch.equal(chosen, distances.argmin(1))
        wanted = (distances.amin(1) - buffers[f"usual{j}"][chosen]) / buffers[f"spread{j}"][chosen]
        torch.testing.assert_close(t.flatten().double(), wanted.clamp(-4, 24), rtol=1e-3, atol=1e-3)


def test_of_equal_words_the_first_is_chosen_and_a_place_without_a_number_keeps_to_the_words_there_are() -> None:
    words = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    plain = Words(words, torch.eye(2), torch.zeros(2), torch.ones(2), torch.ones(3), torch.ones(3))
    features = torch.tensor([0.0, 1.0]).reshape(1, 2, 1, 1).expand(1, 2, 4, 4).clone()
    features[0, :, 2, 2] = torch.nan
    apart, chosen = Codebook([plain], (2,)).residual(0, [features])
    assert int(chosen[0, 0]) == 1
    assert int(chosen[0, 10]) == 2
    assert torch.isnan(apart[0, :, 2, 2]).all()


def test_the_same_seed_gives_the_same_words() -> None:
    first, again, other = (learn(maps(4), seed=seed, words=WORDS) for seed in (1, 1, 2))
    same = zip(first.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in same)
    assert not torch.equal(first.state_dict()["scale2"], other.state_dict()["scale2"])


def test_few_places_make_few_words_and_constant_maps_no_division_by_nothing() -> None:
    flat = [torch.ones(1, c, 32 >> j, 32 >> j) for j, c in enumerate(CHANNELS)]
    book = learn(flat, seed=0, words=(64, 64, 64))
    assert book.k == 8  # 64 places, eight a word
    assert all(bool(torch.isfinite(book.residual(j, flat)[0]).all()) for j in range(3))


def test_places_outside_the_windows_are_not_learnt() -> None:
    features, windows = maps(6), torch.zeros(6, 32, 32, dtype=torch.bool)
    windows[:, 8:24, :] = True
    for scale in features:
        scale[:, :, : scale.shape[2] // 8] = 100.0  # padding, and what it blurs into
    book = learn(features, seed=0, words=WORDS, windows=windows)
    assert float(book.residual(0, features)[0][:, -1, 0].min()) > 20.0


def test_it_is_restored_from_its_buffers(book: Codebook) -> None:
    again = Codebook.stored(dict(book.named_buffers()), 3, CHANNELS)
    features = maps(1, seed=3)
    for j in range(3):
        assert torch.equal(again.residual(j, features)[0], book.residual(j, features)[0])
    with pytest.raises(KeyError, match="usual0"):
        Codebook.stored({name: tensor for name, tensor in book.named_buffers() if name != "usual0"}, 3, CHANNELS)


def test_words_are_kept_as_half() -> None:
    words = Words(torch.randn(2, 3), torch.eye(3), torch.zeros(3), torch.ones(3), torch.ones(2), torch.ones(2))
    assert {Codebook([words], (3,)).state_dict()[name].dtype for name in ("scale0", "basis0")} == {torch.float16}
    assert np.isclose(float(Codebook([words], (3,)).state_dict()["usual0"][0]), 1.0)
