"""AffinityNet: a network that predicts whether neighbouring cells belong to the same object."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmpretrain.structures import DataSample
from torch import Tensor

from mmwsss.ops.resizing import resize_images
from mmwsss.registry import MODELS

from .mixed_loss import check_alpha, mixed_loss


@MODELS.register_module()
class AffinityNet(BaseModel):
    """A backbone and an affinity head (PSA, Ahn & Kwak 2018).

    Training starts from a classifier's checkpoint, given by ``load_from`` (its backbone fits, its
    head is left out), or from ImageNet weights, given by the backbone's ``init_cfg``.

    Args:
        backbone (dict): Config of any backbone of the classifier, with three ``out_indices``.
        head (dict): Config of the head, see :class:`AffinityHead`.
        data_preprocessor (dict, optional): Arguments of :class:`CAMDataPreprocessor`. Defaults to
            None.
        channels_last (bool): Whether to keep weights and images in channels-last memory. Defaults
            to False.
        mixup_alpha (float, optional): α of mixup (2.2) while it trains, see :func:`mixed_loss`:
            self-regularisation of this step, future work of the thesis. Defaults to None: no mixup.
        init_cfg (dict, optional): Config of the initialisation. Defaults to None.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict,
        data_preprocessor: dict | None = None,
        channels_last: bool = False,
        mixup_alpha: float | None = None,
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
        self.mixup_alpha = check_alpha(mixup_alpha)
        self._coarsest_stride: int | None = None
        self.to(memory_format=self.memory_format)

    @property
    def radius(self) -> float:
        """Cells at a distance below it are neighbours, in cells."""
        return self.head.radius

    @property
    def stride(self) -> int:
        """Pixels per cell."""
        return self.head.stride

    def extract_feat(self, inputs: Tensor) -> Sequence[Tensor]:
        """Extract the feature maps (taps) of images of one size.

        Args:
            inputs (Tensor): Normalised images, shape (N, 3, H, W).

        Returns:
            Sequence[Tensor]: One feature map for each of the backbone's ``out_indices``.
        """
        return self.backbone(inputs.to(memory_format=self.memory_format))

    def forward(
        self,
        inputs: Tensor | Sequence[Tensor],
        data_samples: list[DataSample] | None = None,
        mode: str = 'tensor',
    ) -> dict[str, Tensor] | list[DataSample] | Tensor:
        """Run the network as a runner of mmengine asks for.

        Args:
            inputs (Tensor | Sequence[Tensor]): Normalised images: shape (N, 3, H, W), or for
                'predict' images (3, H, W) of any sizes.
            data_samples (list[DataSample], optional): The images' samples; for 'loss' with
                ``gt_affinity_label``, shape (h, w), uint8.
            mode (str): 'loss', 'predict' or 'tensor'. Defaults to 'tensor'.

        Returns:
            dict[str, Tensor] | list[DataSample] | Tensor: The losses ('loss'), the data samples
            with ``affinity`` set ('predict') or the affinity features ('tensor').

        Raises:
            ValueError: If the mode is unknown.
            TypeError: If 'loss' or 'tensor' is given images that are not stacked.
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
        if mode == 'loss' and data_samples is not None:
            return mixed_loss(self._losses, inputs, data_samples, self.mixup_alpha)
        return self.head(self.extract_feat(inputs))

    def _losses(self, inputs: Tensor) -> Callable[[Sequence[DataSample]], dict[str, Tensor]]:
        return partial(self.head.loss, self.extract_feat(inputs))

    @torch.no_grad()
    def batch_affinities(self, inputs: Tensor) -> Tensor:
        """Predict the affinities of normalised images of one size.

        The images are padded at the bottom and at the right to whole cells of the coarsest tap, so
        that the taps are aligned as in training, where crops are whole cells too.

        Args:
            inputs (Tensor): Normalised images, shape (N, 3, H, W).

        Returns:
            Tensor: Affinities, shape (N, P, ceil(H / stride), ceil(W / stride)), see
            :func:`pairwise_affinity`.

        Raises:
            ValueError: If the stride of the backbone's finest tap is not ``head.stride``.
        """
        height, width = inputs.shape[-2:]
        grid = math.ceil(height / self.stride), math.ceil(width / self.stride)
        unit = self._padding_unit(inputs)
        taps = self.extract_feat(F.pad(inputs, (0, -width % unit, 0, -height % unit)))
        return self.head.predict(taps, grid)

    def _padding_unit(self, inputs: Tensor) -> int:
        """Pixels per cell of the coarsest tap, found by a blank image at the first call."""
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
        """Predict the affinities of images of one size.

        Args:
            images (Sequence[Tensor]): RGB images, shape (3, H, W) each, uint8.
            scale (float): Factor on the sides of the images before the network sees them. Defaults
                to 1.

        Returns:
            Tensor: Affinities, see :meth:`batch_affinities`.
        """
        # A data preprocessor takes BGR, as images are loaded.
        data = self.data_preprocessor({'inputs': [image.flip(0) for image in images]})
        return self.batch_affinities(resize_images(torch.stack(data['inputs']), scale, 'bicubic'))
