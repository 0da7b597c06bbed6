"""What the clustering hook is made of: checks, features, schedule and records of a round."""
