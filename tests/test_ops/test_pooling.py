import torch

from mmwsss.ops.pooling import map_weighted_means


def test_means_are_weighted_by_the_positive_cells() -> None:
    feature = torch.tensor([[[1.0, 3.0], [5.0, 7.0]], [[0.0, 2.0], [4.0, 0.0]]])
    maps = torch.tensor([[[1.0, 3.0], [-9.0, 0.0]], [[0.0, 0.0], [2.0, 0.0]]])
    expected = torch.tensor([[(1 + 3 * 3) / 4, (0 + 3 * 2) / 4], [5.0, 4.0]])
    torch.testing.assert_close(map_weighted_means(feature, maps), expected)


def test_equal_and_empty_maps_give_the_plain_mean() -> None:
    feature = torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(0))
    maps = torch.stack([torch.full((3, 4), 7.0), torch.full((3, 4), -1.0)])
    expected = feature.mean((1, 2)).expand(2, -1)
    torch.testing.assert_close(map_weighted_means(feature, maps), expected)


def test_scale_of_a_map_does_not_matter() -> None:
    generator = torch.Generator().manual_seed(0)
    feature = torch.randn(5, 3, 4, generator=generator)
    maps = torch.randn(2, 3, 4, generator=generator)
    result = map_weighted_means(feature, maps)
    torch.testing.assert_close(map_weighted_means(feature, 1e-6 * maps), result)
    assert map_weighted_means(feature, maps[:0]).shape == (0, 5)
