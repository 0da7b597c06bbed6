"""What the inferencers of classifiers and of segmentors share."""

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.infer import BaseInferencer
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer
from PIL import Image
from torch import nn

from mmwsss.folder_lock import claimed
from mmwsss.models.batch_norm_fusion import fuse_batch_norm
from mmwsss.progress import track
from mmwsss.structures import DataError, atomic_open, img_id_path

from .model import find_model, init_model
from .results import CAMResult, InferenceResults, SegResult
from .sources import Images, ImageSource, list_sources

_LOADERS = ('LoadImageFromFile', 'LoadImage')


class ImageInferencer(BaseInferencer):
    """An inferencer whose batches are predicted, written and drawn one after the other.

    Args:
        model (str | os.PathLike | Config): Config, or folder of a run; see :func:`find_model`.
        weights (str | os.PathLike, optional): Checkpoint; it must hold all weights. Defaults to
            None: that of the folder.
        device (str, optional): Device. Defaults to None: an accelerator if there is one.
        show_progress (bool): Whether to show a progress bar. Defaults to True.

    Attributes:
        classes (tuple[str, ...]): Names of the foreground classes.
    """

    visualize_kwargs = {'return_vis', 'show', 'wait_time', 'show_dir'}
    postprocess_kwargs = {'out_dir'}
    classes: tuple[str, ...]

    def __init__(
        self,
        model: str | os.PathLike | Config,
        weights: str | os.PathLike | None = None,
        device: str | None = None,
        show_progress: bool = True,
    ) -> None:
        cfg, checkpoint = find_model(model, weights)
        scope = cfg.get('default_scope', 'mmwsss')
        super().__init__(cfg, checkpoint, device, scope, show_progress)
        self.classes = self._foreground(self.model.dataset_meta['classes'])

    def __call__(
        self,
        inputs: Images,
        return_datasamples: bool = False,
        batch_size: int = 1,
        **kwargs: Any,
    ) -> InferenceResults:
        """Predict images.

        Args:
            inputs (Images): File, folder, BGR array uint8 (H, W, 3), or list of files and arrays.
            return_datasamples (bool): Whether predictions are the model's data samples, with all
                scores. Defaults to False.
            batch_size (int): Images that are loaded together; those of one size are predicted
                together. Defaults to 1.
            **kwargs (Any): ``tags``, see the classes; ``return_vis``, whether to return drawings;
                ``show`` and ``wait_time``, to show them in a window; ``show_dir``, folder into
                which they are written; ``out_dir``, folder into which predictions are written.

        Returns:
            InferenceResults: ``predictions`` and ``visualization``, in the order of the images.

        Raises:
            DataError: If an image is missing or unreadable; names it.
        """
        results = InferenceResults(predictions=[], visualization=[])
        for batch in self.batches(inputs, return_datasamples, batch_size, **kwargs):
            for key, values in batch.items():
                results[key] += values
        return results

    def batches(
        self,
        inputs: Images,
        return_datasamples: bool = False,
        batch_size: int = 1,
        **kwargs: Any,
    ) -> Iterator[InferenceResults]:
        """Predict images batch by batch, so that any number of them fits into memory.

        Args:
            inputs (Images): See :meth:`__call__`.
            return_datasamples (bool): See :meth:`__call__`.
            batch_size (int): See :meth:`__call__`.
            **kwargs (Any): See :meth:`__call__`.

        Yields:
            InferenceResults: Those of a batch.
        """
        before, during, drawing, after = self._dispatch_kwargs(**kwargs)
        bits = self.model.dataset_meta.get('image_bits')
        found = [source._replace(image_bits=bits) for source in list_sources(inputs)]
        sources = self._tagged(found, **before)
        first = range(0, len(sources), batch_size)
        starts = track(first, 'Inference', len(first), disable=not self.show_progress)
        with claimed(after['out_dir']) if after.get('out_dir') else nullcontext():
            for start in starts:
                chunk = sources[start : start + batch_size]
                with DefaultScope.overwrite_default_scope(self.scope):
                    data = self.collate_fn([self.pipeline(one) for one in chunk])
                    samples = self.forward(data, **during)
                for source, sample in zip(chunk, samples):
                    sample.set_metainfo(dict(img_id=source.name, img_path=source.path))
                results = self._results(chunk, samples)
                drawn = self.visualize(chunk, results, **drawing)
                yield self.postprocess(
                    samples if return_datasamples else results,
                    drawn,
                    results=results,
                    **after,
                )

    @torch.no_grad()
    def forward(self, inputs: dict, **kwargs: Any) -> list:
        """Predict a batch.

        Args:
            inputs (dict): ``inputs``, images (3, H, W), and ``data_samples``.
            **kwargs (Any): Not used.

        Returns:
            list: Data samples on the CPU.
        """
        return [sample.cpu() for sample in self.model.test_step(inputs)]

    def visualize(
        self,
        inputs: Sequence[ImageSource],
        preds: Sequence,
        show: bool = False,
        return_vis: bool = False,
        wait_time: float = 0,
        show_dir: str | os.PathLike | None = None,
    ) -> list[np.ndarray]:
        """Draw predictions.

        Args:
            inputs (Sequence[ImageSource]): The images.
            preds (Sequence): Their results.
            show (bool): Whether to show each in a window. Defaults to False.
            return_vis (bool): Whether to return the drawings. Defaults to False.
            wait_time (float): Seconds for which a window stays; 0: until it is closed. Defaults to
                0.
            show_dir (str | os.PathLike, optional): Folder for ``<name>.jpg``. Defaults to None.

        Returns:
            list[np.ndarray]: RGB images, uint8 (H, W, 3); none unless ``return_vis``.
        """
        if not (show or return_vis or show_dir):
            return []
        drawn = [self.draw(result) for result in preds]
        for source, image in zip(inputs, drawn):
            if show_dir:
                with atomic_open(img_id_path(show_dir, source.name, '.jpg')) as file:
                    Image.fromarray(image).save(file, 'JPEG', quality=92)
            if show:
                Visualizer().show(image, win_name=source.name, wait_time=wait_time)
        return drawn if return_vis else []

    def postprocess(
        self,
        preds: list,
        visualization: list[np.ndarray],
        return_datasample: bool = False,
        results: Sequence = (),
        out_dir: str | os.PathLike | None = None,
    ) -> InferenceResults:
        """Write predictions, if asked to, and pack them.

        Args:
            preds (list): Results or data samples.
            visualization (list[np.ndarray]): Drawings.
            return_datasample (bool): Not used.
            results (Sequence): The results, to write.
            out_dir (str | os.PathLike, optional): Folder. Defaults to None.

        Returns:
            InferenceResults: Predictions and drawings.
        """
        if out_dir:
            self.write(results, Path(out_dir))
        return InferenceResults(predictions=list(preds), visualization=visualization)

    @abstractmethod
    def write(self, results: Sequence, folder: Path) -> None:
        """Write results.

        Args:
            results (Sequence): Results.
            folder (Path): Folder of the files.
        """

    @abstractmethod
    def draw(self, result: Any) -> np.ndarray:
        """Draw a result.

        Args:
            result (Any): The result.

        Returns:
            np.ndarray: RGB image, uint8 (H, W, 3).
        """

    @abstractmethod
    def _foreground(self, names: Sequence[str]) -> tuple[str, ...]: ...

    @abstractmethod
    def _results(
        self, sources: Sequence[ImageSource], samples: Sequence
    ) -> list[SegResult] | list[CAMResult]: ...

    def _tagged(
        self, sources: list[ImageSource], tags: Sequence | dict | None = None
    ) -> list[ImageSource]:
        """Give the images their tags: a sequence in their order, or by their names."""
        if tags is None:
            return sources
        if not isinstance(tags, dict) and len(tags) != len(sources):
            raise DataError(f'{len(tags)} lists of tags for {len(sources)} images; give one each')
        given = (
            [tags.get(source.name) for source in sources] if isinstance(tags, dict) else list(tags)
        )
        for source, names in zip(sources, given):
            unknown = sorted(set(names or ()) - set(self.classes))
            if unknown:
                raise DataError(
                    f'{source.name}: {unknown[0]!r} is no class of the model; they are '
                    f'{", ".join(self.classes)}'
                )
        return [
            source._replace(tags=None if names is None else tuple(names))
            for source, names in zip(sources, given)
        ]

    def _init_model(self, cfg: Config, weights: str | None, device: str = 'cpu') -> nn.Module:
        model = init_model(cfg, weights, device)
        fuse_batch_norm(model.backbone)
        return model

    def _init_pipeline(self, cfg: Config) -> Callable[[ImageSource], dict]:
        steps = cfg.get('test_pipeline') or cfg.test_dataloader.dataset.pipeline
        if str(steps[0]['type']).rpartition('.')[2] not in _LOADERS:
            raise ValueError(f'{cfg.filename}: test_pipeline must begin with LoadImageFromFile')
        with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmwsss')):
            load, rest = Compose(steps[:1]), Compose(steps[1:])

        def prepare(source: ImageSource) -> dict:
            fields = self._fields(source)
            if isinstance(source.image, np.ndarray):
                shape = source.image.shape[:2]
                loaded = dict(fields, img=source.image, img_shape=shape, ori_shape=shape)
            else:
                loaded = load(dict(fields, img_path=source.image))
            # Of an image with a path and without tags, CAMClassifier asks for the tags.
            loaded.pop('img_path', None)
            return rest(loaded)

        return prepare

    def _fields(self, source: ImageSource) -> dict:
        """Return what a dataset would tell the pipeline about an image."""
        fields: dict[str, Any] = dict(img_id=source.name, image_bits=source.image_bits)
        if source.tags is not None:
            fields['gt_label'] = sorted(self.classes.index(name) for name in set(source.tags))
        return fields

    def _init_collate(self, cfg: Config) -> Callable:
        return pseudo_collate

    def _init_visualizer(self, cfg: Config) -> None:
        return None
