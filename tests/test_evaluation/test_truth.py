"""Truth that shows no class measures nothing."""

import numpy as np
import pytest
import torch

from mmwsss.datasets import DataError
from mmwsss.evaluation import CAMMetric, MaskIoUMetric
from mmwsss.evaluation.truth import require_true_classes

NO_CLASS = 'no mask shows a class .*save indices, 1 to 2 for the classes; tools/check_data.py'


@pytest.mark.parametrize('pixels', [[5, 0, 0], [0, 0, 0]])
def test_background_alone_is_refused(pixels):
    with pytest.raises(DataError, match=NO_CLASS):
        require_true_classes(np.array(pixels))


@pytest.mark.parametrize('pixels', [[5, 1, 0], [0, 0, 3]])
def test_one_pixel_of_a_class_is_enough(pixels):
    require_true_classes(np.array(pixels))


def test_metrics_refuse_masks_of_0_and_255():
    truth = torch.tensor([[0, 255], [255, 0]], dtype=torch.uint8)
    masks = MaskIoUMetric()
    masks.dataset_meta = dict(classes=('background', 'cat', 'dog'))
    sample = dict(pred_sem_seg=dict(data=torch.tensor([[[0, 1], [1, 0]]])))
    masks.process(None, [{**sample, 'gt_sem_seg': dict(data=truth[None])}])
    with pytest.raises(DataError, match=NO_CLASS):
        masks.evaluate(1)
    maps = CAMMetric()
    maps.dataset_meta = dict(classes=('cat', 'dog'))
    response = dict(cam=torch.rand(1, 2, 2), cam_classes=torch.tensor([0]), ori_shape=(2, 2))
    maps.process(None, [{**response, 'img_id': 'a', 'gt_seg_map': truth}])
    with pytest.raises(DataError, match=NO_CLASS):
        maps.evaluate(1)
