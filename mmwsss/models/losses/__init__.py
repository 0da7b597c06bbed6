"""models.losses of mmwsss."""
