"""Several pipelines over several seeds in one table."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mmengine.config import Config

from mmwsss.apis.comparison import score_cell

from .pipeline import RESULTS_NAME, Pipeline

SCORES = ('mIoU', 'crf/mIoU')


def run_folder(root: Path, config: str, seed: int) -> Path:
    """Where the run of a pipeline with a seed keeps its files."""
    return root / Path(config).stem / f'seed_{seed}'


def run_pipelines(
    configs: Mapping[str, str],
    seeds: Sequence[int],
    root: Path,
    stages: Sequence[str] | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Run every pipeline with every seed; what is done is skipped.

    Args:
        configs: name in the table → config of a pipeline.
        seeds: of each.
        root: has a folder for each run.
        stages: names of the stages to run; None: all.
        say: takes a line on what happens.
    """
    for seed in seeds:
        for name, config in configs.items():
            say(f'==== {name}, seed {seed}')
            pipeline = Pipeline.from_config(
                Config.fromfile(config), work_dir=run_folder(root, config, seed), seed=seed
            )
            pipeline.check()
            pipeline.run(stages, say=say)


def stage_scores(
    configs: Mapping[str, str], seeds: Sequence[int], root: Path, keys: Sequence[str] = SCORES
) -> dict[str, dict[str, list[float]]]:
    """Scores of every stage: title, and the score if it is not mIoU → name → one a seed."""
    scores: dict[str, dict[str, list[float]]] = {}
    for name, config in configs.items():
        for seed in seeds:
            path = run_folder(root, config, seed) / RESULTS_NAME
            for stage in json.loads(path.read_bytes()):
                for key in keys:
                    if key in stage['metrics']:
                        title = stage['title'] + _suffix(key)
                        row = scores.setdefault(title, {})
                        row.setdefault(name, []).append(stage['metrics'][key])
    return scores


def _suffix(key: str) -> str:
    return {'mIoU': '', 'crf/mIoU': ', CRF'}.get(key, f', {key}')


def pipeline_table(
    configs: Mapping[str, str], seeds: Sequence[int], root: Path, keys: Sequence[str] = SCORES
) -> str:
    """A Markdown table: a row a stage and score, a column a pipeline; mean ± sd over seeds."""
    lines = [f'| stage | {" | ".join(configs)} |', '| --- |' + ' --- |' * len(configs)]
    for title, row in stage_scores(configs, seeds, root, keys).items():
        cells = [score_cell(row[name]) if name in row else '' for name in configs]
        lines.append(f'| {title} | {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'
