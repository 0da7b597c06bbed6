"""models.heads of mmwsss."""
