# SPDX-License-Identifier: LGPL-3.0-or-later
"""Child processes that end with the launcher, whichever way it ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from dev.cache import Problem, log_file

STOP_SECONDS = 20

_running: set[subprocess.Popen] = set()
_ending = threading.Event()


def end_on_signals() -> None:
    """Turn the signals that ask us to end into ``KeyboardInterrupt``, so that every ``finally`` runs."""

    def interrupt(signum, frame):
        raise KeyboardInterrupt

    for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(signum, interrupt)


def bound_to_us(command: Sequence[str]) -> list[str]:
    """The command, told by the kernel to end when its parent is killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *command] if setpriv else list(command)


def run(command: Sequence[str | Path], *, own_group: bool = True, **options) -> int:
    """Run a command to its end and return its exit status; an interruption ends it first.

    ``own_group`` keeps the terminal's Ctrl-C to us; an interactive command must stay in
    the terminal's group to be able to read from it, and gets the Ctrl-C instead of us.
    """
    with started(command, own_group=own_group, **options) as child, _left_to_child(not own_group):
        return child.wait()


@contextlib.contextmanager
def _left_to_child(left: bool) -> Iterator[None]:
    previous = signal.signal(signal.SIGINT, lambda signum, frame: None) if left else None
    try:
        yield
    finally:
        if left:
            signal.signal(signal.SIGINT, previous)


@contextlib.contextmanager
def started(command: Sequence[str | Path], *, own_group: bool = True, **options) -> Iterator[subprocess.Popen]:
    """A running command; when the block is left, it and all that it started have ended."""
    if _ending.is_set():
        raise Problem("Interrupted.")
    child = subprocess.Popen(bound_to_us([str(part) for part in command]), start_new_session=own_group, **options)
    _running.add(child)
    try:
        yield child
    except KeyboardInterrupt:
        if own_group:
            child.send_signal(signal.SIGINT)
        raise
    finally:
        _end(child, own_group)
        _running.discard(child)


@contextlib.contextmanager
def threads_ended() -> Iterator[None]:
    """Around a pool of threads: once they have ended, commands may be started again, to clear up."""
    try:
        yield
    finally:
        _ending.clear()


def end_all() -> None:
    """End the commands that other threads wait for, and let them start no more."""
    _ending.set()
    for child in list(_running):
        child.terminate()


def _end(child: subprocess.Popen, own_group: bool) -> None:
    try:
        if child.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(STOP_SECONDS if sys.exc_info()[0] is KeyboardInterrupt else 0)
        if child.poll() is None:
            child.terminate()
            child.wait(STOP_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        child.kill()
        child.wait()
    if own_group:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)


def quiet(command: Sequence[str | Path], log: str, failure: str, **options) -> None:
    """Run a command with its output in a log file; raise Problem(failure) with the log's end if it fails."""
    path = log_file(log)
    with open(path, "w") as output:
        status = run(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options)
    if status:
        lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
        raise Problem(f"{failure} The log is {path}; it ends:\n" + "\n".join(f"    {line}" for line in lines[-6:]))
