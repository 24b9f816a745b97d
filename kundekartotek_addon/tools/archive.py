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
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import IO, Any

FORMAT, VERSION = "kundekartotek-archive", 1
MANIFEST, EVENTS, SEALS = "manifest.json", "events.jsonl", "seals.jsonl"
CHUNK = 1 << 20
UTC = timezone.utc  # noqa: UP017  Python 3.10 has no other name for it
MONTH, FIVE_YEARS = timedelta(days=28), timedelta(days=5 * 365 + 1)
# What reading meets where bytes are not what they were: in the ZIP file, in its streams, in the JSON.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, AttributeError, LookupError, TypeError, ValueError,
)  # fmt: skip

MESSAGES = {
    "damaged": "This is no archive of a kundekartotek, or it is damaged: {detail}",
    "version": "Version {detail} of the format is unknown to this program",
    "part": "{detail} was altered",
    "unexpected": "Not in the manifest: {detail}",
    "chain": "Seal {seal} was altered, removed or replaced",
    "altered": "Event {event_id}, under seal {seal}, was altered",
    "missing": "Event {event_id}, under seal {seal}, is missing",
    "inserted": "Event {event_id} was inserted: no seal holds it",
    "unknown": "Seal {seal} is not in the archive",
}


class ArchiveError(ValueError):
    """What is wrong with an archive: a key of ``MESSAGES``, and what to put into the words."""

    def __init__(self, kind: str, **values: Any) -> None:
        super().__init__(MESSAGES[kind].format(**values))
        self.kind, self.values = kind, values


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
    except DAMAGE as error:
        if isinstance(error, ArchiveError):
            raise
        raise ArchiveError("damaged", detail=error) from error
    if known_seal and known_seal not in manifest["seals"]:
        raise ArchiveError("unknown", seal=known_seal)
    return result


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    manifest = json.loads(archive.read(MANIFEST))
    if manifest.get("format") != FORMAT:
        raise ArchiveError("damaged", detail=MANIFEST)
    if manifest.get("version") != VERSION:
        raise ArchiveError("version", detail=manifest.get("version"))
    if archive.read(MANIFEST + ".sha256").decode().split()[0] != digest(archive.read(MANIFEST)):
        raise ArchiveError("part", detail=MANIFEST)
    unexpected = set(archive.namelist()) - {part["name"] for part in manifest["parts"]}
    unexpected -= {MANIFEST, MANIFEST + ".sha256"}
    if unexpected:
        raise ArchiveError("unexpected", detail=", ".join(sorted(unexpected)))
    return manifest


def _verify_part(archive: zipfile.ZipFile, part: dict[str, Any]) -> int:
    """:return: number of lines"""
    sha, lines = hashlib.sha256(), 0
    with archive.open(part["name"]) as stream:
        while chunk := stream.read(CHUNK):
            sha.update(chunk)
            lines += chunk.count(b"\n")
    if sha.hexdigest() != part["sha256"]:
        raise ArchiveError("part", detail=part["name"])
    return lines


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as stream:
        for line in stream:
            yield line.rstrip(b"\n")


def _verify_chain(archive: zipfile.ZipFile, result: Result) -> None:
    """Both files follow the chain: each event comes where its seal expects it."""
    seals = [json.loads(line) for line in _lines(archive, SEALS)]
    contents = [_seal_content(entry) for entry in seals]
    tombstones = [content for content in contents if content["kind"] == "tombstone"]
    previous: tuple[str, int] | None = None
    events = _Events(_lines(archive, EVENTS))
    for entry, content in zip(seals, contents, strict=True):
        if not entry["outside"]:
            if previous and (content.get("previous"), content["number"]) != (previous[0], previous[1] + 1):
                raise ArchiveError("chain", seal=content["number"])
            previous = entry["seal"], content["number"]
            result.seals += 1
        if content["kind"] == "events":
            events.verify_block(content, entry["leaves"], _expired(content, tombstones))
    if events.next is not None:
        raise ArchiveError("inserted", event_id=json.loads(events.next).get("id"))
    result.events, result.last_seal = events.count, previous and previous[0]


def _seal_content(entry: dict[str, Any]) -> dict[str, Any]:
    """What was sealed, once the seal has been computed again from it."""
    content = json.loads(entry["content"])
    if digest(entry["content"].encode()) != entry["seal"]:
        raise ArchiveError("chain", seal=content["number"])
    return content


def _expired(block: dict[str, Any], tombstones: list[dict[str, Any]]) -> set[int]:
    """The events of a block that a tombstone accounts for, by a rule that fits the age of the block: looks are kept
    for a month at least, the rest for five years. A tombstone of a day to come accounts for nothing."""
    ids, looks = set(block["event_ids"]), set(block["details"]["looks"])
    expired: set[int] = set()
    for tombstone in tombstones:
        made, cutoff = _time(tombstone["date"]), _time(tombstone["details"]["cutoff"])
        if made > datetime.now(UTC) or cutoff > made - MONTH or _time(block["oldest"]) >= cutoff:
            continue
        expired |= ids.intersection(tombstone["event_ids"]) & (ids if cutoff <= made - FIVE_YEARS else looks)
    return expired


def _time(text: str) -> datetime:
    """A time of a seal, to the second.

    >>> _time("2026-11-23T10:04:59.12")
    datetime.datetime(2026, 11, 23, 10, 4, 59, tzinfo=datetime.timezone.utc)
    """
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)


class _Events:
    """The events of an archive, read in the order of the chain."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines, self.count = lines, 0
        self.next = next(lines, None)

    def verify_block(self, content: dict[str, Any], leaves: list[str], expired: set[int]) -> None:
        """Check the events under one seal; those that have expired may be missing."""
        number = content["number"]
        if digest(bytes.fromhex("".join(leaves))) != content["leaves_hash"]:
            raise ArchiveError("chain", seal=number)
        for event_id, leaf in zip(content["event_ids"], leaves, strict=True):
            if self.next is not None and json.loads(self.next).get("id") == event_id:
                if digest(self.next) != leaf:
                    raise ArchiveError("altered", event_id=event_id, seal=number)
                self.next, self.count = next(self._lines, None), self.count + 1
            elif event_id not in expired:
                raise ArchiveError("missing", event_id=event_id, seal=number)


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
