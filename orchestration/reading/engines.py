"""How the files of an archive are shared out: one after the other, over processes, over a cluster of Ray.

An engine takes a function and paths, and gives for each path what became of it, as it is done. A worker that
dies costs its file an error, never the others.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Protocol

Work = Callable[[str], str]
"""Reads the file of a path and keeps its tables; gives a line on it. Raises what goes wrong."""
TRIES = 2
"""A file whose worker died is given to another once: it may not be what killed it."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a file: a line on it, or why it could not be read."""

    path: str
    line: str = ""
    error: str = ""


class Engine(Protocol):
    """Shares files out."""

    def run(self, work: Work, paths: Sequence[str]) -> Iterator[Done]:
        """Each path with what became of it, in the order in which they are done."""


@dataclass(frozen=True, slots=True)
class Local:
    """Processes of this machine; each file is given out alone, so that a dead worker costs few."""

    workers: int

    def run(self, work: Work, paths: Sequence[str]) -> Iterator[Done]:
        """As Engine says. Ctrl-C ends the workers; what is kept is kept."""
        left = list(paths)
        for attempt in range(1, TRIES + 1):
            broken: list[str] = []
            # After a death each of the suspects has a process of its own.
            for group in [left] if attempt == 1 else [[path] for path in left]:
                for done in self._once(work, group):
                    if done.error == DIED and attempt < TRIES:
                        broken.append(done.path)
                    else:
                        yield done
            left = broken

    def _once(self, work: Work, paths: Sequence[str]) -> Iterator[Done]:
        if not paths:
            return
        # Not forked: threads of the reader's runtime do not survive it.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(min(self.workers, len(paths)), mp_context=context)
        try:
            going: dict[Future[str], str] = {pool.submit(work, path): path for path in paths}
            for future in as_completed(going):
                yield _outcome(future, going[future])
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


DIED = "its worker died (killed, or out of memory)"


def _outcome(future: Future[str], path: str) -> Done:
    try:
        return Done(path, future.result())
    except BrokenProcessPool:
        return Done(path, error=DIED)
    except Exception as error:
        return Done(path, error=f"{type(error).__name__}: {error}"[:500])


@dataclass(frozen=True, slots=True)
class Ray:
    """A cluster of Ray: the one that RAY_ADDRESS names, else one of this machine's own."""

    workers: int

    def run(self, work: Work, paths: Sequence[str]) -> Iterator[Done]:
        """As Engine says; Ray itself tries a file again whose worker died."""
        import ray

        ray.init(num_cpus=None if ray.is_initialized() else self.workers, log_to_driver=False)
        task = ray.remote(max_retries=TRIES - 1)(work)
        going = {task.remote(path): path for path in paths}
        try:
            while going:
                (ready,), _ = ray.wait([*going], num_returns=1)
                path = going.pop(ready)
                try:
                    yield Done(path, ray.get(ready))
                except ray.exceptions.WorkerCrashedError:
                    yield Done(path, error=DIED)
                except ray.exceptions.RayError as error:
                    yield Done(path, error=str(error).strip().splitlines()[-1][:500])
        finally:
            ray.shutdown()
