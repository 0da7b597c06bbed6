"""Image classifier that predicts response maps (class activation maps)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor

from mmwsss.ops.grouping import group_indices
from mmwsss.registry import MODELS

from .multi_scale import CAMViews, normalize_by_maximum, views_cam


@dataclass(frozen=True)
class CAMTestCfg:
    """How response maps are made: the content of ``model.test_cfg`` and ``model.val_cfg``.

    Attributes:
        views (CAMViews): Scales, flip and grid of the response maps.
        classes (str): Which classes get a map: 'labels', those of the image-level labels; 'scores',
            those whose score exceeds ``score_thr`` and in any case the best one, for images without
            labels; or 'all'. Defaults to 'labels'.
        score_thr (float): Threshold on the sigmoid scores for ``classes='scores'``. Defaults to
            0.5.
    """

    views: CAMViews
    classes: str = 'labels'
    score_thr: float = 0.5

    @classmethod
    def from_cfg(cls, cfg: dict | None) -> 'CAMTestCfg':
        """Build the settings from a config.

        Args:
            cfg (dict, optional): Fields of this class and of :class:`CAMViews`.

        Returns:
            CAMTestCfg: The settings; the defaults without a config.

        Raises:
            ValueError: If a value is impossible.
            TypeError: If a key is unknown.
        """
        cfg = dict(cfg or {})
        own = {key: cfg.pop(key) for key in ('classes', 'score_thr') if key in cfg}
        if own.get('classes', 'labels') not in ('labels', 'scores', 'all'):
            raise ValueError(
                f"test_cfg.classes must be 'labels', 'scores' or 'all', not {own['classes']!r}"
            )
        return cls(CAMViews(**cfg), **own)


@MODELS.register_module()
class CAMClassifier(ImageClassifier):
    """mmpretrain's image classifier, with response maps as its predictions.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict, optional): Config of the neck. Defaults to None.
        head (dict, optional): Config of the head, which must implement ``class_maps(feats)``, see
            :class:`CAMHead`.
        pretrained (str, optional): See :class:`mmpretrain.models.ImageClassifier`.
        train_cfg (dict, optional): See :class:`mmpretrain.models.ImageClassifier`.
        data_preprocessor (dict, optional): Arguments of :class:`CAMDataPreprocessor`.
        test_cfg (dict, optional): How response maps are made by ``tools/test.py``: scales, flip,
            cam_stride and interpolation (see :class:`CAMViews`), classes and score_thr (see
            :class:`CAMTestCfg`). Defaults to a single view.
        val_cfg (dict, optional): The same for validation during training. Defaults to ``test_cfg``.
        channels_last (bool): Whether to keep weights and images in channels-last memory, which is
            faster on CPUs and, with AMP, on GPUs. Defaults to False.
        init_cfg (dict, optional): Config of the initialisation. Defaults to None.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict | None = None,
        head: dict | None = None,
        pretrained: str | None = None,
        train_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        test_cfg: dict | None = None,
        val_cfg: dict | None = None,
        channels_last: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        data_preprocessor = {'type': 'mmwsss.CAMDataPreprocessor', **(data_preprocessor or {})}
        super().__init__(backbone, neck, head, pretrained, train_cfg, data_preprocessor, init_cfg)
        self.test_cfg = CAMTestCfg.from_cfg(test_cfg)
        self.val_cfg = CAMTestCfg.from_cfg(val_cfg) if val_cfg is not None else self.test_cfg
        self.memory_format = torch.channels_last if channels_last else torch.preserve_format
        self.to(memory_format=self.memory_format)

    def extract_feat(self, inputs: Tensor, stage: str = 'neck') -> tuple[Tensor, ...] | Tensor:
        """Extract features as mmpretrain does, in the memory format of the weights.

        Args:
            inputs (Tensor): Normalised images, shape (N, 3, H, W).
            stage (str): The last stage to run: 'backbone', 'neck' or 'pre_logits'. Defaults to
                'neck'.

        Returns:
            tuple[Tensor, ...] | Tensor: The feature maps; the one that is classified for
            'pre_logits'.
        """
        return super().extract_feat(inputs.to(memory_format=self.memory_format), stage)

    def class_maps(self, inputs: Tensor) -> Tensor:
        """Compute class maps before ReLU and normalisation.

        Args:
            inputs (Tensor): Normalised images of one size, shape (N, 3, H, W).

        Returns:
            Tensor: Shape (N, C, h, w).
        """
        return self.head.class_maps(self.extract_feat(inputs))

    def extract_cam(
        self, inputs: Tensor, present: Tensor, views: CAMViews | None = None
    ) -> tuple[Tensor, Tensor]:
        """Compute response maps, merged over scales and flip.

        Args:
            inputs (Tensor): Normalised images of one size, shape (N, 3, H, W).
            present (Tensor): Which classes get a map, shape (N, C), bool.
            views (CAMViews, optional): Scales, flip and grid. Defaults to those of ``test_cfg``.

        Returns:
            tuple[Tensor, Tensor]: Maps in [0, 1], each divided by its maximum, shape (P, h, w), and
            the (image, class) indices of each map in ascending order, shape (P, 2).
        """
        pairs = present.nonzero()
        merged = views_cam(self.class_maps, inputs, pairs, views or self.test_cfg.views)
        return normalize_by_maximum(merged), pairs

    @torch.no_grad()
    def pooled_features(self, inputs: Sequence[Tensor], stage: str = 'pre_logits') -> Tensor:
        """Average the features of every image over its cells.

        Args:
            inputs (Sequence[Tensor]): Normalised images of any sizes, shape (3, H, W) each.
            stage (str): Which features: 'pre_logits', those that are classified (f of (3.1)), or
                'backbone'. Defaults to 'pre_logits'.

        Returns:
            Tensor: One row per image, shape (N, D), float32.
        """
        pooled = [torch.empty(0)] * len(inputs)
        for indices in group_indices(image.shape for image in inputs):
            features = self.extract_feat(torch.stack([inputs[i] for i in indices]), stage)
            # Before the classifier there is one feature map, of the backbone one for each stage.
            feature = features[self.head.in_index] if isinstance(features, tuple) else features
            for index, row in zip(indices, feature.float().mean((2, 3))):
                pooled[index] = row
        return torch.stack(pooled)

    @torch.no_grad()
    def predict(
        self,
        inputs: Sequence[Tensor],
        data_samples: list[DataSample] | None = None,
        cfg: CAMTestCfg | None = None,
    ) -> list[DataSample]:
        """Predict the response maps of images.

        Args:
            inputs (Sequence[Tensor]): Normalised images of any sizes, shape (3, H, W) each.
            data_samples (list[DataSample], optional): The images' samples, which need ``gt_label``
                with ``classes='labels'``. Defaults to new ones.
            cfg (CAMTestCfg, optional): How maps are made. Defaults to ``test_cfg``.

        Returns:
            list[DataSample]: The samples, with the response maps of the K classes that get one in
            ``cam``, shape (K, h, w), and the indices of these classes in ``cam_classes``, (K,).

        Raises:
            ValueError: If labels are needed and a sample has none.
            FloatingPointError: If a response map is not finite. The message names the image.
        """
        cfg = cfg or self.test_cfg
        samples = data_samples or [DataSample() for _ in inputs]
        for indices in group_indices(image.shape for image in inputs):
            batch = torch.stack([inputs[i] for i in indices])
            group = [samples[i] for i in indices]
            maps, pairs = self.extract_cam(batch, self._present(batch, group, cfg), cfg.views)
            self._scatter(group, maps, pairs)
        return samples

    def val_step(self, data: dict) -> list[DataSample]:
        """Predict response maps as ``val_cfg`` says.

        Args:
            data (dict): A batch of the dataloader.

        Returns:
            list[DataSample]: See :meth:`predict`.
        """
        data = self.data_preprocessor(data, training=False)
        return self.predict(**data, cfg=self.val_cfg)

    def _present(self, batch: Tensor, samples: list[DataSample], cfg: CAMTestCfg) -> Tensor:
        shape = (len(samples), self.head.num_classes)
        if cfg.classes == 'all':
            return torch.ones(shape, dtype=torch.bool, device=batch.device)
        if cfg.classes == 'scores':
            scores = self.head(self.extract_feat(batch)).sigmoid()
            return (scores > cfg.score_thr) | (scores == scores.amax(1, keepdim=True))
        present = torch.zeros(shape, dtype=torch.bool)
        for row, sample in zip(present, samples):
            if 'gt_label' not in sample:
                raise ValueError(
                    f'{sample.get("img_path", "an image")} has no image-level labels: give them, '
                    "or set model.test_cfg.classes='scores'"
                )
            row[sample.gt_label.cpu()] = True
        return present.to(batch.device)

    @staticmethod
    def _scatter(samples: list[DataSample], maps: Tensor, pairs: Tensor) -> None:
        finite = maps.isfinite().all(2).all(1).tolist()
        counts = torch.bincount(pairs[:, 0], minlength=len(samples)).tolist()
        position = 0
        for sample, count in zip(samples, counts):
            chunk = slice(position, position + count)
            if not all(finite[chunk]):
                raise FloatingPointError(
                    f'the response maps of {sample.get("img_path", "an image")} are not finite: '
                    'check the checkpoint (did its training diverge?)'
                )
            sample.cam = maps[chunk]
            sample.cam_classes = pairs[chunk, 1]
            position += count
