"""The background's score of a pixel."""

import numpy as np
import pytest
import torch

from mmwsss.refinement.background import Background
from mmwsss.structures import ResponseMap


@pytest.mark.parametrize(
    'arguments', [{}, dict(alpha=1, constant=0.2), dict(alpha=0), dict(constant=1.5)]
)
def test_wrong_backgrounds_are_refused(arguments: dict) -> None:
    with pytest.raises(ValueError, match='background: '):
        Background(**arguments)


def test_background_is_first() -> None:
    scores = np.array([[[0.25, 1.0]], [[0.5, 0.0]]], np.float32)
    np.testing.assert_allclose(Background(alpha=2).add(scores)[0], [[0.25, 0.0]])
    np.testing.assert_allclose(Background(constant=0.4).add(scores)[0], [[0.4, 0.4]])
    np.testing.assert_array_equal(Background(alpha=2).add(scores)[1:], scores)
    assert Background(alpha=2).add(scores[:0]).tolist() == [[[1.0, 1.0]]]


def test_background_of_response_maps_by_hand() -> None:
    scores = torch.tensor([[[0.2, 0.3, 0.5, 0.0]], [[0.1, 0.4, 0.5, 0.0]]])
    response = ResponseMap(scores, torch.tensor([1, 6]), (1, 4), 'x')
    background = Background(alpha=2).add(response.resized().numpy())[0]
    np.testing.assert_allclose(background, [[0.64, 0.36, 0.25, 1]], rtol=1e-6)


def test_background_without_present_class_is_one() -> None:
    response = ResponseMap(torch.zeros(0, 5, 7), torch.zeros(0), (3, 4), 'x')
    background = Background(alpha=16).add(response.resized().numpy())[0]
    np.testing.assert_array_equal(background, np.ones((3, 4)))
