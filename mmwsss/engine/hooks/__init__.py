"""engine.hooks of mmwsss."""
