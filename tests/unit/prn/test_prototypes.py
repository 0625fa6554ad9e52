from __future__ import annotations

import pytest
import torch

from edge_inspector.prn.prototypes import Prototypes, cluster, prototype_count

COUNTS = {  # normals, ratio, k -> K
    "tenth": (209, None, None, 21),
    "default is capped": (2000, None, None, 64),
    "ratio is not capped": (2000, 0.1, None, 200),
    "all": (70, 1.0, None, 70),
    "k is not capped": (500, None, 100, 100),
    "k above the normals": (5, None, 10, 5),
    "one normal": (1, None, None, 1),
    "few normals": (4, None, None, 1),
}


@pytest.mark.parametrize(("normals", "ratio", "k", "expected"), COUNTS.values(), ids=COUNTS.keys())
def test_number_of_prototypes(normals: int, ratio: float | None, k: int | None, expected: int) -> None:
    chosen, why = prototype_count(normals, ratio, k)
    assert chosen == expected
    assert why


def test_clusters_are_found_and_prototypes_are_their_means() -> None:
    torch.manual_seed(0)
    centres = torch.randn(3, 4, 8, 8) * 5
    maps = torch.cat([centre + 0.1 * torch.randn(10, 4, 8, 8) for centre in centres])
    found = cluster(maps, 3, seed=1)
    assert found.dtype == torch.float16
    distances = torch.cdist(found.float().flatten(1), torch.stack([maps[start : start + 10].mean(0) for start in (0, 10, 20)]).flatten(1))
    assert sorted(distances.argmin(1).tolist()) == [0, 1, 2]
    assert float(distances.min(1).values.max()) < 0.1  # float16 rounding alone


def test_clustering_is_deterministic() -> None:
    maps = torch.randn(30, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    assert torch.equal(cluster(maps, 5, 3), cluster(maps, 5, 3))


def test_as_many_prototypes_as_normals_are_the_normals() -> None:
    maps = torch.randn(4, 2, 8, 8)
    assert torch.equal(cluster(maps, 4, 0), maps.half())


def test_identical_normals_give_whole_prototypes() -> None:
    found = cluster(torch.ones(12, 2, 8, 8), 3, 0)
    assert torch.equal(found, torch.ones(3, 2, 8, 8, dtype=torch.float16))


def test_prototypes_are_stored_in_half_and_used_in_single_precision() -> None:
    prototypes = Prototypes([torch.randn(2, 3, 8, 8), torch.randn(2, 4, 4, 4)])
    assert {name: tensor.dtype for name, tensor in prototypes.state_dict().items()} == {"scale0": torch.float16, "scale1": torch.float16}
    assert prototypes[1].dtype == torch.float32
    assert (prototypes.k, prototypes.scales) == (2, 2)
