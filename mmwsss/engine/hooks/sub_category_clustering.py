"""Rounds of clustering and training with sub-categories."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

import numpy as np
import torch
from mmengine.dist import broadcast
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmwsss.clustering import assignment_table, cluster_classes, match_labels
from mmwsss.clustering.records import write_round
from mmwsss.clustering.summary import format_summary, summarize
from mmwsss.engine.sub_categories.checks import (
    check_resumed,
    check_run,
    check_settings,
    check_view,
    require_head,
    require_model,
    training_images,
)
from mmwsss.engine.sub_categories.features import (
    extract_features,
    feature_loader,
    pair_places,
)
from mmwsss.engine.sub_categories.restart import restart_optimisation, restart_weights
from mmwsss.engine.sub_categories.schedule import round_epochs, round_schedules
from mmwsss.main_process import raise_together
from mmwsss.registry import CLUSTERERS, HOOKS

from .loaded_weights import check_loaded_weights

# Weights that a checkpoint of round 0 must hold, where the model has them. The classifier of the
# sub-categories is not among them: round 1 trains it anew.
_ROUND_0 = ('backbone.', 'neck.', 'head.adapter.', 'head.classifier.')


@HOOKS.register_module()
class SubCategoryClusteringHook(Hook):
    """Algorithm 1 of Chapter 3: rounds of clustering (3.2) and training (3.3) in one run.

    Round 0 trains the plain classifier. Every further round clusters the features of all training
    images class by class, gives the result to the model's :class:`SubCategoryHead`, and trains with
    a fresh optimiser state and a learning rate schedule that starts anew: ``param_scheduler`` of
    the config is that of one round, scaled to rounds of other lengths. The clusters are model
    state, so that a run resumes within a round.

    A round r leaves in the work dir ``round_<r>.pth``, its weights after training, and the files
    of its sub-categories that :mod:`mmwsss.clustering.records` writes (docs: subcategories.md).

    Args:
        rounds (int): Number of rounds after round 0. Defaults to 3, as in the thesis.
        epochs (Sequence[int], optional): Number of epochs of rounds 0, 1, …; their sum is
            ``max_epochs`` of the train loop. 0 epochs of round 0: it was trained before and
            ``load_from`` names its checkpoint. Defaults to equal shares of ``max_epochs``.
        restart (bool): True: start each round from the pretrained weights again, as the published
            code. False: continue with the weights of the round before, as DeepCluster. Defaults
            to True.
        clusterer (dict, optional): Config of a clusterer of the registry CLUSTERERS. Defaults to
            KMeans.
        seed (int): Seed of the clustering. Defaults to 0, as in the published code.
        stage (str): Layer of the features that are clustered, see
            :meth:`CAMClassifier.pooled_features`. Defaults to 'pre_logits'.
        pipeline (Sequence[dict], optional): Transforms that features are taken through. Defaults
            to the whole image at its own size.
        dtype (str): Type in which features are kept, 'float32' or 'float16': they take images ×
            channels × 4 or 2 bytes of memory on the main process. Defaults to 'float32'.
        processes (int, optional): Number of processes that cluster classes at the same time.
            Defaults to the number of cores that this process may use.
        pooling (str): What an image's features are averaged over. 'image': all its cells, as in the
            thesis. 'class': the cells of the class that is clustered, weighted by its map, so that
            clusters are of objects rather than of their surroundings. Defaults to 'image'.
    """

    # First epoch of each round, and the epoch after the last one.
    starts: list[int]

    def __init__(
        self,
        rounds: int = 3,
        epochs: Sequence[int] | None = None,
        restart: bool = True,
        clusterer: dict | None = None,
        seed: int = 0,
        stage: str = 'pre_logits',
        pipeline: Sequence[dict] | None = None,
        dtype: str = 'float32',
        processes: int | None = None,
        pooling: str = 'image',
    ) -> None:
        check_settings(rounds, epochs, seed, stage, dtype, processes, pooling)
        self.rounds = rounds
        self.epochs = epochs
        self.restart = restart
        self.clusterer = CLUSTERERS.build(clusterer or dict(type='mmwsss.KMeans'))
        self.seed = seed
        self.stage = stage
        self.pipeline = pipeline
        self.dtype = getattr(torch, dtype)
        self.processes = processes
        self.pooling = pooling
        self.starts = []

    def before_train(self, runner: Runner) -> None:
        """Lay out the rounds, and check the run and what it resumes from.

        Args:
            runner (Runner): Runner of the run.

        Raises:
            TypeError: If the model's head has no sub-categories, or the dataset is wrapped.
            ValueError: If the epochs do not add up, a schedule cannot be scaled to a round, round
                0 is missing, the pipeline of the features lacks something, a resumed checkpoint
                belongs to other images, or the train loop or another hook does not go with rounds.
        """
        head = require_head(runner)
        check_run(runner)
        epochs = round_epochs(self.rounds, self.epochs, runner.max_epochs)
        self.starts = [0, *accumulate(epochs)]
        for number in range(self.rounds + 1):
            if epochs[number]:
                self._schedules(runner, number)
        if self.rounds > 0:
            check_view(runner.train_dataloader.dataset, self.pipeline)
        if runner.iter > 0:
            check_resumed(head, runner.train_dataloader.dataset, runner.epoch, self.starts)
            return
        if epochs[0] == 0 and not runner.cfg.get('load_from'):
            raise ValueError('round 0 has no epochs: name its checkpoint with load_from')
        # A checkpoint that training starts from may hold the sub-categories of other images.
        head.clear_assignments()

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check that ``load_from`` names a round 0 where none is trained; resume with the same K.

        Args:
            runner (Runner): Runner of the run.
            checkpoint (dict): Content of the checkpoint.

        Raises:
            ValueError: If weights are missing or have other shapes.
        """
        if runner.cfg.get('resume'):
            check_loaded_weights(runner, checkpoint, ('head.sub_classifier.',))
        elif self.epochs and self.epochs[0] == 0:
            check_loaded_weights(runner, checkpoint, _ROUND_0)

    def before_train_epoch(self, runner: Runner) -> None:
        """Cluster anew and restart the training if this epoch is the first of a round.

        Args:
            runner (Runner): Runner of the run.
        """
        number = self._round(runner.epoch)
        head = require_head(runner)
        if runner.epoch != self.starts[number] or 0 < number == head.round:
            return
        runner.logger.info(f'round {number} of {self.rounds} begins')
        if number > 0:
            self._update_assignments(runner, number)
            if self.restart:
                restart_weights(require_model(runner), runner.cfg.model, runner.seed + number)
        restart_optimisation(runner, self._schedules(runner, number))

    def after_train_epoch(self, runner: Runner) -> None:
        """Save the weights if this epoch is the last of a round.

        Args:
            runner (Runner): Runner of the run.
        """
        if runner.epoch + 1 in self.starts[1:]:
            number = self._round(runner.epoch)
            runner.save_checkpoint(
                runner.work_dir,
                f'round_{number}.pth',
                save_optimizer=False,
                save_param_scheduler=False,
            )

    def _round(self, epoch: int) -> int:
        return bisect_right(self.starts, epoch) - 1

    def _update_assignments(self, runner: Runner, number: int) -> None:
        head = require_head(runner)
        dataset = runner.train_dataloader.dataset
        loader_cfg = runner.train_dataloader
        loader = feature_loader(
            dataset, self.pipeline, loader_cfg.batch_size, loader_cfg.num_workers, runner.seed
        )
        img_ids, presence = training_images(dataset, head.num_classes)
        places = pair_places(presence) if self.pooling == 'class' else None
        features = extract_features(require_model(runner), loader, self.stage, self.dtype, places)
        table = torch.full(presence.shape, -1, dtype=torch.int32)
        error: Exception | None = None
        if features is not None:  # on the main process
            try:
                table = torch.from_numpy(
                    self._cluster(runner, features, number, img_ids, presence, places)
                )
            except Exception as caught:
                error = caught
        raise_together(error)
        broadcast(table)
        head.set_assignments(table, number, img_ids)

    def _cluster(
        self,
        runner: Runner,
        features: np.ndarray,
        number: int,
        img_ids: Sequence[str],
        presence: np.ndarray,
        places: np.ndarray | None,
    ) -> np.ndarray:
        """Cluster the images of every class, log and write the result; on the main process.

        Args:
            runner (Runner): The run.
            features (np.ndarray): Features of all images, shape (N, D), or pairs, shape (P, D).
            number (int): Number of the round.
            img_ids (Sequence[str]): Id of each image.
            presence (np.ndarray): Which classes each image shows, shape (N, C), bool.
            places (np.ndarray, optional): Row of each pair of an image and a class, shape (N, C).

        Returns:
            np.ndarray: Sub-category of each image and class, shape (N, C), int32; -1 where the
            image does not show the class.
        """
        head = require_head(runner)
        what = 'images' if places is None else 'pairs of image and class'
        runner.logger.info(
            f'features of {len(features)} {what}: {features.shape[1]} × {features.dtype}, '
            f'{features.nbytes / 1e6:.1f} MB'
        )
        clusters = cluster_classes(
            features,
            presence,
            head.num_subcategories,
            self.clusterer,
            keys=img_ids,
            seed=self.seed,
            processes=self.processes,
            places=places,
        )
        previous = head.assignments.cpu().numpy() if head.round > 0 else None
        if previous is not None:
            clusters = [
                replace(one, labels=match_labels(previous[one.rows, c], one.labels, count))
                for c, (one, count) in enumerate(zip(clusters, head.num_subcategories))
            ]
        names = runner.train_dataloader.dataset.metainfo['classes']
        summary = summarize(clusters, names, previous)
        runner.logger.info(f'sub-categories of round {number}:\n{format_summary(summary)}')
        origin = dict(round=number, clusterer=repr(self.clusterer), seed=self.seed)
        write_round(runner.work_dir, number, origin | summary, clusters, names, img_ids)
        return assignment_table(clusters, len(presence))

    def _schedules(self, runner: Runner, number: int) -> list[dict]:
        schedules = runner.cfg.get('param_scheduler') or []
        epochs = self.starts[number + 1] - self.starts[number]
        return round_schedules(schedules, epochs, len(runner.train_dataloader))
