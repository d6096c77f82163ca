"""Dagster definitions only, thin: everything in this folder is imported and collected."""
