"""Several pipelines over several seeds in one table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from mmengine.config import Config

from mmwsss.pipeline.pipeline import RESULTS_NAME, Pipeline
from mmwsss.structures import read_json

from .rows import refuse_shared_folders, score_cell

SCORES = ('mIoU', 'crf/mIoU')


def run_folder(root: Path, config: str, seed: int) -> Path:
    """Return the folder that keeps the files of a pipeline's run with a seed.

    Args:
        root (Path): Folder of all runs.
        config (str): The pipeline's config. Its path below its last folder ``pipelines`` (below
            the working folder or the file system's root, where there is none), without suffix, is
            that of a folder below ``root``, which has one for each seed.
        seed (int): The seed.

    Returns:
        Path: The folder.
    """
    path = Path(config).resolve().with_suffix('')
    if 'pipelines' in path.parent.parts:
        begin = len(path.parts) - path.parts[-2::-1].index('pipelines') - 1
        return root.joinpath(*path.parts[begin:], f'seed_{seed}')
    base = Path.cwd() if path.is_relative_to(Path.cwd()) else path.anchor
    return root / path.relative_to(base) / f'seed_{seed}'


def run_pipelines(
    configs: Mapping[str, str],
    seeds: Sequence[int],
    root: Path,
    stages: Sequence[str] | None = None,
    show: Callable[[str], None] = print,
) -> None:
    """Run every pipeline with every seed; what is done is skipped.

    Args:
        configs (Mapping[str, str]): Name in the table → config of a pipeline.
        seeds (Sequence[int]): Seeds of each.
        root (Path): Has a folder for each run.
        stages (Sequence[str], optional): Names of the stages to run. Defaults to None: all.
        show (Callable[[str], None]): Takes a line on what happens. Defaults to ``print``.

    Raises:
        ValueError: If the runs of different configs would share a folder.
        DataError: See :meth:`Pipeline.check`; all pipelines are checked before the first runs.
    """
    refuse_shared_folders((run_folder(root, one, 0).parent, one) for one in configs.values())
    pipelines = {
        name: Pipeline.from_config(Config.fromfile(config)) for name, config in configs.items()
    }
    for pipeline in pipelines.values():
        pipeline.check(stages)
    for seed in seeds:
        for name, pipeline in pipelines.items():
            show(f'==== {name}, seed {seed}')
            folder = run_folder(root, configs[name], seed)
            replace(pipeline, work_dir=folder, seed=seed).run(stages, show=show)


def stage_scores(
    configs: Mapping[str, str], seeds: Sequence[int], root: Path, keys: Sequence[str] = SCORES
) -> dict[str, dict[str, list[float]]]:
    """Read the scores of all stages.

    Args:
        configs (Mapping[str, str]): Name in the table → config of a pipeline that has run.
        seeds (Sequence[int]): Seeds of each.
        root (Path): Folder of all runs.
        keys (Sequence[str]): The scores. Defaults to mIoU, with and without CRF.

    Returns:
        dict[str, dict[str, list[float]]]: Title of a stage, with the score if it is not mIoU →
        name of a pipeline → values of all seeds.

    Raises:
        DataError: If a run's file of results is damaged; names it.
    """
    scores: dict[str, dict[str, list[float]]] = {}
    for name, config in configs.items():
        for seed in seeds:
            path = run_folder(root, config, seed) / RESULTS_NAME
            found = read_json(path, 'run the pipeline again', partial(_scored, keys=keys))
            for title, score in found:
                scores.setdefault(title, {}).setdefault(name, []).append(score)
    return scores


def _scored(stages: Sequence[Mapping], keys: Sequence[str]) -> list[tuple[str, float]]:
    return [
        (stage['title'] + _suffix(key), float(stage['metrics'][key]))
        for stage in stages
        for key in keys
        if key in stage['metrics']
    ]


def _suffix(key: str) -> str:
    return {'mIoU': '', 'crf/mIoU': ', CRF'}.get(key, f', {key}')


def pipeline_table(
    configs: Mapping[str, str], seeds: Sequence[int], root: Path, keys: Sequence[str] = SCORES
) -> str:
    """Write the scores of all stages as a table, mean ± sd over the seeds.

    Args:
        configs (Mapping[str, str]): Name in the table → config of a pipeline that has run.
        seeds (Sequence[int]): Seeds of each.
        root (Path): Folder of all runs.
        keys (Sequence[str]): The scores. Defaults to mIoU, with and without CRF.

    Returns:
        str: The table in Markdown: a row for each stage and score, a column for each pipeline.
    """
    lines = [f'| stage | {" | ".join(configs)} |', '| --- |' + ' --- |' * len(configs)]
    for title, row in stage_scores(configs, seeds, root, keys).items():
        cells = [score_cell(row[name]) if name in row else '' for name in configs]
        lines.append(f'| {title} | {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'
