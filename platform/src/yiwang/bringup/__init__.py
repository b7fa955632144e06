"""From nothing to running sites on one machine: the one place that knows control and agents together."""
