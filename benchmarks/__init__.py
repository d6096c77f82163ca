"""Measures `laborledger extract`: how many articles a second, from when, in how much memory.

Only measuring belongs here. What is wanted of the extractor is a column of what `make bench` prints; no
test asserts a time.
"""
