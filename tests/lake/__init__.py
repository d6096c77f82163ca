"""A warehouse that many homes share: `make test-lake` runs these in an environment of their own."""
