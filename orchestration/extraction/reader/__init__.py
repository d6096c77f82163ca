"""The learned reader: a small encoder that judges marked counts in their context.

`windows` says what it sees, `inference` runs it. How its answers become figures is for `judge` and
`resolve`; how it is trained is in `training/`, which nothing here needs.
"""
