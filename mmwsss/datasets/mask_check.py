"""Masks of the right form whose values mean something else, seen from the whole set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mmwsss.structures import IGNORED

# Above this share of ignored pixels, or of masks that contradict the tags, something is wrong.
MOST = 0.5
# What fewer images say may be chance: a warning in place of a fault.
FEW = 3


class MaskCounts(NamedTuple):
    """What one mask says.

    Attributes:
        path (str): File of the mask.
        pixels (np.ndarray): Number of pixels of each value, int64 (256,).
        tags (frozenset[int] | None): Indices of the classes that the image is tagged with; None if
            the dataset has no tags.
    """

    path: str
    pixels: np.ndarray
    tags: frozenset[int] | None

    def shown(self, num_classes: int) -> set[int]:
        """Return the indices of the classes in the mask."""
        return set(np.flatnonzero(self.pixels[1 : num_classes + 1]).tolist())


@dataclass
class MaskFindings:
    """What is wrong with the masks of a set.

    Attributes:
        faults (list[str]): What makes every measurement wrong, a line each.
        warnings (list[str]): What may be meant, a line each.
    """

    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def judge_masks(masks: Iterable[MaskCounts], classes: Sequence[str], name: str) -> MaskFindings:
    """Judge the masks of a set together, and against the tags of their images.

    Args:
        masks (Iterable[MaskCounts]): The masks.
        classes (Sequence[str]): Names of the C foreground classes; value i + 1 is class i.
        name (str): What the set is called in the findings.

    Returns:
        MaskFindings: The findings, each with counts and an example.
    """
    masks = list(masks)
    findings = MaskFindings()
    if not masks:
        return findings
    if not any(mask.shown(len(classes)) for mask in masks):
        findings.faults.append(_no_class(masks, classes, name))
        return findings
    ignored = sum(int(mask.pixels[IGNORED]) for mask in masks)
    share = ignored / max(1, sum(int(mask.pixels.sum()) for mask in masks))
    if share > MOST:
        findings.warnings.append(
            f'{name}: {100 * share:.0f} % of the pixels of {len(masks)} masks are {IGNORED}, which '
            f'is ignored, for example {_most_ignored(masks).path}; save another value if that is '
            'not meant'
        )
    of_tags = tag_findings(masks, classes, name)
    return MaskFindings(findings.faults + of_tags.faults, findings.warnings + of_tags.warnings)


def _no_class(masks: list[MaskCounts], classes: Sequence[str], name: str) -> str:
    example = _most_ignored(masks)
    values = ' and '.join(map(str, np.flatnonzero(example.pixels)))
    return (
        f'{name}: none of {len(masks)} masks shows a class, for example {example.path}, which has '
        f'nothing but {values}; save the indices of the classes, 1 for {classes[0]!r} and so on (0 '
        f'is background, {IGNORED} is ignored)'
    )


def _most_ignored(masks: list[MaskCounts]) -> MaskCounts:
    return max(masks, key=lambda mask: mask.pixels[IGNORED] / max(1, mask.pixels.sum()))


def tag_findings(masks: Sequence[MaskCounts], classes: Sequence[str], name: str) -> MaskFindings:
    """Find classes that are tagged but never in the masks, and those that are there untagged.

    Args:
        masks (Sequence[MaskCounts]): The masks; those without tags are passed over.
        classes (Sequence[str]): Names of the C foreground classes; value i + 1 is class i.
        name (str): What the set is called in the findings.

    Returns:
        MaskFindings: The findings, each with counts and an example.
    """
    findings = MaskFindings()
    tagged = [mask for mask in masks if mask.tags is not None]
    shown = [mask.shown(len(classes)) for mask in tagged]
    for index, label in enumerate(classes):
        named = [i for i, mask in enumerate(tagged) if index in (mask.tags or ())]
        seen = [i for i, labels in enumerate(shown) if index in labels]
        untagged = sorted(set(seen) - set(named))
        if named and not set(seen) & set(named):
            line = (
                f'{name}: {label!r} is a tag of {len(named)} images, but value {index + 1} is in '
                f'the mask of none of them, for example {tagged[named[0]].path}; compare the order '
                'of the classes with the values of the masks'
            )
            (findings.faults if len(named) >= FEW else findings.warnings).append(line)
        elif len(untagged) > MOST * len(seen):
            line = (
                f'{name}: {len(untagged)} of {len(seen)} masks with {label!r} (value {index + 1}) '
                f'belong to images without that tag, for example {tagged[untagged[0]].path}; '
                'correct the tags, or the values of the masks'
            )
            (findings.faults if len(untagged) >= FEW else findings.warnings).append(line)
    return findings
