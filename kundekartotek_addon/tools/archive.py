# SPDX-License-Identifier: LGPL-3.0-or-later
"""Verify an archive of the audit trail without the database that made it.

    python kundekartotek_addon/tools/archive.py ARCHIVE.zip [SEAL]

Needs Python 3.10 and nothing else. The format is described in docs/archive-format.md.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

FORMAT, VERSION = "kundekartotek-archive", 1
MANIFEST, EVENTS, SEALS = "manifest.json", "events.jsonl", "seals.jsonl"
CHUNK = 1 << 20


class ArchiveError(ValueError):
    """What is wrong with an archive, in words."""


@dataclass
class Result:
    """What an archive holds: number of events, seals of the chain, and lines by part."""

    events: int = 0
    seals: int = 0
    last_seal: str | None = None
    lines: dict[str, int] = field(default_factory=dict)


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal.

    >>> digest(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(content).hexdigest()


def verify(file: str | IO[bytes], known_seal: str | None = None) -> Result:
    """Check every part against the manifest, every event against its seal, and the chain of seals.

    :param file: path or open file of the archive
    :param known_seal: a seal kept outside the archive, which must be in it
    :raise ArchiveError: naming the first thing that is wrong
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _manifest(archive)
            result = Result()
            for part in manifest["parts"]:
                result.lines[part["name"]] = _verify_part(archive, part)
            _verify_chain(archive, result)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        if isinstance(error, ArchiveError):
            raise
        raise ArchiveError(f"This is no archive, or it is damaged: {error}") from error
    if known_seal and known_seal not in manifest["seals"]:
        raise ArchiveError(f"Seal {known_seal} is not in the archive")
    return result


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    manifest = json.loads(archive.read(MANIFEST))
    if manifest.get("format") != FORMAT:
        raise ArchiveError("This is no archive of a kundekartotek")
    if manifest.get("version") != VERSION:
        raise ArchiveError(f"Version {manifest.get('version')} of the format is unknown to this program")
    if archive.read(MANIFEST + ".sha256").decode().split()[0] != digest(archive.read(MANIFEST)):
        raise ArchiveError(f"{MANIFEST} was altered")
    unexpected = set(archive.namelist()) - {part["name"] for part in manifest["parts"]}
    unexpected -= {MANIFEST, MANIFEST + ".sha256"}
    if unexpected:
        raise ArchiveError(f"Not in the manifest: {', '.join(sorted(unexpected))}")
    return manifest


def _verify_part(archive: zipfile.ZipFile, part: dict[str, Any]) -> int:
    """:return: number of lines"""
    sha, lines = hashlib.sha256(), 0
    with archive.open(part["name"]) as stream:
        while chunk := stream.read(CHUNK):
            sha.update(chunk)
            lines += chunk.count(b"\n")
    if sha.hexdigest() != part["sha256"]:
        raise ArchiveError(f"{part['name']} was altered")
    return lines


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as stream:
        for line in stream:
            yield line.rstrip(b"\n")


def _verify_chain(archive: zipfile.ZipFile, result: Result) -> None:
    """Both files follow the chain: each event comes where its seal expects it."""
    seals = [json.loads(line) for line in _lines(archive, SEALS)]
    contents = [_seal_content(entry) for entry in seals]
    expired = {id_ for content in contents if content["kind"] == "tombstone" for id_ in content["event_ids"]}
    previous: tuple[str, int] | None = None
    events = _Events(_lines(archive, EVENTS))
    for entry, content in zip(seals, contents, strict=True):
        if not entry["outside"]:
            if previous and (content.get("previous"), content["number"]) != (previous[0], previous[1] + 1):
                raise ArchiveError(f"Seal {content['number']} does not follow the one before it")
            previous = entry["seal"], content["number"]
            result.seals += 1
        if content["kind"] == "events":
            events.verify_block(content, entry["leaves"], expired)
    if events.next is not None:
        raise ArchiveError(f"Event {json.loads(events.next).get('id')} was inserted: no seal holds it")
    result.events, result.last_seal = events.count, previous and previous[0]


def _seal_content(entry: dict[str, Any]) -> dict[str, Any]:
    """What was sealed, once the seal has been computed again from it."""
    content = json.loads(entry["content"])
    if digest(entry["content"].encode()) != entry["seal"]:
        raise ArchiveError(f"Seal {content['number']} was altered")
    return content


class _Events:
    """The events of an archive, read in the order of the chain."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines, self.count = lines, 0
        self.next = next(lines, None)

    def verify_block(self, content: dict[str, Any], leaves: list[str], expired: set[int]) -> None:
        """Check the events under one seal; those that have expired may be missing."""
        number = content["number"]
        if digest(bytes.fromhex("".join(leaves))) != content["leaves_hash"]:
            raise ArchiveError(f"The hashes under seal {number} were altered")
        for event_id, leaf in zip(content["event_ids"], leaves, strict=True):
            if self.next is not None and json.loads(self.next).get("id") == event_id:
                if digest(self.next) != leaf:
                    raise ArchiveError(f"Event {event_id}, under seal {number}, was altered")
                self.next, self.count = next(self._lines, None), self.count + 1
            elif event_id not in expired:
                raise ArchiveError(f"Event {event_id}, under seal {number}, is missing")


def main(arguments: list[str]) -> int:
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write(__doc__ or "")
        return 2
    try:
        result = verify(*arguments)
    except (ArchiveError, OSError) as error:
        sys.stdout.write(f"BROKEN: {error}\n")
        return 1
    sys.stdout.write(
        f"UNBROKEN: {result.events} events under {result.seals} seals, last {result.last_seal}\n"
    )
    sys.stdout.writelines(f"  {name}: {lines} lines\n" for name, lines in result.lines.items())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
