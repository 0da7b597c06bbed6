# DeepLab-v2 from weights that were trained on the *masks* of COCO, as in most papers: more than
# image-level supervision, and not comparable with ../deeplabv2_pseudo.py. docs/segmentation.md
# tells how tools/model_converters/resnet101_from_deeplab.py makes the file.
_base_ = '../deeplabv2_pseudo.py'
model = dict(
    # Caffe's weights: BGR, the mean subtracted, no division; the stride in the 1×1 convolution.
    data_preprocessor=dict(mean=[104.008, 116.669, 122.675], std=[1.0, 1.0, 1.0], bgr_to_rgb=False),
    backbone=dict(
        style='caffe', init_cfg=dict(checkpoint='data/weights/resnet101_deeplab_coco.pth')
    ),
)
