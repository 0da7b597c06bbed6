"""apis of mmwsss."""
