"""Scores at the network's size, labels at the photo's: ``test_cfg=dict(scores_at='input')``."""

import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.structures import SegDataSample
from tiny_segmentor import CLASSES, build
from torch.nn import functional as F

SEEN, PHOTO = (40, 56), (120, 168)


def predict(photo: tuple[int, int], scores_at: str, flip: bool = False) -> SegDataSample:
    model = build(test_cfg=ConfigDict(mode='whole', scores_at=scores_at)).eval()
    inputs = torch.randn(1, 3, *SEEN, generator=torch.Generator().manual_seed(0))
    meta = dict(img_shape=SEEN, ori_shape=photo, flip=flip, flip_direction='horizontal')
    with torch.no_grad():
        (sample,) = model.predict(inputs, [SegDataSample(metainfo=meta)])
    return sample


@pytest.mark.parametrize('flip', [False, True])
def test_the_label_is_that_of_scores_enlarged_to_the_photo(flip):
    sample, whole = predict(PHOTO, 'input', flip), predict(PHOTO, 'image', flip)
    scores = sample.seg_logits.data
    assert scores.shape == (CLASSES, *SEEN) and sample.ori_shape == PHOTO
    enlarged = F.interpolate(scores[None].double(), PHOTO, mode='bilinear')[0]
    torch.testing.assert_close(whole.seg_logits.data.double(), enlarged, rtol=0, atol=1e-4)
    assert sample.pred_sem_seg.data.shape == (1, *PHOTO)
    assert torch.equal(sample.pred_sem_seg.data[0], enlarged.argmax(0))


def test_of_an_image_that_was_not_shrunk_all_is_as_without():
    sample, whole = predict(SEEN, 'input'), predict(SEEN, 'image')
    assert torch.equal(sample.seg_logits.data, whole.seg_logits.data)
    assert torch.equal(sample.pred_sem_seg.data, whole.pred_sem_seg.data)


def test_another_place_of_scores_is_refused():
    with pytest.raises(ValueError, match="scores_at must be 'image' or 'input', not 'photo'"):
        predict(SEEN, 'photo')
