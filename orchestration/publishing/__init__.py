"""From a checked build to the published file, and what reads that file.

The only Python that reads marts. Nothing here writes the build file, scrapes or extracts.
"""

MARTS = "marts"
"""The schema that is published."""


class PublishError(RuntimeError):
    """Nothing was published and the published file is as it was; the message says why and the cure."""
