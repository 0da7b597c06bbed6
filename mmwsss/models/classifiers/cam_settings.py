"""How a classifier makes response maps."""

from dataclasses import dataclass

from .multi_scale import CAMViews


@dataclass(frozen=True)
class CAMTestCfg:
    """How response maps are made: the content of ``model.test_cfg`` and ``model.val_cfg``.

    Attributes:
        views (CAMViews): Scales, flip and grid of the response maps.
        classes (str): Which classes get a map: 'labels', those of the image-level labels, and of
            an image that comes from no dataset and so has none, those of 'scores'; 'scores', those
            whose score exceeds ``score_thr`` and in any case the best one, for images without
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
