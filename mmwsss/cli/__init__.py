"""What the command-line tools share: options, configs and runners."""
