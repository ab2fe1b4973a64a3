"""What an operator does to a running pipeline: redrive, rebuild, set thresholds."""
