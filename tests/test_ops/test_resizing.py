"""Score maps resized strip by strip are those resized at once."""

import pytest
import torch
import torch.nn.functional as F

from mmwsss.ops.resizing import highest_scores, resized_strips

SIZES = [(57, 83), (7, 40), (5, 3), (20, 13), (1, 1)]


def at_once(scores: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    resized = F.interpolate(scores[None].double(), size, mode='bilinear', align_corners=False)
    return resized[0]


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('rows', [1, 8, 1000])
def test_strips_joined_are_the_whole(size, rows):
    scores = torch.rand(3, 19, 13, generator=torch.Generator().manual_seed(0))
    strips = list(resized_strips(scores, size, rows))
    assert max(strip.shape[1] for strip in strips) <= rows
    torch.testing.assert_close(
        torch.cat(strips, 1).double(), at_once(scores, size), rtol=0, atol=1e-5
    )


def test_scores_of_the_size_pass_as_they_are():
    scores = torch.rand(2, 5, 7)
    (strip,) = resized_strips(scores, (5, 7), rows=2)
    assert strip is scores


@pytest.mark.parametrize('size', SIZES)
def test_the_highest_score_is_that_of_the_whole(size):
    scores = torch.rand(4, 19, 13, generator=torch.Generator().manual_seed(1))
    assert torch.equal(highest_scores(scores, size), at_once(scores, size).argmax(0))


def test_of_equal_scores_the_first_is_the_highest():
    assert not highest_scores(torch.ones(3, 4, 4), (300, 9)).any()
