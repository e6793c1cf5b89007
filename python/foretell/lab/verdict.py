"""Verdicts: measured figures against stated thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Size = Literal["toy", "quick", "full"]
Outcome = Literal["pass", "fail", "inconclusive"]

INFINITE = math.inf


@dataclass(frozen=True)
class Check:
    """One figure and the range in which it should lie.

    Attributes
    ----------
    what : str
        The figure in words, with its unit.
    value : float or None
        As measured; None where this run did not measure it.
    low, high : float
        The range, both ends allowed.
    kind : {"claim", "condition"}
        A claim that fails is a failed experiment. A condition is what must hold for the claims to mean something (a
        network has learned at all, say): where it fails, the run is inconclusive.
    full_only : bool
        Only a full run can show it: smaller ones print it and do not judge it.
    """

    what: str
    value: float | None
    low: float = -INFINITE
    high: float = INFINITE
    kind: Literal["claim", "condition"] = "claim"
    full_only: bool = False

    @property
    def holds(self) -> bool | None:
        """Whether the figure lies in its range; None where it was not measured. NaN lies in none."""
        return None if self.value is None else self.low <= self.value <= self.high

    @property
    def threshold(self) -> str:
        """Return the range in words."""
        if self.low == self.high:
            return f"= {self.low:.6g}"
        if self.low == -INFINITE:
            return f"≤ {self.high:.6g}"
        if self.high == INFINITE:
            return f"≥ {self.low:.6g}"
        return f"{self.low:.6g} … {self.high:.6g}"

    def as_dict(self) -> dict[str, Any]:
        """Return what `result.json` keeps."""
        return {
            "what": self.what,
            "value": self.value,
            "threshold": self.threshold,
            "kind": self.kind,
            "full_only": self.full_only,
            "holds": self.holds,
        }


def verdict(checks: Iterable[Check], size: Size = "full") -> Outcome:
    """Return what the checks together say.

    Inconclusive if a condition does not hold or was not measured; else fail if a claim does not hold; else inconclusive
    if a claim was not measured, or only a full run can show it and this is none; else pass. No checks are inconclusive.

    Examples
    --------
    >>> verdict([Check("bits", 3.0, high=4.0)])
    'pass'
    >>> verdict([Check("bits", 5.0, high=4.0), Check("steps", None)])
    'fail'
    >>> verdict([Check("bits", 5.0, high=4.0), Check("loss", 9.0, high=1.0, kind="condition")])
    'inconclusive'
    >>> verdict([Check("bits", 5.0, high=4.0, full_only=True)], "quick")
    'inconclusive'
    """
    checks = list(checks)
    if any(not check.holds for check in checks if check.kind == "condition"):
        return "inconclusive"
    claims = [check for check in checks if check.kind == "claim"]
    judged = [check.holds for check in claims if size == "full" or not check.full_only]
    if False in judged:
        return "fail"
    return "pass" if claims and len(judged) == len(claims) and None not in judged else "inconclusive"
