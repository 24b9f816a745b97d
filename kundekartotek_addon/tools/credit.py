# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a company's rules say of one customer and one document. No Odoo: figures in, findings out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

ACTIONS = ("nothing", "warn", "hold", "refuse")  # weakest first
STOPPING = ("hold", "refuse")
CENT = 0.005


class Rule(NamedTuple):
    """A line of a policy. What a number means depends on ``kind``, see ``find``."""

    kind: str
    action: str
    percent: float = 100.0
    amount: float = 0.0
    days: int = 0
    tolerance: float = 0.0
    name: str = ""


class Picture(NamedTuple):
    """What is known of a customer at the moment of a decision, the document under test included."""

    exposure: float = 0.0
    limit: float | None = None  # None: unlimited
    group_exposure: float = 0.0
    group_limit: float | None = None
    overdue: dict[tuple[int, float], float] = {}  # (days, tolerance) → net amount overdue by more than days
    oldest: dict[float, int] = {}  # tolerance → days that the oldest item above it is overdue
    review_late: int = 0  # days since the limit should have been reviewed
    register: str = ""  # what the public register says against the customer
    blocked: str = ""  # why a person blocked it for this kind of document


class Finding(NamedTuple):
    """A rule that the picture breaks: ``figure`` is what was measured, ``bound`` what is allowed."""

    rule: Rule
    figure: float = 0.0
    bound: float = 0.0
    text: str = ""

    @property
    def action(self) -> str:
        return self.rule.action


def find(rules: Iterable[Rule], picture: Picture) -> list[Finding]:
    """The broken rules, the strongest of each kind, strongest first. Rules that do nothing find nothing.

    >>> warn, hold = Rule("limit", "warn", percent=80), Rule("limit", "hold")
    >>> [f.action for f in find([warn, hold], Picture(exposure=80, limit=100))]
    ['warn']
    >>> [f.action for f in find([warn, hold], Picture(exposure=100, limit=100))]
    ['warn']
    >>> [f.action for f in find([warn, hold], Picture(exposure=101, limit=100))]
    ['hold']
    >>> find([warn, hold], Picture(exposure=1e9, limit=None))
    []
    >>> [f.action for f in find([warn, hold], Picture(exposure=0, limit=0))]
    []
    >>> [f.figure for f in find([hold], Picture(exposure=5, limit=100, group_exposure=70, group_limit=60))]
    [70]
    """
    strongest: dict[str, Finding] = {}
    for rule in rules:
        found = _breaks(rule, picture) if rule.action != "nothing" else None
        best = strongest.get(rule.kind)
        if found and (not best or ACTIONS.index(rule.action) > ACTIONS.index(best.action)):
            strongest[rule.kind] = found
    return sorted(strongest.values(), key=lambda finding: -ACTIONS.index(finding.action))


def verdict(findings: Iterable[Finding]) -> str:
    """The strongest action of the findings.

    >>> verdict([])
    'nothing'
    >>> verdict([Finding(Rule("limit", "warn")), Finding(Rule("overdue", "hold"))])
    'hold'
    """
    return max((finding.action for finding in findings), key=ACTIONS.index, default="nothing")


def _breaks(rule: Rule, picture: Picture) -> Finding | None:
    return _TESTS[rule.kind](rule, picture)


def _limit(rule: Rule, picture: Picture) -> Finding | None:
    """The customer's own limit first, then the group's: both must hold."""
    for exposure, limit, text in (
        (picture.exposure, picture.limit, ""),
        (picture.group_exposure, picture.group_limit, "group"),
    ):
        if limit is None or exposure < CENT:
            continue
        bound = limit * rule.percent / 100 + rule.tolerance
        over = exposure > bound + CENT
        if over or (rule.percent < 100 and exposure > bound - CENT):
            return Finding(rule, exposure, bound, text)
    return None


def _overdue(rule: Rule, picture: Picture) -> Finding | None:
    """``amount`` may be overdue by more than ``days``; an item whose rest is at most ``tolerance`` is none."""
    figure = picture.overdue.get((rule.days, rule.tolerance), 0.0)
    return Finding(rule, figure, rule.amount) if figure > rule.amount + CENT else None


def _oldest(rule: Rule, picture: Picture) -> Finding | None:
    figure = picture.oldest.get(rule.tolerance, 0)
    return Finding(rule, figure, rule.days) if figure > rule.days else None


def _review(rule: Rule, picture: Picture) -> Finding | None:
    """``days`` of grace after the day on which the limit should have been reviewed."""
    return Finding(rule, picture.review_late, rule.days) if picture.review_late > rule.days else None


def _register(rule: Rule, picture: Picture) -> Finding | None:
    return Finding(rule, text=picture.register) if picture.register else None


def _blocked(rule: Rule, picture: Picture) -> Finding | None:
    return Finding(rule, text=picture.blocked) if picture.blocked else None


_TESTS = {
    "limit": _limit,
    "overdue": _overdue,
    "oldest": _oldest,
    "review": _review,
    "register": _register,
    "blocked": _blocked,
}
