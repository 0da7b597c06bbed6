"""datasets of mmwsss."""
