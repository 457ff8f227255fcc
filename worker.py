"""The worker process: builds the app once and runs the jobs of one queue."""
