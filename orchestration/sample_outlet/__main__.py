"""`python -m orchestration.sample_outlet`: the outlet alone, to look at it in a browser."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path

from orchestration.sample_outlet.articles import SampleArticleError
from orchestration.sample_outlet.server import HOST, serve


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m orchestration.sample_outlet", description=__doc__)
    parser.add_argument("--port", type=int, default=8765, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--articles", type=Path, help="folder of articles; default: the embedded ones")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.DEBUG, format="%(message)s")
    try:
        with serve(arguments.port, arguments.articles) as outlet:
            print(f"{HOST} stands at http://127.0.0.1:{outlet.port}/  (Ctrl+C ends it)", flush=True)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        pass
    except (SampleArticleError, OSError, OverflowError) as error:
        sys.exit(f"sample outlet: {error}")


if __name__ == "__main__":
    main()
