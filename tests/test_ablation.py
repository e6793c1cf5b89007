"""The logic of benchmarks/ablation.py: that its edits still find their places, and what is made of the figures."""

from __future__ import annotations

from pathlib import Path

import ablation
import pytest
import tables
from ablation_parts import Part, parts, replaced

PARTS = parts(ablation.ROOT)


def copy_of(files: set[str], root: Path) -> None:
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((ablation.ROOT / file).read_text())


@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.group}: {part.name}")
def test_every_part_can_be_taken_out_of_the_source_and_changes_it(part: Part, tmp_path: Path) -> None:
    files = {file for file, _ in part.edits}
    copy_of(files, tmp_path)
    part.take_out(tmp_path)
    assert all((tmp_path / file).read_text() != (ablation.ROOT / file).read_text() for file in files)


def test_a_part_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("one two two")
    for old, count in (("two", 2), ("three", 0)):
        part = Part("group", "name", ("text",), (("file", replaced(old, "")),))
        with pytest.raises(ValueError, match=f"group, name: file: '{old}' stands there {count} times"):
            part.take_out(tmp_path)


def test_parts_have_names_of_their_own_and_kinds_that_are_measured() -> None:
    assert len({(part.group, part.name) for part in PARTS}) == len(PARTS)
    assert {kind for part in PARTS for kind in part.kinds} == set(ablation.KINDS)


def test_the_whole_is_measured_before_and_behind_the_parts_of_each_kind() -> None:
    tasks = ablation.tasks_of(PARTS)
    for kind in ablation.KINDS:
        own = [part for part, of in tasks if of == kind]
        assert own[0] is None
        assert own[-1] is None
        assert sum(part is None for part in own) > len(own) // (ablation.BETWEEN + 2)
        assert {part for part in own if part} == {part for part in PARTS if kind in part.kinds}


def test_what_a_part_is_worth() -> None:
    def row(name: str, size: int, seconds: float, kind: str = "text") -> dict[str, object]:
        return {"group": "", "name": name, "kind": kind, "bytes": size, "seconds": seconds}

    whole = ablation.WHOLE
    rows = [
        row(whole, 1000, 2.0),
        row("a", 1010, 1.5),
        row(whole, 1000, 4.0),
        row("b", 995, 2.2),
        row(whole, 1000, 1.0),
    ]
    base, a, b = ablation.compared(rows)
    assert (base["bytes"], base["seconds"]) == (1000, 2.0)
    assert (a["percent_bytes"], a["percent_seconds"]) == (1.0, 25.0)
    assert (b["percent_bytes"], b["percent_seconds"]) == (-0.5, -10.0)


def test_the_table_shows_each_part_beside_the_whole_of_each_kind() -> None:
    def row(kind: str, group: str, name: str, size: int, **worth: float) -> dict[str, object]:
        return {"kind": kind, "group": group, "name": name, "bytes": size, "seconds": 2.0, **worth}

    rows = [
        row("text", "", ablation.WHOLE, 1000),
        row("text", "inputs", "`a | b`", 1010, percent_bytes=1.0, percent_seconds=25.0),
        row("light", "", ablation.WHOLE, 500),
        row("light", "cells", "check", 490, percent_bytes=-2.0, percent_seconds=-3.0),
    ]
    report = {"date": "2026-01-01", "machine": {"cpu": "x", "cores": 2}, "jobs": 1, "results": {"rows": rows}}
    lines = tables.ablation(report)
    assert lines[0] == "| without | text: 1,000 bytes | time | light: 500 bytes | time |"
    assert lines[2:4] == [
        r"| inputs: `a \| b` | +1.00 % | -25 % |  |  |",
        "| cells: check |  |  | -2.00 % | +3 % |",
    ]
    lines = tables.ablation({**report, "jobs": 2})
    assert lines[0] == "| without | text: 1,000 bytes | light: 500 bytes |"
    assert lines[2:4] == [r"| inputs: `a \| b` | +1.00 % |  |", "| cells: check |  | -2.00 % |"]
