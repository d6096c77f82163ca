"""What a home need not keep, by rule: runs in Dagster's history, announcements in the archive, remains.

How long is in `retention.csv`; `history` and `archive` each know one kind of thing, `prune` goes through
all. Published builds are thinned out as they are published, in `publishing.builds`.
"""
