"""Reads archives of others, WARC file by WARC file, into Parquet files: `laborledger read`.

A job of its own beside the ledger: nothing here knows a home, a build file or Dagster. How a page is read
is the business of `scraping`, what its text says that of `extraction`; both are asked as a run asks them.
"""
