"""`read s3://...` from a store on loopback: `make test-s3` runs these in an environment of their own."""
