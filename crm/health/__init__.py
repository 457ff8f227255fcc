"""Whether everything that should run runs: heartbeats of workers, readiness, the banner when something is missing."""
