"""Where files are read: in processes of this machine, or on a Ray cluster. One face, one method.

An engine runs a function over paths and says of each what came of it. What the function does is not known
here.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pebble import ProcessExpired, ProcessPool

R = TypeVar("R")

TRIES = 2
"""How often a path is tried whose worker died."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """What came of one path: a result, or why there is none."""

    result: R | None = None
    why: str | None = None


class Engine(Protocol):
    """Runs a function over paths, wherever that is."""

    def map(self, function: Callable[[str], R], paths: Sequence[str]) -> Iterator[tuple[str, Outcome[R]]]:
        """Each path with its outcome, as they are done. A path that fails ends no other."""


class EngineError(RuntimeError):
    """An engine cannot be had here; the message says how it can."""


@dataclass(frozen=True, slots=True)
class Local:
    """Processes of this machine, made anew where one dies: out of memory, or killed."""

    workers: int

    def map(self, function: Callable[[str], R], paths: Sequence[str]) -> Iterator[tuple[str, Outcome[R]]]:
        """As of Engine; a worker that dies costs its path a try, and nothing else."""
        pool = ProcessPool(max_workers=self.workers, context=multiprocessing.get_context("spawn"))
        waiting = list(paths)[::-1]
        running: dict[Any, tuple[str, int]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < 2 * self.workers:
                    path = waiting.pop()
                    running[pool.schedule(function, (path,))] = (path, 1)
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    path, tries = running.pop(future)
                    error = future.exception()
                    if isinstance(error, ProcessExpired) and tries < TRIES:
                        running[pool.schedule(function, (path,))] = (path, tries + 1)
                    else:
                        yield path, _outcome(future, error)
        finally:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()


def _outcome(future: Any, error: BaseException | None) -> Outcome[Any]:
    if isinstance(error, ProcessExpired):
        return Outcome(
            why=f"its worker died {TRIES} times (exit code {error.exitcode}): out of memory, or killed"
        )
    if error is not None:
        return Outcome(why=f"{type(error).__name__}: {error}"[:500])
    return Outcome(future.result())


@dataclass(frozen=True, slots=True)
class Ray:
    """A Ray cluster: the one that RAY_ADDRESS names, else one of this machine. Files must be reachable from
    all.
    """

    workers: int

    def map(self, function: Callable[[str], R], paths: Sequence[str]) -> Iterator[tuple[str, Outcome[R]]]:
        """As of Engine. Raises EngineError where Ray is not installed."""
        try:
            import ray
        except ImportError:
            raise EngineError(
                "Ray is not installed: pip install 'laborledger[ray]', or --engine local"
            ) from None
        if not ray.is_initialized():
            ray.init(num_cpus=self.workers if not _is_cluster() else None, log_to_driver=False)
        task = ray.remote(num_cpus=1, max_retries=TRIES - 1, retry_exceptions=False)(_called)
        waiting = list(paths)[::-1]
        running: dict[Any, str] = {}
        while waiting or running:
            while waiting and len(running) < 2 * self.workers:
                path = waiting.pop()
                running[task.remote(function, path)] = path
            for reference in ray.wait(list(running), num_returns=1)[0]:
                path = running.pop(reference)
                try:
                    yield path, ray.get(reference)
                except ray.exceptions.RayError as error:
                    yield path, Outcome(why=f"its worker died {TRIES} times: {error}"[:500])


def _is_cluster() -> bool:
    import os

    return bool(os.environ.get("RAY_ADDRESS"))


def _called(function: Callable[[str], R], path: str) -> Outcome[R]:
    """The function's outcome: what it raises is told in plain words, which any machine can read."""
    try:
        return Outcome(function(path))
    except Exception as error:
        return Outcome(why=f"{type(error).__name__}: {error}"[:500])


ENGINES: dict[str, Callable[[int], Engine]] = {"local": Local, "ray": Ray}
"""By the names that `--engine` takes."""
