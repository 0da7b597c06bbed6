"""Masks of the right form whose values mean something else."""

import numpy as np
import pytest

from mmwsss.datasets.mask_check import MaskCounts, MaskFindings, judge_masks

CLASSES = ('cat', 'dog', 'cow')


def counts(name: str, tags: tuple[int, ...] | None = None, **pixels: int) -> MaskCounts:
    """Counts of a mask, given as v0=…, v255=…"""
    values = np.zeros(256, np.int64)
    for value, count in pixels.items():
        values[int(value[1:])] = count
    return MaskCounts(f'masks/{name}.png', values, None if tags is None else frozenset(tags))


def judge(*masks: MaskCounts) -> MaskFindings:
    return judge_masks(masks, CLASSES, 'val')


def test_masks_that_agree_with_their_tags_are_no_finding():
    masks = [counts('a', (0,), v0=5, v1=2), counts('b', (1, 2), v0=5, v2=2, v3=1, v255=1)]
    assert judge(*masks, counts('c', (), v0=9)) == MaskFindings()
    assert judge() == MaskFindings()


@pytest.mark.parametrize('pixels', [dict(v0=4, v255=5), dict(v0=9), dict(v255=9)])
def test_masks_without_any_class_are_a_fault_with_an_example(pixels):
    findings = judge(counts('a', v0=9), counts('b', **pixels))
    assert len(findings.faults) == 1 and not findings.warnings
    assert findings.faults[0].startswith('val: none of 2 masks shows a class, for example masks/')
    assert "save the indices of the classes, 1 for 'cat'" in findings.faults[0]
    values = ' and '.join(value[1:] for value in pixels)
    assert f'nothing but {values};' in findings.faults[0] or pixels == dict(v0=9)


def test_mostly_ignored_masks_are_a_warning():
    assert judge(counts('a', v1=5, v255=5)) == MaskFindings()
    findings = judge(counts('a', v1=5, v255=5), counts('b', v1=1, v255=3))
    assert not findings.faults
    (warning,) = findings.warnings
    assert '57 % of the pixels of 2 masks are 255' in warning and 'masks/b.png' in warning


@pytest.mark.parametrize(('number', 'serious'), [(1, False), (2, False), (3, True), (7, True)])
def test_a_tag_that_no_mask_shows_is_told_with_counts(number, serious):
    masks = [counts(f'd{i}', (0, 1), v0=5, v1=2) for i in range(number)]
    findings = judge(counts('a', (0,), v0=5, v1=2), *masks)
    found, none = (findings.faults, findings.warnings)[:: 1 if serious else -1]
    assert not none and len(found) == 1
    assert f"'dog' is a tag of {number} images, but value 2 is in the mask of none" in found[0]
    assert 'masks/d0.png' in found[0]


def test_classes_in_another_order_are_told_both_ways():
    cats = [counts(f'c{i}', (0,), v0=5, v2=2) for i in range(4)]
    dogs = [counts(f'd{i}', (1,), v0=5, v1=2) for i in range(5)]
    findings = judge(*cats, *dogs)
    assert not findings.warnings
    assert [fault.split(' is ')[0] for fault in findings.faults] == ["val: 'cat'", "val: 'dog'"]


def test_a_class_that_is_mostly_untagged_is_told_with_counts():
    tagged = [counts(f't{i}', (0, 1), v1=1, v2=1) for i in range(3)]
    half = [counts(f'u{i}', (0,), v1=1, v2=1) for i in range(3)]
    assert judge(*tagged, *half) == MaskFindings()
    (fault,) = judge(*tagged, *half, counts('u3', (0,), v1=1, v2=1)).faults
    assert "4 of 7 masks with 'dog' (value 2) belong to images without that tag" in fault
    assert 'masks/u0.png' in fault
    (warning,) = judge(counts('a', (0,), v1=1), counts('u0', (0,), v1=1, v2=1)).warnings
    assert "1 of 1 masks with 'dog'" in warning


def test_masks_without_tags_are_not_compared():
    assert judge(counts('a', None, v0=5, v2=2)) == MaskFindings()
