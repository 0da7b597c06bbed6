"""The folder of a stage: what a run has begun there, and what may be removed."""

import shutil
from dataclasses import asdict
from pathlib import Path

from mmwsss.structures import read_json
from mmwsss.structures.tables import write_json

from .records import RECORD_NAME, Dependencies

BEGUN_NAME = 'begun.json'


def mark_begun(folder: Path, made_from: Dependencies) -> None:
    """Note what a run begins with.

    Args:
        folder (Path): Folder of the stage; made if there is none.
        made_from (Dependencies): Fingerprints of everything that the output will depend on.
    """
    write_json(folder / BEGUN_NAME, asdict(made_from))


def read_begun(folder: Path) -> Dependencies | None:
    """Read what a run has begun with.

    Args:
        folder (Path): Folder of the stage.

    Returns:
        Dependencies | None: What :func:`mark_begun` wrote; None if it wrote nothing, or a run was
        killed while it did.
    """
    try:
        return Dependencies(**read_json(folder / BEGUN_NAME, 'the stage begins again'))
    except (OSError, ValueError, TypeError):
        return None


def require_own(folder: Path) -> None:
    """Check that a folder is that of a stage, or holds nothing.

    Args:
        folder (Path): The folder; it need not exist.

    Raises:
        ValueError: If it holds files, but not those of a stage, so that they are not ours to
            remove.
    """
    ours = (folder / BEGUN_NAME).exists() or (folder / RECORD_NAME).exists()
    if not ours and folder.exists() and any(folder.iterdir()):
        raise ValueError(f'{folder}: holds files, but not those of a stage; take another work_dir')


def clear(folder: Path) -> None:
    """Remove what another run left.

    Args:
        folder (Path): Folder of the stage; it need not exist.

    Raises:
        ValueError: See :func:`require_own`.
    """
    require_own(folder)
    if not folder.exists():
        return
    # The records last: an interrupted removal can then be repeated.
    for path in sorted(folder.iterdir(), key=lambda path: path.name in (BEGUN_NAME, RECORD_NAME)):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
