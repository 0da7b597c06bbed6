"""models.backbones of mmwsss."""
