"""models.classifiers of mmwsss."""
