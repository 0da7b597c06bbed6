"""evaluation of mmwsss."""
