"""Images of rare classes more often."""

from collections.abc import Iterator

from mmengine.dataset import BaseDataset, ClassBalancedDataset, DefaultSampler

from mmwsss.registry import DATA_SAMPLERS

from .seeding import SeededIndex


@DATA_SAMPLERS.register_module()
class ClassBalancedSampler(DefaultSampler):
    """Draws images of rare classes several times an epoch, each time with another seed.

    A class that a share f of the images shows is repeated max(1, sqrt(t / f)) times, an image as
    often as the rarest of its classes, rounded up (Gupta et al. 2019, LVIS; mmengine's
    ``ClassBalancedDataset``, of which a dataset's own checks and seeds need not know here).

    Args:
        dataset (BaseDataset): Dataset with ``get_cat_ids``, for example an ImageLevelDataset.
        oversample_thr (float): Share t of the images below which a class is rare. Defaults to 0.1.
        **kwargs: Arguments of mmengine's ``DefaultSampler``.
    """

    def __init__(self, dataset: BaseDataset, oversample_thr: float = 0.1, **kwargs) -> None:
        if not 0 < oversample_thr <= 1:
            raise ValueError(f'oversample_thr must lie in (0, 1], not {oversample_thr}')
        balanced = ClassBalancedDataset(dataset, oversample_thr)
        self.repeat_indices = balanced.repeat_indices
        super().__init__(balanced, **kwargs)

    def __iter__(self) -> Iterator[SeededIndex]:
        """Iterate over the indices of this process."""
        for place in super().__iter__():
            yield SeededIndex(self.repeat_indices[place], (self.seed, self.epoch, place))
