"""Run-length codes of masks: counts, and the bits that Label Studio packs them into."""

import numpy as np

_WORD, _SIZE = 8, 16  # bits of a value and of a length of a run
_LONGEST = 1 << _SIZE


def run_lengths(values: np.ndarray) -> list[int]:
    """Count the runs of equal values of a mask, as COCO's uncompressed code and CVAT do.

    Args:
        values (np.ndarray): Mask in the order of the code, bool (N,).

    Returns:
        list[int]: Lengths of the runs of False and True in turn; the first, of False, may be 0.
    """
    changes = np.flatnonzero(values[1:] != values[:-1]) + 1
    counts = np.diff(np.concatenate([[0], changes, [len(values)]])).tolist()
    return [0, *counts] if len(values) and values[0] else counts


def brush_code(mask: np.ndarray) -> list[int]:
    """Encode a mask as Label Studio's brush does: the code ``rle-pack`` of an RGBA image.

    A header of 32 bits for the number of values, 5 for the bits of a value, and 4 times 4 for the
    bits of a length; then, for each run, a bit that is 1, 2 bits that choose one of the four sizes
    of lengths, the length - 1, and the value. All four sizes are 16 bits here: it makes the code
    simple, and no longer than twice the shortest.

    Args:
        mask (np.ndarray): Mask, bool (H, W).

    Returns:
        list[int]: Bytes of the code, each in [0, 255].
    """
    head = f'{4 * mask.size:032b}{_WORD - 1:05b}' + f'{_SIZE - 1:04b}' * 4
    bits = [head]
    for index, count in enumerate(run_lengths(mask.ravel())):
        value = f'{255 * (index % 2):08b}'
        left = 4 * count  # R, G, B and alpha of a pixel are equal
        while left:
            length = min(left, _LONGEST)
            bits.append(f'111{length - 1:016b}{value}')
            left -= length
    text = ''.join(bits)
    return list(int(text.ljust(-(-len(text) // 8) * 8, '0'), 2).to_bytes(-(-len(text) // 8), 'big'))
