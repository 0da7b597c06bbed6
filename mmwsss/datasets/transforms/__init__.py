"""datasets.transforms of mmwsss."""
