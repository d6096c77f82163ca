"""The embedded outlet that `make run` scrapes: its articles and its small HTTP server.

It imports nothing else of this project, so that scraping meets it as it meets any outlet: over HTTP.
"""
