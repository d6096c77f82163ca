"""Reads whole press archives: WARC files in, tables of figures out, one set of Parquet files for each.

`prefilter` stops nearly all pages by their bytes, `records` gives the others, `work` parses and extracts
them as a run does, `shelf` keeps what came of a file, `engines` share the files out. No ledger is written.
"""
