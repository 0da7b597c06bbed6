import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from mmwsss.models.segmentors import ProbabilityTTA


class Module(nn.Module):
    out_channels = 3

    def test_step(self, data):
        raise NotImplementedError


def view(scores: torch.Tensor, flip: bool) -> SegDataSample:
    sample = SegDataSample(metainfo=dict(img_path='a.jpg', flip=flip))
    sample.gt_sem_seg = PixelData(data=torch.ones(1, 4, 5))
    return sample.set_data(dict(seg_logits=PixelData(data=scores))) or sample


def test_scores_are_the_logarithm_of_the_mean_probability():
    torch.manual_seed(0)
    scores = 5 * torch.randn(3, 3, 4, 5)
    (merged,) = ProbabilityTTA(Module()).merge_preds(
        [[view(one, flip) for one, flip in zip(scores, (False, True, True))]]
    )
    mean = scores.double().softmax(1).mean(0)
    torch.testing.assert_close(merged.seg_logits.data.softmax(0).double(), mean, rtol=1e-5, atol=0)
    assert torch.equal(merged.pred_sem_seg.data, mean.argmax(0, keepdim=True))
    assert merged.img_path == 'a.jpg' and not merged.flip
    assert torch.equal(merged.gt_sem_seg.data, torch.ones(1, 4, 5))
    assert not torch.equal(mean.argmax(0), scores[2].argmax(0))


def test_probabilities_of_zero_stay_finite():
    scores = torch.tensor([200.0, 0.0, -200.0])[:, None, None].expand(3, 4, 5)
    (merged,) = ProbabilityTTA(Module()).merge_preds([[view(scores, False)]])
    assert merged.seg_logits.data.isfinite().all()


def test_views_of_several_sizes_are_merged_at_the_largest_and_labelled_at_the_image_s():
    torch.manual_seed(0)
    small, large = torch.randn(3, 4, 5), torch.randn(3, 8, 10)
    samples = [view(small, False), view(large, False)]
    samples[0].set_metainfo(dict(ori_shape=(24, 30)))
    (merged,) = ProbabilityTTA(Module()).merge_preds([samples])
    enlarged = [
        nn.functional.interpolate(one.double().softmax(0)[None], size, mode='bilinear')[0]
        for one, size in ((small, (8, 10)), (large, (8, 10)))
    ]
    mean = sum(enlarged) / 2
    torch.testing.assert_close(merged.seg_logits.data.softmax(0).double(), mean, rtol=1e-5, atol=0)
    label = nn.functional.interpolate(mean[None], (24, 30), mode='bilinear')[0].argmax(0)
    assert torch.equal(merged.pred_sem_seg.data[0], label)
