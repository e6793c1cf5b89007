"""What foretell's levels are held to, in one table, and whether a ratio.json meets it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ratio_corpora import SILESIA
from ratio_figures import Cases, kilobytes_per_second, of_corpus, totals

MET, MISSED, NOT_MEASURED = "met", "MISSED", "not measured"
Results = Mapping[str, Any]  # "cases" and "startup" of ratio.json

LEVEL_1, LEVEL_5, XZ = "foretell -1", "foretell -5", "xz -9e"


@dataclass(frozen=True)
class Target:
    """A bound on one number.

    Attributes
    ----------
    name : str
    measure : callable
        Takes the results; returns the number, or None if what it needs was not measured.
    at_most, at_least : float or None
        One of them is the bound.
    """

    name: str
    measure: Callable[[Results], float | None]
    at_most: float | None = None
    at_least: float | None = None

    def verdict(self, results: Results) -> tuple[str, float | None]:
        """Return MET, MISSED or NOT_MEASURED, and the number."""
        number = self.measure(results)
        if number is None:
            return NOT_MEASURED, None
        if self.at_most is not None:
            return (MET if number <= self.at_most else MISSED), number
        assert self.at_least is not None
        return (MET if number >= self.at_least else MISSED), number


def _value(corpus: str, level: str, number: Callable[[Mapping[str, Any]], float]) -> Callable[[Results], float | None]:
    def measure(results: Results) -> float | None:
        row = totals(results["cases"], corpus).get(level)
        return None if row is None else number(row)

    return measure


def _size(corpus: str, level: str) -> Callable[[Results], float | None]:
    return _value(corpus, level, lambda row: float(row["file_bytes"]))


def _ratio(corpus: str, level: str, way: str) -> Callable[[Results], float | None]:
    def measure(results: Results) -> float | None:
        ratio = totals(results["cases"], corpus).get(level, {}).get(f"{way}_ratio")
        return None if ratio is None else float(ratio)

    return measure


def _rate(corpus: str, level: str, way: str) -> Callable[[Results], float | None]:
    return _value(corpus, level, lambda row: kilobytes_per_second(row, way))


def _silesia(measure: Callable[[Results], float | None]) -> Callable[[Results], float | None]:
    """Do not judge by a part of the twelve files."""
    return lambda results: measure(results) if len(of_corpus(results["cases"], "silesia")) == len(SILESIA) else None


def _worst(numbers: Iterable[float]) -> float | None:
    return max(numbers, default=None)


def _most_over_xz(cases: Cases) -> float | None:
    """Return the largest size over that of xz, in per cent, among files of 1 KB and more."""
    return _worst(
        100 * (case["contestants"][LEVEL_5]["file_bytes"] - xz) / xz
        for case in cases.values()
        if case["raw_bytes"] >= 1000 and LEVEL_5 in case["contestants"] and XZ in case["contestants"]
        for xz in [case["contestants"][XZ]["file_bytes"]]
    )


def _growth_of_random(results: Results) -> float | None:
    """Return by how many bytes random input outgrows itself + 0.1 %, at any level."""
    return _worst(
        (1000 * row["file_bytes"] - 1001 * case["raw_bytes"]) / 1000
        for name, case in results["cases"].items()
        if name.startswith("random-")
        for level, row in case["contestants"].items()
        if level.startswith("foretell")
    )


def _first_byte(results: Results) -> float | None:
    seconds = results.get("startup", {}).get(LEVEL_5, {}).get("first_byte_seconds")
    return None if seconds is None else float(seconds)


TARGETS = (
    Target("enwik7 at level 5, bytes", _size("enwik7", LEVEL_5), at_most=2_000_000),
    Target("enwik7 at level 5, encoding, x zpaq -m5", _ratio("enwik7", LEVEL_5, "encode"), at_least=0.25),
    Target("enwik7 at level 5, decoding, x zpaq -m5", _ratio("enwik7", LEVEL_5, "decode"), at_least=0.25),
    Target("dickens-2M at level 5, bytes", _size("dickens-2M", LEVEL_5), at_most=445_000),
    Target("enwik6 at level 5, bytes", _size("enwik6", LEVEL_5), at_most=222_000),
    Target("Silesia at level 5, bytes in all", _silesia(_size("silesia", LEVEL_5)), at_most=3_250_000),
    Target(
        "Silesia at level 5, worst file, % over xz -9e",
        _silesia(lambda results: _most_over_xz(of_corpus(results["cases"], "silesia"))),
        at_most=0,
    ),
    Target("enwik7 at level 1, bytes", _size("enwik7", LEVEL_1), at_most=2_350_000),
    Target("enwik7 at level 1, encoding, KB/s", _rate("enwik7", LEVEL_1, "encode"), at_least=1000),
    Target("enwik7 at level 1, decoding, KB/s", _rate("enwik7", LEVEL_1, "decode"), at_least=1000),
    Target("any file at level 5, % over xz -9e", lambda results: _most_over_xz(results["cases"]), at_most=1),
    Target("random bytes at any level, growth beyond 0.1 %, bytes", _growth_of_random, at_most=64),
    Target("first byte of 1 KB by the command at level 5, seconds", _first_byte, at_most=0.3),
)


def verdicts(results: Results, targets: Iterable[Target] = TARGETS) -> list[tuple[str, str, str, str]]:
    """Return name, bound, number and verdict of each target, for people."""
    rows = []
    for one in targets:
        verdict, number = one.verdict(results)
        bound = f"<= {one.at_most:,}" if one.at_most is not None else f">= {one.at_least:,}"
        measured = "-" if number is None else f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"
        rows.append((one.name, bound, measured, verdict))
    return rows


def judged(results: Results, chosen: Iterable[str] = ()) -> tuple[list[str], bool]:
    """Return the lines of a table of verdicts, and whether all is met.

    Parameters
    ----------
    results : mapping
    chosen : iterable of str, optional
        Only the targets whose names contain one of these; all if there are none. What was not measured is not met.
    """
    chosen = list(chosen)
    targets = [one for one in TARGETS if not chosen or any(part in one.name for part in chosen)]
    rows = [("target", "bound", "measured", "verdict"), *verdicts(results, targets)]
    lines = [f"{name:<58}{bound:>13}{measured:>14}  {verdict}" for name, bound, measured, verdict in rows]
    return lines, bool(targets) and all(one.verdict(results)[0] == MET for one in targets)
