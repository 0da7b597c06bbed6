"""Methods and pipelines compared over several seeds."""
