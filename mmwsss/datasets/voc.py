"""Classes and colours of PASCAL VOC, in the benchmark's order."""

VOC_CLASSES = (
    'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow',
    'diningtable', 'dog', 'horse', 'motorbike', 'person', 'pottedplant', 'sheep', 'sofa',
    'train', 'tvmonitor',
)  # fmt: skip


def voc_palette(num_colors: int = 256) -> list[tuple[int, int, int]]:
    """Make VOC's colour map.

    Args:
        num_colors (int): Number of colours. Defaults to 256.

    Returns:
        list[tuple[int, int, int]]: RGB of each mask value, background (black) first.
    """
    palette = []
    for value in range(num_colors):
        rgb = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                rgb[channel] |= ((value >> (3 * bit + channel)) & 1) << (7 - bit)
        palette.append((rgb[0], rgb[1], rgb[2]))
    return palette
