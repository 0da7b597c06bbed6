"""structures of mmwsss."""
