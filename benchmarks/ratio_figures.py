"""What follows from the rows of ratio.json: sums over a corpus, speeds.

`cases` is {case: {"corpus", "raw_bytes", "contestants": {name: row}}}; a row has file_bytes, encode_seconds,
decode_seconds, encode_peak_mib, decode_peak_mib and, if the reference ran too, encode_ratio and decode_ratio.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Cases = Mapping[str, Mapping[str, Any]]
WAYS = ("encode", "decode")


def of_corpus(cases: Cases, corpus: str) -> dict[str, Mapping[str, Any]]:
    return {name: case for name, case in cases.items() if case["corpus"] == corpus}


def totals(cases: Cases, corpus: str) -> dict[str, dict[str, Any]]:
    """Return a row for each contestant that has done all cases of a corpus: sums, and the largest peaks."""
    chosen = list(of_corpus(cases, corpus).values())
    if not chosen:
        return {}
    rows = {}
    for name in chosen[0]["contestants"]:
        parts = [case["contestants"][name] for case in chosen if name in case["contestants"]]
        if len(parts) == len(chosen):
            rows[name] = _total(parts, sum(case["raw_bytes"] for case in chosen))
    return rows


def _total(parts: list[Mapping[str, Any]], raw_bytes: int) -> dict[str, Any]:
    row: dict[str, Any] = {"raw_bytes": raw_bytes, "file_bytes": sum(part["file_bytes"] for part in parts)}
    for way in WAYS:
        row[f"{way}_seconds"] = seconds = sum(part[f"{way}_seconds"] for part in parts)
        row[f"{way}_peak_mib"] = max(part[f"{way}_peak_mib"] for part in parts)
        if all(f"{way}_ratio" in part for part in parts):  # ratio of the sums: what the reference took, over this
            row[f"{way}_ratio"] = sum(part[f"{way}_ratio"] * part[f"{way}_seconds"] for part in parts) / seconds
    return row


def bits_per_byte(row: Mapping[str, Any]) -> float:
    return 8 * float(row["file_bytes"]) / max(float(row["raw_bytes"]), 1)


def kilobytes_per_second(row: Mapping[str, Any], way: str) -> float:
    return float(row["raw_bytes"]) / 1000 / max(float(row[f"{way}_seconds"]), 1e-9)


def with_ratios(rows: Mapping[str, dict[str, Any]], reference: str) -> None:
    """Write into rows of one run how many times as fast as the reference each is."""
    if reference not in rows:
        return
    for row in rows.values():
        for way in WAYS:
            row[f"{way}_ratio"] = float(f"{rows[reference][f'{way}_seconds'] / row[f'{way}_seconds']:.4g}")


def alternating(names: list[str], repeat: int) -> list[str]:
    """Return the order of one repeat: turned around from each to the next."""
    return names[:: 1 if repeat % 2 == 0 else -1]
