"""What the clustering hook is made of: checks, features and schedules of a round."""
