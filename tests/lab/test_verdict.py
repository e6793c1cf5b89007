from __future__ import annotations

import doctest

import pytest
from foretell.lab import instruments, verdict
from foretell.lab.verdict import Check


@pytest.mark.parametrize("module", [instruments, verdict])
def test_examples(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_thresholds_in_words() -> None:
    assert Check("x", 1, 2, 2).threshold == "= 2"
    assert Check("x", 1, low=2).threshold == "≥ 2"
    assert Check("x", 1, high=2).threshold == "≤ 2"
    assert Check("x", 1, 2, 3).threshold == "2 … 3"


def test_what_holds() -> None:
    assert Check("x", 2, 2, 2).holds
    assert Check("x", float("nan"), low=0).holds is False
    assert Check("x", None).holds is None


def test_verdicts() -> None:
    good, bad, unknown = Check("x", 1, high=1), Check("x", 2, high=1), Check("x", None)
    condition = Check("x", 2, high=1, kind="condition")
    assert verdict.verdict([good]) == "pass"
    assert verdict.verdict([good, bad]) == "fail"
    assert verdict.verdict([good, unknown]) == "inconclusive"
    assert verdict.verdict([bad, unknown]) == "fail"
    assert verdict.verdict([bad, condition]) == "inconclusive"
    assert verdict.verdict([Check("x", 1, high=1, kind="condition")]) == "inconclusive"
    assert verdict.verdict([]) == "inconclusive"


def test_only_a_full_run_is_judged_on_what_only_it_can_show() -> None:
    checks = [Check("x", 1, high=1), Check("y", 2, high=1, full_only=True)]
    assert verdict.verdict(checks, "quick") == "inconclusive"
    assert verdict.verdict(checks, "full") == "fail"
