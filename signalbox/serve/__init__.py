"""``signalbox serve``: a parent that holds the port, and worker processes that answer on it."""
