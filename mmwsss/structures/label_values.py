"""Values of the pixels of masks and labels: 0 is background, i + 1 class i."""

IGNORED = 255  # neither trained on nor measured
