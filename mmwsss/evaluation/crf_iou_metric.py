"""mIoU of predicted masks after a dense CRF."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from mmwsss.datasets.transforms import read_rgb
from mmwsss.ops.resizing import highest_scores
from mmwsss.ordered_queue import OrderedQueue
from mmwsss.refinement.crf_settings import CRF_SETTINGS, CRFParams
from mmwsss.refinement.dense_crf import Resolution, check_crf, dense_crf
from mmwsss.registry import METRICS

from .mask_iou_metric import MaskIoUMetric

# Path of an image, indices of its likely classes (K,), their probabilities (K, H, W), its bits.
Job = tuple[str, np.ndarray, np.ndarray, int | None]


@METRICS.register_module()
class CRFIoUMetric(MaskIoUMetric):
    """Refine the scores of a segmentor by a dense CRF and measure the masks.

    Put it into the evaluator beside :class:`MaskIoUMetric`: one test run prints the mIoU without
    and, as ``crf/mIoU``, with CRF. The CRF runs in processes of its own while the network goes on.

    Args:
        *args: Arguments of :class:`MaskIoUMetric`.
        crf (Mapping, optional): Settings that differ from those of DeepLab-v2, by their names in
            ``CRFParams``.
        min_probability (float): Probability in [0, 1) that a class must reach in some pixel of the
            image, else it is left out; the time grows with the number of classes. Defaults to 0:
            all classes, as published.
        workers (int): Number of processes for the CRF, of each process of a distributed test.
            Defaults to 0: the CRF runs in the process of the test.
        resolution (str): Size at which masks are refined, 'image' or 'scores'; they have that of
            the image. Of large photos take 'scores', with ``test_cfg=dict(scores_at='input')`` of
            the segmentor. Defaults to 'image'.
        **kwargs: Arguments of :class:`MaskIoUMetric`.

    Raises:
        ImportError: If pydensecrf is missing. Says how to install it.
    """

    default_prefix = 'crf'

    def __init__(
        self,
        *args,
        crf: Mapping | None = None,
        min_probability: float = 0.0,
        workers: int = 0,
        resolution: Resolution = 'image',
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        if not 0 <= min_probability < 1:
            raise ValueError(f'min_probability must be in [0, 1), not {min_probability}')
        self.min_probability = min_probability
        params = replace(CRF_SETTINGS['segmentation'], **(crf or {}))
        check_crf(params, resolution)
        self._queue = OrderedQueue(
            partial(_refine, params=params, resolution=resolution), workers, _path_of
        )
        self._samples: list[dict] = []

    def process(self, data_batch: dict | None, data_samples: Sequence[dict]) -> None:
        """Hand a batch to the CRF, and measure the masks that are ready.

        Args:
            data_batch (dict, optional): Not used.
            data_samples (Sequence[dict]): Predictions with ``seg_logits``.
        """
        for sample in data_samples:
            job = self._job(sample)
            self._samples.append({key: sample[key] for key in sample if key != 'seg_logits'})
            self._measure(self._queue.put(job))

    def evaluate(self, size: int) -> dict[str, float]:
        """Wait for the masks of the last images, then compute the metrics.

        Args:
            size (int): Number of images in the dataset.

        Returns:
            dict[str, float]: The metrics.
        """
        self._measure(self._queue.drain())
        return super().evaluate(size)

    def _job(self, sample: dict) -> Job:
        """Return what the CRF needs of a sample."""
        scores = sample['seg_logits']['data']
        if len(scores) != len(self.dataset_meta['classes']):
            raise ValueError(
                f'{sample["img_path"]}: {len(scores)} maps of scores for '
                f'{len(self.dataset_meta["classes"])} classes; set num_classes of the decode_head'
            )
        probabilities = scores.float().softmax(0)
        peaks = probabilities.amax((1, 2))
        likely = (peaks >= min(self.min_probability, peaks.max())).nonzero()[:, 0]
        bits = self.dataset_meta.get('image_bits')
        return sample['img_path'], likely.cpu().numpy(), probabilities[likely].cpu().numpy(), bits

    def _measure(self, masks: list[np.ndarray]) -> None:
        for mask in masks:
            sample = self._samples.pop(0)
            prediction = torch.from_numpy(mask.astype(np.int64))
            super().process(None, [{**sample, 'pred_sem_seg': {'data': prediction}}])


def _path_of(job: Job) -> str:
    return job[0]


def _refine(job: Job, params: CRFParams, resolution: Resolution) -> np.ndarray:
    """Refine the probabilities of an image and return its mask, uint8 (H, W)."""
    path, classes, probabilities, bits = job
    image = read_rgb(path, bits)
    refined = dense_crf(np.ascontiguousarray(image), probabilities, params, resolution)
    # Scores may be smaller than the image; its mask is not.
    highest = highest_scores(torch.from_numpy(refined), image.shape[:2])
    return classes.astype(np.uint8)[highest.numpy()]
