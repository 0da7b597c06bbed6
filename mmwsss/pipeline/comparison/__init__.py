"""Methods compared over several seeds."""
