"""Test-time augmentation that keeps its scores."""

import torch
from mmengine.structures import PixelData
from mmseg.models import SegTTAModel
from mmseg.structures import SegDataSample

from mmwsss.registry import MODELS


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
