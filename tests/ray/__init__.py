"""`read` on a Ray cluster of this machine: `make test-ray` runs these in an environment of their own."""
