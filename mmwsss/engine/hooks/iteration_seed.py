"""Hook that makes a resumed run draw the random numbers of the unbroken one."""

from collections.abc import Sequence

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmwsss.datasets.seeding import seed_generators
from mmwsss.registry import HOOKS


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Seed the random generators before every iteration, by seed, process and iteration.

    Dropout, mixup and whatever else the model draws then depend on nothing before. mmengine's
    checkpoints do not keep the states of random generators. With this hook, and the samplers of
    ``mmwsss.datasets.seeding`` for the data, they need not: a run that is resumed from any
    checkpoint ends as the unbroken one does.
    """

    priority = 'VERY_HIGH'

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Sequence[dict] | None = None
    ) -> None:
        """Seed the generators for this iteration.

        Args:
            runner (Runner): Runner of the run.
            batch_idx (int): Index of the batch in the epoch.
            data_batch (Any): Not used.
        """
        seed_generators(runner.seed, get_rank(), runner.iter)
