"""The report: one HTML page on the published file, and its charts as SVG and PNG.

`data` asks the file, `charts` draws, `page` words and lays out, `write` puts files in place. Nothing here
adds figures up in another way than the marts do.
"""
