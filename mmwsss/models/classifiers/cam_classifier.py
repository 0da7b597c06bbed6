"""Image classifier that predicts response maps (class activation maps)."""

from collections.abc import Sequence

import torch
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.structures import DataSample
from modelindex.models.Model import Model as ModelMetainfo
from torch import Tensor

from mmwsss.ops.grouping import group_indices
from mmwsss.ops.pooling import present_class_means
from mmwsss.registry import MODELS

from ..manifold_mixup import check_layers, mixed_features
from .cam_settings import CAMTestCfg
from .multi_scale import CAMViews, normalize_by_maximum, views_cam

# mmpretrain.inference_model looks up there with which inferencer to call a model.
_METAINFO = ModelMetainfo(
    'CAMClassifier', results=[dict(task='Image Classification', dataset='', metrics={})]
)


@MODELS.register_module()
class CAMClassifier(ImageClassifier):
    """mmpretrain's image classifier, with response maps as its predictions.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict, optional): Config of the neck. Defaults to None.
        head (dict, optional): Config of the head, a :class:`CAMHead`.
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
        augment = getattr(self.data_preprocessor, 'batch_augments', None)
        check_layers(self, getattr(augment, 'augments', ()))
        self.test_cfg = CAMTestCfg.from_cfg(test_cfg)
        self.val_cfg = CAMTestCfg.from_cfg(val_cfg) if val_cfg is not None else self.test_cfg
        self.memory_format = torch.channels_last if channels_last else torch.preserve_format
        self.to(memory_format=self.memory_format)

    @property
    def _metainfo(self) -> ModelMetainfo:
        """The task, for mmpretrain, which sets None where a model comes from a config."""
        return self.__dict__.get('_given_metainfo') or _METAINFO

    @_metainfo.setter
    def _metainfo(self, metainfo: ModelMetainfo | None) -> None:
        self.__dict__['_given_metainfo'] = metainfo

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

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the losses of a batch, with feature maps mixed where :class:`ManifoldMixup` does.

        Args:
            inputs (Tensor): Normalised images, shape (N, 3, H, W).
            data_samples (list[DataSample]): Their samples, as the data preprocessor returns them.

        Returns:
            dict[str, Tensor]: The losses by name.
        """
        with mixed_features(self, data_samples):
            return super().loss(inputs, data_samples)

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
        pairs, channels = present.nonzero(), self.head.response_channels(present).nonzero()
        summed = views_cam(self._response_maps, inputs, channels, views or self.test_cfg.views)
        return normalize_by_maximum(self.head.merge_responses(summed, channels, pairs)), pairs

    def _response_maps(self, inputs: Tensor) -> Tensor:
        return self.head.response_maps(self.extract_feat(inputs))

    @torch.no_grad()
    def pooled_features(
        self,
        inputs: Sequence[Tensor],
        stage: str = 'pre_logits',
        present: Tensor | None = None,
    ) -> Tensor:
        """Average the features of every image over its cells, or over those of its classes.

        Args:
            inputs (Sequence[Tensor]): Normalised images of any sizes, shape (3, H, W) each.
            stage (str): Which features: 'pre_logits', those that are classified (f of (3.1)), or
                'backbone'. Defaults to 'pre_logits'.
            present (Tensor, optional): Which classes of the images get a row of their own, shape
                (N, C), bool: the mean with the class's map as weights. Defaults to None: one row
                for each image, the plain mean.

        Returns:
            Tensor: One row for each image, shape (N, D), or for each of the P pairs of an image and
            a class, in ascending order, shape (P, D); float32.
        """
        pooled = [torch.empty(0)] * len(inputs)
        for indices in group_indices(image.shape for image in inputs):
            batch = torch.stack([inputs[i] for i in indices])
            features = self.extract_feat(batch, stage)
            # Before the classifier there is one feature map, of the backbone one for each stage.
            feature = features[self.head.in_index] if isinstance(features, tuple) else features
            if present is None:
                rows = feature.float().mean((2, 3))[:, None]
            else:
                maps = self.class_maps(batch).float()
                rows = present_class_means(feature, maps, present[indices])
            for index, row in zip(indices, rows):
                pooled[index] = row
        return torch.cat(pooled)

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
            ``cam``, shape (K, h, w), and the indices of these classes in ``cam_classes``, (K,). One
            without labels has ``pred_score`` and ``pred_label`` too, see :meth:`classify`.

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

    @torch.no_grad()
    def classify(self, inputs: Sequence[Tensor], data_samples: list[DataSample]) -> None:
        """Predict which classes images show, as mmpretrain's multi-label head does.

        Args:
            inputs (Sequence[Tensor]): Normalised images of any sizes, shape (3, H, W) each.
            data_samples (list[DataSample]): The images' samples. They get ``pred_score``, the
                probability of each class, shape (C,), and ``pred_label``, the indices of the
                classes above the threshold of the head.
        """
        for indices in group_indices(image.shape for image in inputs):
            features = self.extract_feat(torch.stack([inputs[i] for i in indices]))
            self.head.predict(features, [data_samples[i] for i in indices])

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
        unlabelled = [i for i, sample in enumerate(samples) if 'gt_label' not in sample]
        if cfg.classes == 'labels':
            for sample in (samples[i] for i in unlabelled):
                if 'img_path' in sample:  # as datasets name their files
                    raise ValueError(
                        f'{sample.img_path} has no image-level labels: give them, or set '
                        "model.test_cfg.classes='scores'"
                    )
        scored = range(len(samples)) if cfg.classes == 'scores' else unlabelled
        if scored:
            self.classify([batch[i] for i in scored], [samples[i] for i in scored])
        present = torch.zeros((len(samples), self.head.num_classes), dtype=torch.bool)
        for i, (row, sample) in enumerate(zip(present, samples)):
            if cfg.classes == 'all':
                row[:] = True
            elif i in scored:
                scores = sample.pred_score.cpu()
                row[:] = (scores > cfg.score_thr) | (scores == scores.max())
            else:
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
