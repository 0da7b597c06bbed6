"""The checkpoint that a training run starts from."""


def fill_seed(load_from: str, seed: int | None) -> str:
    """Put the seed of the run in place of ``{seed}`` in the path of its initial checkpoint.

    Args:
        load_from (str): The path, such as 'work_dirs/cam/seed_{seed}.pth'. One without
            ``{seed}`` is left as it is.
        seed (int, optional): The config's ``randomness.seed``, None where it is not set.

    Returns:
        str: The path without a placeholder.

    Raises:
        ValueError: If the path needs a seed and there is none.
    """
    if '{seed}' not in load_from:
        return load_from
    if seed is None:
        raise ValueError(f'load_from={load_from} names a seed: set randomness.seed')
    return load_from.replace('{seed}', str(seed))
