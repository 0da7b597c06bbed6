"""What the pages say of configs, by the configs: examples that build, steps that fit together."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from repo import CONFIGS, DOCS, ROOT
from torch import nn

import mmwsss  # noqa: F401 (finds the base configs of other packages)
from mmwsss.models.segmentors import MultiScaleEncoderDecoder
from mmwsss.pipeline.stages import parse_stage


def example(page: str, part: str, tmp_path: Path) -> Config:
    """The Python block of a page that has a part, as a config."""
    (block,) = (
        text
        for text in re.findall(r'```python\n(.*?)```', (ROOT / page).read_text(), re.DOTALL)
        if part in text
    )
    path = tmp_path / 'example.py'
    path.write_text(block.replace("'./_base_", "'mmwsss::_base_"))
    return Config.fromfile(path)


def build(cfg: Config) -> nn.Module:
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        return MODELS.build(cfg.model)


def test_swapped_backbone_starts_from_imagenet_weights(tmp_path, monkeypatch):
    cfg = example('README.md', "'mmpretrain.ResNet'", tmp_path)
    from torchvision.models import resnet50  # not before mmwsss, which mends its import

    published = resnet50().state_dict()
    loaded = []

    def download(url: str, path: str) -> None:
        loaded.append(url)
        torch.save(published, path)

    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    model = build(cfg)
    # The weights of the model's start, and those of a round of sub-categories that starts again.
    model.backbone.init_weights()
    (url,) = loaded
    assert 'resnet50' in url
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(value, published[name]), name
    assert model.backbone.norm_eval
    with torch.no_grad():
        (features,) = model.backbone(torch.zeros(1, 3, 64, 64))
    assert features.shape == (1, cfg.model.head.in_channels, 4, 4)


def test_other_segmentor_builds_and_predicts_on_any_device(tmp_path):
    cfg = example('docs/segmentation.md', 'upernet_swin', tmp_path)
    assert cfg.model.backbone.init_cfg.type == 'Pretrained'
    assert 'swin_tiny_patch4_window7_224' in cfg.model.backbone.init_cfg.checkpoint
    model = build(cfg).eval()
    assert isinstance(model, MultiScaleEncoderDecoder)
    assert not any(isinstance(module, nn.SyncBatchNorm) for module in model.modules())
    with torch.no_grad():
        scores = model.encode_decode(torch.zeros(1, 3, 64, 96), [dict(img_shape=(64, 96))])
    assert scores.shape == (1, 21, 64, 96)
    for head in (cfg.model.decode_head, cfg.model.auxiliary_head):
        assert head.num_classes == 21 and head.loss_decode.avg_non_ignore


@pytest.mark.parametrize(
    ('affinitynet', 'segmentor'),
    [
        ('affinitynet.py', 'deeplabv2_pseudo.py'),
        ('affinitynet.py', 'voc12/segformer_mit-b0_voc12.py'),
        ('affinitynet.py', 'voc12/deeplabv2_r101-d8_coco-pre_voc12.py'),
        *(
            (
                f'{data}/affinitynet_efficientnet-lite0_{data}.py',
                f'{data}/deeplabv2_efficientnet-lite0_{data}.py',
            )
            for data in ('msrc', 'demo', 'custom')
        ),
    ],
)
def test_the_segmentor_reads_what_the_label_tool_writes(affinitynet, segmentor):
    labels = Config.fromfile(CONFIGS / affinitynet)
    network = Config.fromfile(CONFIGS / segmentor)
    written = labels.pseudo_labels.out_dir
    assert network.train_dataloader.dataset.label_dir == written
    assert labels.train_dataloader.dataset.affinity_dir == labels.affinity_labels.out_dir
    assert labels.pseudo_labels.cam_store == labels.affinity_labels.cam_store
    roots = (network.train_dataloader.dataset.data_root, labels.label_dataset.data_root)
    assert Path(roots[0]) == Path(roots[1])
    # Below the folder in which `tools/train.py` keeps AffinityNet, as the pages say.
    assert written == f'work_dirs/{Path(affinitynet).stem}/pseudo_labels'
    folder = Path(affinitynet).parent
    pages = ['docs/segmentation.md', 'docs/pseudo_labels.md']
    for page in [f'configs/{folder}/README.md'] if folder.name else pages:
        assert written in (ROOT / page).read_text()


@pytest.mark.parametrize('data', ['msrc', 'demo', 'custom'])
def test_a_killed_segmentor_need_not_begin_anew(data):
    cfg = Config.fromfile(CONFIGS / data / f'deeplabv2_efficientnet-lite0_{data}.py')
    assert cfg.default_hooks.checkpoint.interval <= cfg.train_cfg.max_iters // 2


@pytest.mark.parametrize('data', ['msrc', 'demo', 'custom'])
def test_unsure_pixels_are_left_out_before_the_crf_makes_all_sure(data):
    cfg = Config.fromfile(CONFIGS / data / f'affinitynet_efficientnet-lite0_{data}.py')
    job = cfg.pseudo_labels
    steps = [step.type for step in job.refiner.refiners]
    assert steps == ['RandomWalkRefiner', 'KeepConfidence', 'CRFRefiner']
    assert job.ignore_below.background > job.ignore_below.foreground > 0.5


def test_own_images_have_whole_labels_to_look_at():
    cfg = Config.fromfile(CONFIGS / 'pipelines/pipeline_mixup-cam_custom.py')
    # As docs/data.md says for the labels that the segmentor learns from.
    (option,) = re.findall(r'--cfg-options (stages\.\S+)=0\.0', (DOCS / 'data.md').read_text())
    below = {}
    for setting in (None, {option: 0.0}):
        cfg.merge_from_dict(setting or {})
        for name in ('pseudo_labels', 'pseudo_labels_val'):
            config = CONFIGS / 'custom/affinitynet_efficientnet-lite0_custom.py'
            settings = dict(cfg.stages[name], config=str(config))
            job = parse_stage(name, settings, {}).load_config().pseudo_labels
            below[name, setting is None] = job.ignore_below
    assert below.pop(('pseudo_labels', True)).background > 0
    assert set(below.values()) == {0.0}
