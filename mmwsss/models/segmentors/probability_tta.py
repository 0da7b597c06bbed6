"""Test-time augmentation that keeps its scores."""

import math

import torch
from mmengine.structures import PixelData
from mmseg.models import SegTTAModel
from mmseg.structures import SegDataSample

from mmwsss.ops.resizing import highest_scores
from mmwsss.registry import MODELS
from mmwsss.structures.response_map import resize_scores


@MODELS.register_module()
class ProbabilityTTA(SegTTAModel):
    """mmseg's ``SegTTAModel``, with the merged scores in its predictions.

    mmseg averages the probabilities of the views but returns the ``seg_logits`` of one view. Here
    they are the logarithm of the mean probabilities. Their softmax gives the probabilities back, so
    that a CRF or a visualiser works on the scores that the prediction was made from.
    """

    def merge_preds(self, data_samples_list: list[list[SegDataSample]]) -> list[SegDataSample]:
        """Merge the predictions of the views of every image.

        Args:
            data_samples_list (list[list[SegDataSample]]): The predictions of each image's views.

        Returns:
            list[SegDataSample]: One prediction per image.
        """
        if self.module.out_channels == 1:
            return super().merge_preds(data_samples_list)
        return [_merge(views) for views in data_samples_list]


def _merge(views: list[SegDataSample]) -> SegDataSample:
    # Of views whose scores are not enlarged (scores_at='input'), the largest counts.
    size = max((tuple(view.seg_logits.data.shape[1:]) for view in views), key=math.prod)
    probabilities = torch.zeros_like(views[0].seg_logits.data[:, :1, :1], dtype=torch.float32)
    for view in views:
        probability = view.seg_logits.data.float().softmax(0)
        probabilities = probabilities + resize_scores(probability, size)
    probabilities /= len(views)
    merged = views[0]
    label = highest_scores(probabilities, merged.metainfo.get('ori_shape', size))
    scores = probabilities.clamp_min(torch.finfo(torch.float32).tiny).log()
    merged.set_data(
        {
            'seg_logits': PixelData(data=scores),
            'pred_sem_seg': PixelData(data=label[None]),
        }
    )
    return merged
