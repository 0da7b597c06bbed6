"""Images of rare classes come more often, by the rule of LVIS."""

from collections import Counter

import pytest
from mmengine.dataset import BaseDataset

from mmwsss.datasets import ClassBalancedSampler

# Of 25 images all show class 0, the last also class 1: a share of 0.04. One shows none.
SHOWN = [[0]] * 23 + [[], [0, 1]]


class Tags(BaseDataset):
    def load_data_list(self) -> list[dict]:
        return [{'gt_label': labels} for labels in SHOWN]

    def get_cat_ids(self, idx: int) -> list[int]:
        return self.get_data_info(idx)['gt_label']


@pytest.mark.parametrize(
    ('threshold', 'times'), [(0.01, 1), (0.04, 1), (0.1, 2), (0.36, 3), (1, 5)]
)
@pytest.mark.parametrize('shuffle', [False, True])
def test_an_image_comes_as_often_as_its_rarest_class_asks(threshold, times, shuffle):
    sampler = ClassBalancedSampler(Tags(), threshold, shuffle=shuffle, seed=3)
    drawn = Counter(map(int, sampler))
    assert drawn[24] == times and drawn[23] == 1 and set(drawn) == set(range(25))
    assert sum(drawn.values()) == len(sampler)


def test_each_time_has_a_seed_of_its_own_and_epochs_differ():
    sampler = ClassBalancedSampler(Tags(), 0.36, shuffle=True, seed=3)
    first = list(sampler)
    assert len({index.entropy for index in first}) == len(first)
    assert list(sampler) == first
    sampler.set_epoch(1)
    again = list(sampler)
    assert again != first and not {x.entropy for x in again} & {x.entropy for x in first}


@pytest.mark.parametrize('threshold', [0, 1.5])
def test_a_share_that_is_none_is_refused(threshold):
    with pytest.raises(ValueError, match='oversample_thr must lie in'):
        ClassBalancedSampler(Tags(), threshold)
