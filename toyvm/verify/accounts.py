"""Accounts: what trying a property came to, over a range of case numbers; and adding them, each case counting once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Record = Mapping[str, Any]
_LONGEST = 1e12  # seconds: whoever says more was not there


@dataclass(frozen=True, slots=True)
class Failure:
    """A case in which the claim does not hold."""

    seed: int  # its number
    wrong: str  # in lines
    regression: str | None = None  # the case, shrunk, as a file has it; None: it ended the process


@dataclass(slots=True)
class Account:
    """Cases of a property, from one number on."""

    property: str
    seed: int
    cases: int = 0
    seconds: float = 0.0
    left_open: list[int] = field(default_factory=list)  # numbers of cases
    failures: list[Failure] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_record(cls, record: Record) -> Account:
        """Raises LookupError, TypeError and ValueError for what is none."""
        account = cls(
            _text(record["property"]), _count(record["seed"]), _count(record["cases"]), _seconds(record["seconds"])
        )
        account.left_open += [account._own(seed) for seed in record["left_open"]]
        for one in record["failures"]:
            regression = None if one["regression"] is None else _text(one["regression"])
            account.failures.append(Failure(account._own(one["seed"]), _text(one["wrong"]), regression))
        return account

    def _own(self, number: Any) -> int:
        if not 0 <= _count(number) - self.seed < self.cases:
            raise ValueError(f"{number} is no case of {self.seed}..{self.seed + self.cases - 1}")
        return int(number)


class Total:
    """All that was tried of one property: a case that two accounts have is one case."""

    def __init__(self) -> None:
        self._accounts: dict[tuple[int, int], Account] = {}

    def add(self, account: Account) -> None:
        """What the same cases came to elsewhere may be another thing: a failure is one wherever it was seen."""
        known = self._accounts.setdefault((account.seed, account.cases), account)
        if known is not account:
            known.left_open = sorted({*known.left_open, *account.left_open})
            known.failures += [failure for failure in account.failures if failure not in known.failures]

    @property
    def accounts(self) -> list[Account]:
        """In the order of their numbers."""
        return [self._accounts[key] for key in sorted(self._accounts)]

    @property
    def cases(self) -> int:
        total = end = 0
        for account in self.accounts:
            last = account.seed + account.cases
            total += max(0, last - max(end, account.seed))
            end = max(end, last)
        return total

    @property
    def seconds(self) -> float:
        return sum(account.seconds for account in self._accounts.values())

    @property
    def left_open(self) -> list[int]:
        return sorted({seed for account in self._accounts.values() for seed in account.left_open})

    @property
    def failures(self) -> list[Failure]:
        found: dict[int, Failure] = {}
        for failure in (failure for account in self._accounts.values() for failure in account.failures):
            if failure.seed not in found or found[failure.seed].regression is None:
                found[failure.seed] = failure
        return [found[seed] for seed in sorted(found)]


def totals_of(accounts: Iterable[Account]) -> dict[str, Total]:
    """By property, in the order in which these come first."""
    totals: dict[str, Total] = {}
    for account in accounts:
        totals.setdefault(account.property, Total()).add(account)
    return totals


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _seconds(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value <= _LONGEST:
        raise ValueError(f"{value!r} is no time")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
