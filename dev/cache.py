# SPDX-License-Identifier: LGPL-3.0-or-later
"""The folder ``.cache/``: what is built once and kept, locks between commands, progress shown."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
ADDON = ROOT / "kundekartotek_addon"

SHOW_AFTER_SECONDS = 2.0


class Problem(Exception):
    """Something the user can mend. Its text is all that is shown: what is wrong and what to do."""


def digest(*parts: bytes | str) -> str:
    """Ten hexadecimal digits that change when any part changes."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sha.update(len(data).to_bytes(8, "big") + data)
    return sha.hexdigest()[:10]


def say(text: str) -> None:
    """Tell the user something, on standard error: standard output belongs to the command."""
    print(text, file=sys.stderr, flush=True)


def log_file(name: str) -> Path:
    """The path of a log, its folder made."""
    folder = CACHE / "log"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Show a step that takes over two seconds: its title while it runs, its time when it is done."""
    started, done = time.monotonic(), threading.Event()
    terminal = sys.stderr.isatty()

    def tick() -> None:
        wait = SHOW_AFTER_SECONDS
        while not done.wait(wait):
            seconds = time.monotonic() - started
            print(
                f"\r  {title} … {seconds:3.0f} s " if terminal else f"  {title} …",
                end="" if terminal else "\n",
                file=sys.stderr,
                flush=True,
            )
            wait = 1.0 if terminal else 3600.0

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    ended = "stopped after "
    try:
        yield
        ended = ""
    finally:
        done.set()
        ticker.join()
        seconds = time.monotonic() - started
        if seconds >= SHOW_AFTER_SECONDS:
            start = "\r" if terminal else ""
            say(f"{start}  {title}: {ended}{seconds:.0f} s   ")


@contextlib.contextmanager
def lock(name: str, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock between commands; the kernel lets go of it however its holder dies."""
    with open(lock_path(name), "a") as handle:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            with step(f"Waiting for another ./kk ({name})"):
                fcntl.flock(handle, kind)
        yield


def lock_path(name: str) -> Path:
    folder = CACHE / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def built(target: Path, title: str, build: Callable[[Path], None]) -> Path:
    """``target``, a folder that ``build(target)`` fills unless an earlier run finished it.

    The stamp is written last, so whatever an interrupted run left behind is thrown away.
    """
    stamp = target / ".complete"
    if not stamp.exists():
        with lock(target.name):
            if not stamp.exists():
                remove(target)
                target.mkdir(parents=True)
                with step(title):
                    build(target)
                stamp.touch()
    return target


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        path.unlink()
