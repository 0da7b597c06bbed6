"""AffinityNet: a network that tells whether neighbouring cells belong together."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmpretrain.structures import DataSample
from torch import Tensor

from mmwsss.registry import MODELS

from .classifiers.multi_scale import resize_images


@MODELS.register_module()
class AffinityNet(BaseModel):
    """Backbone and affinity head (PSA, Ahn & Kwak 2018).

    Start it from a classifier's checkpoint with ``load_from`` (its backbone fits, its head is left
    out) or from ImageNet with the backbone's ``init_cfg``.

    Args:
        backbone (dict): Any backbone of the classifier, with three ``out_indices``.
        head (dict): See :class:`AffinityHead`.
        data_preprocessor (dict): See :class:`CAMDataPreprocessor`.
        channels_last (bool): Keep weights and images in channels-last memory. Defaults to False.
        init_cfg (dict, optional): Initialisation.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict,
        data_preprocessor: dict | None = None,
        channels_last: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        preprocessor = {
            'type': 'mmwsss.CAMDataPreprocessor',
            'to_onehot': False,
            **(data_preprocessor or {}),
        }
        super().__init__(preprocessor, init_cfg)
        self.backbone = MODELS.build(backbone)
        self.head = MODELS.build(head)
        self.memory_format = torch.channels_last if channels_last else torch.preserve_format
        self._coarsest_stride: int | None = None
        self.to(memory_format=self.memory_format)

    @property
    def radius(self) -> float:
        """Cells at a distance below it are pairs."""
        return self.head.radius

    @property
    def stride(self) -> int:
        """Pixels per cell."""
        return self.head.stride

    def extract_feat(self, inputs: Tensor) -> Sequence[Tensor]:
        """Taps of a batch of equal size, (N, 3, H, W)."""
        return self.backbone(inputs.to(memory_format=self.memory_format))

    def forward(
        self,
        inputs: Tensor | Sequence[Tensor],
        data_samples: list[DataSample] | None = None,
        mode: str = 'tensor',
    ) -> dict[str, Tensor] | list[DataSample] | Tensor:
        """Give losses ('loss'), data samples with ``affinity`` ('predict') or features ('tensor').

        Args:
            inputs (Tensor | Sequence[Tensor]): Normalised images; of any sizes for 'predict'.
            data_samples (list[DataSample], optional): With ``gt_affinity_label`` for 'loss'.
            mode (str): 'loss', 'predict' or 'tensor'.
        """
        if mode == 'predict':
            samples = data_samples or [DataSample() for _ in inputs]
            for sample, image in zip(samples, inputs):
                sample.affinity = self.batch_affinities(image[None])[0]
            return samples
        if mode not in ('loss', 'tensor'):
            raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', not {mode!r}")
        if not isinstance(inputs, Tensor):
            raise TypeError(f'mode {mode!r} needs stacked images of one size, (N, 3, H, W)')
        features = self.extract_feat(inputs)
        return self.head.loss(features, data_samples) if mode == 'loss' else self.head(features)

    @torch.no_grad()
    def batch_affinities(self, inputs: Tensor) -> Tensor:
        """Affinities of normalised images of one size.

        They are padded at the bottom and at the right to whole cells of the coarsest tap, so that
        the taps lie upon each other as in training, whose crops are whole cells too.

        Args:
            inputs (Tensor): Shape (N, 3, H, W).

        Returns:
            Tensor: (N, P, ceil(H / stride), ceil(W / stride)), see ``pairwise_affinity``.

        Raises:
            ValueError: If the backbone's finest tap has another stride than the head says.
        """
        height, width = inputs.shape[-2:]
        grid = math.ceil(height / self.stride), math.ceil(width / self.stride)
        unit = self._padding_unit(inputs)
        taps = self.extract_feat(F.pad(inputs, (0, -width % unit, 0, -height % unit)))
        return self.head.predict(taps, grid)

    def _padding_unit(self, inputs: Tensor) -> int:
        """Pixels per cell of the coarsest tap, found on a blank image the first time."""
        if self._coarsest_stride is None:
            side = 16 * self.stride
            sizes = [tap.shape[-1] for tap in self.extract_feat(inputs.new_zeros(1, 3, side, side))]
            if max(sizes) * self.stride != side:
                raise ValueError(
                    f'the finest tap has {side / max(sizes):g} pixels a cell, not {self.stride}: '
                    'set head.stride to it'
                )
            self._coarsest_stride = side // min(sizes)
        return self._coarsest_stride

    @torch.no_grad()
    def affinities(self, images: Sequence[Tensor], scale: float = 1.0) -> Tensor:
        """Affinities of images of one size, seen at a scale.

        Args:
            images (Sequence[Tensor]): uint8 RGB, shape (3, H, W).
            scale (float): Factor on their sides.
        """
        # A data preprocessor takes BGR, as images are loaded.
        data = self.data_preprocessor({'inputs': [image.flip(0) for image in images]})
        return self.batch_affinities(resize_images(torch.stack(data['inputs']), scale, 'bicubic'))
