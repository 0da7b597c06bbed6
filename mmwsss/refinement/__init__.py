"""refinement of mmwsss."""
