"""The tests, as a package, so that the scorer and the drivers run with `python -m tests....`."""
