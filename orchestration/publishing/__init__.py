"""Build file to published file: gate, copy, manifest, and what reads the published marts."""
