import math

import pytest
import torch

from mmwsss.models.losses import MultiLabelSoftMarginLoss


def test_smoothed_labels_by_hand() -> None:
    logits = torch.tensor([[2.0, -1.0]])
    # ε = 0.2: a label of 1 counts as 0.9, one of 0 as 0.1.
    by_hand = 0
    for logit, label in ((2.0, 0.9), (-1.0, 0.1)):
        score = 1 / (1 + math.exp(-logit))
        by_hand -= label * math.log(score) + (1 - label) * math.log(1 - score)
    loss = MultiLabelSoftMarginLoss(label_smoothing=0.2)(logits, torch.tensor([[1.0, 0.0]]))
    assert loss.item() == pytest.approx(by_hand / 2, rel=1e-6)


def test_smoothing_bounds_the_best_logit() -> None:
    loss = MultiLabelSoftMarginLoss(label_smoothing=0.1)
    best = torch.logit(torch.tensor([[0.95, 0.05]])).requires_grad_()
    loss(best, torch.tensor([[1.0, 0.0]])).backward()
    torch.testing.assert_close(best.grad, torch.zeros_like(best), atol=1e-7, rtol=0)


def test_smoothing_must_leave_something() -> None:
    with pytest.raises(ValueError, match='label_smoothing'):
        MultiLabelSoftMarginLoss(label_smoothing=1.0)
