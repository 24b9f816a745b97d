# SPDX-License-Identifier: LGPL-3.0-or-later
"""What became of a unit between two answers of the register, as kinds of events that somebody acts on."""

from __future__ import annotations

from dataclasses import dataclass

# in order of gravity
KINDS = ("withdrawn", "deleted", "insolvency", "unknown", "restored", "vat", "name", "address", "details")
INSOLVENT = ("foreign_insolvency", "reconstruction", "winding_up", "compulsory_winding_up", "bankrupt")
BAD = ("deleted", *INSOLVENT)
GONE = ("withdrawn", "unknown")


@dataclass(frozen=True)
class Change:
    """``old`` and ``new`` are texts; statuses for what is about the status."""

    kind: str
    old: str
    new: str


@dataclass(frozen=True)
class Snapshot:
    """What is compared of a unit. ``known`` is False before the register has answered for it."""

    known: bool
    outcome: str = ""
    status: str = ""
    name: str = ""
    address: str = ""
    postal_address: str = ""
    vat_registered: bool = False
    details: str = ""

    def compare(self, after: Snapshot) -> list[Change]:
        """The changes from this to ``after``, the gravest first. Of a unit seen for the first time only what
        is bad is told.

        >>> before = Snapshot(True, "found", "active", "FJELLBEKK AS", vat_registered=True)
        >>> before.compare(Snapshot(True, "found", "bankrupt", "FJELLBEKK AS", vat_registered=False))
        [Change(kind='insolvency', old='active', new='bankrupt'), Change(kind='vat', old='yes', new='no')]
        >>> Snapshot(False).compare(before), Snapshot(False).compare(Snapshot(True, "unknown"))
        ([], [Change(kind='unknown', old='', new='')])
        >>> before.compare(Snapshot(True, "deleted", "deleted", "FJELLBEKK AS"))
        [Change(kind='deleted', old='active', new='deleted')]
        >>> Snapshot(True, "unknown", "active", "FJELLBEKK AS").compare(before)
        [Change(kind='restored', old='unknown', new='active')]
        """
        if not after.known:
            return []
        if after.outcome in GONE:
            gone = self.outcome == after.outcome
            return [] if gone else [Change(after.outcome, self.status, "")]
        changes = list(self._compare_status(after))
        if self.known and self.outcome == "found" and after.status != "deleted":
            changes += self._compare_rest(after)
        return changes

    def _compare_status(self, after: Snapshot):
        if self.outcome in GONE and after.status not in BAD:
            yield Change("restored", self.outcome, after.status)
        if after.status == self.status:
            return
        if after.status == "deleted":
            yield Change("deleted", self.status, after.status)
        elif after.status in INSOLVENT:
            yield Change("insolvency", self.status, after.status)
        elif self.status in BAD and self.outcome not in GONE:
            yield Change("restored", self.status, after.status)

    def _compare_rest(self, after: Snapshot):
        if after.vat_registered != self.vat_registered:
            yield Change("vat", *("yes" if each.vat_registered else "no" for each in (self, after)))
        for kind, names in (("name", ("name",)), ("address", ("address", "postal_address")), ("details", ("details",))):
            for name in names:
                old, new = getattr(self, name), getattr(after, name)
                if old != new and (new or name != "address"):
                    yield Change(kind, old, new)
