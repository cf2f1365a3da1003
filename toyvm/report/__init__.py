"""Reports of runs, as JSON."""
