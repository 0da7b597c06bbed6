"""engine of mmwsss."""
