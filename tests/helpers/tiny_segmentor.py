"""A segmentor that is built in a moment."""

import torch

from mmwsss.registry import MODELS

SIZE, CLASSES = (40, 56), 4
LOSS = dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True)
HEAD = dict(
    type='mmwsss.DeepLabV2Head',
    in_channels=16,
    num_classes=CLASSES,
    dilations=(1, 2),
    loss_decode=LOSS,
)


def build(decode_head=HEAD, **settings):
    """A small network; sides are even, so that the published stem rounds other than mmseg's."""
    torch.manual_seed(0)
    backbone = dict(
        type='mmwsss.DeepLabResNet', depth=18, stem_channels=4, base_channels=8, num_stages=2,
        strides=(1, 2), dilations=(1, 1), out_indices=(0, 1), norm_eval=True,
    )  # fmt: skip
    preprocessor = dict(type='mmseg.SegDataPreProcessor', size=SIZE)
    model = MODELS.build(
        dict(
            type='MultiScaleEncoderDecoder', backbone=backbone, decode_head=decode_head,
            data_preprocessor=preprocessor,
            **{'train_cfg': dict(), 'test_cfg': dict(mode='whole'), **settings},
        )
    )  # fmt: skip
    model.init_weights()
    for parameter in model.decode_head.parameters():
        parameter.data.normal_(std=0.3)  # scores that differ between scales
    return model.train()
