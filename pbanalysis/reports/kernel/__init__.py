"""One notebook on one kernel: the warm parent, its forks, papermill's engine, and a report's job."""
