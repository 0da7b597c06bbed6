"""Test-time augmentation that hands on its scores."""

import torch
from mmengine.structures import PixelData
from mmseg.models import SegTTAModel
from mmseg.structures import SegDataSample

from mmwsss.registry import MODELS


@MODELS.register_module()
class ProbabilityTTA(SegTTAModel):
    """mmseg's ``SegTTAModel``; the merged scores stay with the prediction.

    mmseg averages the probabilities of the views, but returns the ``seg_logits`` of the last view.
    Here they are the logarithm of the mean probabilities, whose softmax gives these back, so that
    a CRF or a visualiser works on what the prediction was made of.
    """

    def merge_preds(self, data_samples_list: list[list[SegDataSample]]) -> list[SegDataSample]:
        """Merge the views of every image."""
        if self.module.out_channels == 1:
            return super().merge_preds(data_samples_list)
        return [_merge(views) for views in data_samples_list]


def _merge(views: list[SegDataSample]) -> SegDataSample:
    probabilities = sum(view.seg_logits.data.float().softmax(0) for view in views) / len(views)
    merged = views[0]
    scores = probabilities.clamp_min(torch.finfo(torch.float32).tiny).log()
    merged.set_data(
        {
            'seg_logits': PixelData(data=scores),
            'pred_sem_seg': PixelData(data=probabilities.argmax(0, keepdim=True)),
        }
    )
    return merged
