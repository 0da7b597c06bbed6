"""ResponseMap: validation, resizing, seeds."""

import numpy as np
import pytest
import torch

from mmwsss.structures import ResponseMap, resize_scores, strongest


def bilinear(grid: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Resize one map in float64, pixel centres at (i + 0.5) / n, edges repeated."""
    weights = []
    for n, size in zip(grid.shape, shape):
        at = np.clip((np.arange(size) + 0.5) * n / size - 0.5, 0, n - 1)
        weights.append(np.clip(1 - abs(at[:, None] - np.arange(n)), 0, None))
    return weights[0] @ grid @ weights[1].T


def test_resized_is_bilinear():
    scores = torch.rand(2, 5, 7, generator=torch.Generator().manual_seed(0))
    response = ResponseMap(scores, torch.tensor([1, 3]), (23, 31), 'x')
    expected = np.stack([bilinear(grid, (23, 31)) for grid in scores.double().numpy()])
    np.testing.assert_allclose(response.resized().numpy(), expected, atol=1e-6)


def test_resize_to_the_same_size_changes_nothing():
    scores = torch.rand(2, 5, 7)
    assert torch.equal(resize_scores(scores, (5, 7)), scores)
    assert resize_scores(scores[:0], (9, 9)).shape == (0, 9, 9)


def test_seed_is_that_by_hand():
    scores = torch.tensor([[[0.2, 0.3, 0.5, 0.0]], [[0.1, 0.4, 0.5, 0.0]]])
    response = ResponseMap(scores, torch.tensor([1, 6]), (1, 4), 'x')
    assert response.seed(0.2).tolist() == [[0, 7, 2, 0]]  # 0.2 is background, a tie takes class 1
    assert response.seed(0.2).dtype == torch.uint8
    assert response.seed(0.0).tolist() == [[2, 7, 2, 0]]


def test_no_present_class_is_background():
    response = ResponseMap(torch.zeros(0, 5, 7), torch.zeros(0), (3, 4), 'x')
    assert response.resized().shape == (0, 3, 4)
    assert torch.equal(response.seed(0.0), torch.zeros(3, 4, dtype=torch.uint8))


def test_strongest_takes_the_lowest_index_on_ties():
    score, index = strongest(torch.tensor([[[0.5, 0.1]], [[0.5, 0.2]], [[0.5, 0.2]]]))
    assert index.tolist() == [[0, 1]]
    torch.testing.assert_close(score, torch.tensor([[0.5, 0.2]]))


def test_from_sample_takes_half_precision():
    sample = {
        'cam': np.full((1, 2, 2), 0.5, np.float16),
        'cam_classes': [3],
        'ori_shape': (4, 6),
        'img_id': 'a/b',
    }
    response = ResponseMap.from_sample(sample)
    assert response.scores.dtype == torch.float32
    assert response.classes.tolist() == [3]
    with pytest.raises(ValueError, match=r"'a/b' lacks cam, ori_shape"):
        ResponseMap.from_sample({'img_id': 'a/b', 'cam_classes': [3]})


GOOD = {'scores': torch.rand(2, 3, 4), 'classes': [0, 2], 'ori_shape': (9, 12), 'img_id': 'a/b'}


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'scores': torch.rand(3, 4)}, 'expected'),
        ({'scores': torch.rand(3, 3, 4)}, '3 maps'),
        ({'scores': torch.rand(2, 0, 4)}, 'empty'),
        ({'scores': torch.rand(2, 3, 4) - 1}, r'\[0, 1\]'),
        ({'scores': torch.rand(2, 3, 4) + 1}, r'\[0, 1\]'),
        ({'scores': torch.full((2, 3, 4), torch.nan)}, 'NaN'),
        ({'classes': [2, 2]}, 'ascending'),
        ({'classes': [-1, 2]}, 'ascending'),
        ({'ori_shape': (9, 0)}, 'ori_shape'),
        ({'ori_shape': (9, 12, 3)}, 'ori_shape'),
    ],
)
def test_validation_names_the_image(change, message):
    ResponseMap(**GOOD)
    with pytest.raises(ValueError, match=message) as error:
        ResponseMap(**(GOOD | change))
    assert "'a/b'" in str(error.value)


def test_seed_refuses_a_class_that_a_mask_cannot_hold():
    response = ResponseMap(torch.rand(1, 3, 4), torch.tensor([254]), (3, 4), 'a/b')
    with pytest.raises(ValueError, match='254 classes'):
        response.seed(0.2)
