"""visualization of mmwsss."""
