"""The logic of benchmarks/ratio.py: what it compresses, how it judges, and that nothing bad goes unnoticed."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import ratio
import ratio_corpora
import report
import tables
from foretell.lab import contestant_process, contestants
from foretell.lab.contestants import Contestant, Foretell, Tool
from foretell.lab.pareto import pareto
from ratio_figures import alternating, totals, with_ratios
from ratio_targets import MET, MISSED, NOT_MEASURED, TARGETS, Target, judged, verdicts

SHA256_OF_100K = {  # the first 16 digits
    "text": "30d91842bca45b16",
    "source": "d4c5e023c621010b",
    "random": "7797dff7d2096d2c",
    "zeros": "9192c25b734fcbad",
    "log": "6009758984aaf278",
    "csv": "d5e6ae48dec125e7",
    "float32": "f735a26a12f5b63c",
    "dna": "4464a94a1b19aba1",
    "wav": "15fc0679198cb897",
}


@pytest.mark.parametrize("name", ratio_corpora.MAKERS)
def test_generated_files_are_the_same_everywhere(name: str) -> None:
    data = ratio_corpora.MAKERS[name](100_000)
    assert len(data) == 100_000
    assert hashlib.sha256(data).hexdigest()[:16] == SHA256_OF_100K[name]


@pytest.mark.parametrize("name", sorted(set(ratio_corpora.MAKERS) - {"wav"}))
def test_a_smaller_generated_file_starts_a_larger_one(name: str) -> None:
    make = ratio_corpora.MAKERS[name]
    assert make(5000).startswith(make(1000))


def test_every_generated_case_has_a_name_of_its_own_and_its_size(tmp_path: Path) -> None:
    cases = ratio_corpora.generated()
    assert len({case.name for case in cases}) == len(cases) == 27
    for case in cases:
        case.write(tmp_path / "plain")
        assert (tmp_path / "plain").stat().st_size == case.size


def test_a_named_file_is_cut(tmp_path: Path) -> None:
    (tmp_path / "a:b").write_bytes(bytes(range(256)) * 1000)
    case = ratio_corpora.named(f"{tmp_path}/a:b:70000")
    case.write(tmp_path / "plain")
    assert case.name == "a:b"
    assert (tmp_path / "plain").read_bytes() == (bytes(range(256)) * 1000)[:70_000]
    whole = ratio_corpora.named(f"{tmp_path}/a:b")
    whole.write(tmp_path / "plain")
    assert (tmp_path / "plain").stat().st_size == 256_000


@pytest.mark.parametrize(
    ("points", "front"),
    [
        ({}, ""),
        ({"a": (1, 1)}, "a"),
        ({"fast": (9, 5), "small": (1, 2), "neither": (1, 5)}, "fast small"),
        ({"a": (5, 3), "b": (5, 2), "c": (4, 2)}, "b"),
        ({"a": (5, 3), "same": (5, 3)}, "a same"),
        ({"a": (1, 3), "b": (2, 2), "c": (3, 1)}, "c"),
        ({"a": (1, 1), "b": (2, 2), "c": (3, 3)}, "a b c"),
    ],
)
def test_pareto(points: dict[str, tuple[float, float]], front: str) -> None:
    assert pareto(points) == set(front.split())


def row(file_bytes: int, seconds: float = 1.0, **more: float) -> dict[str, Any]:
    return {
        "file_bytes": file_bytes,
        "encode_seconds": seconds,
        "decode_seconds": seconds,
        "encode_peak_mib": 5.0,
        "decode_peak_mib": 6.0,
        "repeats": 1,
    } | more


def case(corpus: str, raw_bytes: int, **rows: dict[str, Any]) -> dict[str, Any]:
    return {"corpus": corpus, "raw_bytes": raw_bytes, "contestants": {NAMES[key]: value for key, value in rows.items()}}


NAMES = {"l0": "foretell -0", "l1": "foretell -1", "l5": "foretell -5", "xz": "xz -9e", "zpaq": "zpaq -m5"}


def test_totals_need_every_case_of_the_corpus() -> None:
    cases = {
        "a": case("c", 100, xz=row(10, 1.0, encode_ratio=2.0), zpaq=row(9)),
        "b": case("c", 200, xz=row(20, 3.0, encode_ratio=4.0, decode_peak_mib=99.0)),
        "other": case("d", 1, zpaq=row(1)),
    }
    sums = totals(cases, "c")
    assert list(sums) == ["xz -9e"]
    xz = sums["xz -9e"]
    assert (xz["raw_bytes"], xz["file_bytes"], xz["encode_seconds"], xz["decode_peak_mib"]) == (300, 30, 4.0, 99.0)
    assert xz["encode_ratio"] == (2.0 * 1.0 + 4.0 * 3.0) / 4.0  # the reference took 2 s and 12 s
    assert "decode_ratio" not in xz
    assert totals(cases, "none") == {}


def test_ratios_are_to_the_reference_of_the_same_rows() -> None:
    rows = {"zpaq -m5": row(1, 2.0), "fast": row(1, 0.5)}
    with_ratios(rows, "zpaq -m5")
    assert (rows["fast"]["encode_ratio"], rows["zpaq -m5"]["decode_ratio"]) == (4.0, 1.0)
    lonely = {"fast": row(1, 0.5)}
    with_ratios(lonely, "zpaq -m5")
    assert "encode_ratio" not in lonely["fast"]


def test_contestants_take_turns_in_alternating_order() -> None:
    assert [alternating(["a", "b", "c"], repeat) for repeat in range(3)] == [
        ["a", "b", "c"],
        ["c", "b", "a"],
        ["a", "b", "c"],
    ]


def good() -> dict[str, Any]:
    """Return results that just meet every target."""
    fast = {"encode_ratio": 0.25, "decode_ratio": 0.25}
    cases = {
        "enwik6": case("enwik6", 10**6, l5=row(222_000), xz=row(290_000)),
        "enwik7": case("enwik7", 10**7, l1=row(2_350_000, 10.0), l5=row(2_000_000, 40.0, **fast), xz=row(2_700_000)),
        "dickens-2M": case("dickens-2M", 2**21, l5=row(445_000)),
        "random-1K": case("small", 1000, l0=row(1065), l5=row(1060), xz=row(1060)),
        "text-1K": case("small", 1000, l5=row(101), xz=row(100)),
        "tiny": case("small", 999, l5=row(200), xz=row(100)),
    }
    sizes = [3_250_000 - 11 * 250_000] + [250_000] * 11
    for name, size in zip(ratio_corpora.SILESIA, sizes, strict=True):
        cases[f"silesia/{name}"] = case("silesia", 10**6, l5=row(size), xz=row(size))
    return {"cases": cases, "startup": {"foretell -5": {"first_byte_seconds": 0.3, "seconds": 9.0}}}


def test_results_that_just_meet_all_targets_pass() -> None:
    lines, fine = judged(good())
    assert fine, "\n".join(lines)
    assert all(one.verdict(good())[0] == MET for one in TARGETS)


def worse(*path: str, by: float) -> dict[str, Any]:
    results = good()
    *inner, last = path
    place = results
    for key in inner:
        place = place[key]
    place[last] += by
    return results


def in_case(name: str, contestant: str, field: str) -> tuple[str, ...]:
    return "cases", name, "contestants", NAMES[contestant], field


@pytest.mark.parametrize(
    ("path", "by", "missed"),
    [
        (in_case("enwik7", "l5", "file_bytes"), 1, ["enwik7 at level 5, bytes"]),
        (in_case("enwik7", "l5", "encode_ratio"), -0.01, ["enwik7 at level 5, encoding, x zpaq -m5"]),
        (in_case("enwik7", "l5", "decode_ratio"), -0.01, ["enwik7 at level 5, decoding, x zpaq -m5"]),
        (in_case("dickens-2M", "l5", "file_bytes"), 1, ["dickens-2M at level 5, bytes"]),
        (in_case("enwik6", "l5", "file_bytes"), 1, ["enwik6 at level 5, bytes"]),
        (in_case("enwik7", "l1", "file_bytes"), 1, ["enwik7 at level 1, bytes"]),
        (in_case("enwik7", "l1", "encode_seconds"), 0.1, ["enwik7 at level 1, encoding, KB/s"]),
        (in_case("enwik7", "l1", "decode_seconds"), 0.1, ["enwik7 at level 1, decoding, KB/s"]),
        (in_case("silesia/mr", "xz", "file_bytes"), -1, ["Silesia at level 5, worst file, % over xz -9e"]),
        (in_case("text-1K", "l5", "file_bytes"), 1, ["any file at level 5, % over xz -9e"]),
        (
            in_case("random-1K", "l0", "file_bytes"),
            1,
            ["random bytes at any level, growth beyond 0.1 %, bytes"],
        ),
        (
            ("startup", "foretell -5", "first_byte_seconds"),
            0.001,
            ["first byte of 1 KB by the command at level 5, seconds"],
        ),
        (in_case("tiny", "l5", "file_bytes"), 500, []),  # below 1 KB nothing is promised
        (in_case("enwik7", "xz", "encode_seconds"), 500, []),
    ],
)
def test_one_step_over_a_bound_misses_that_target(path: tuple[str, ...], by: float, missed: list[str]) -> None:
    results = worse(*path, by=by)
    assert [one.name for one in TARGETS if one.verdict(results)[0] == MISSED] == missed
    assert judged(results)[1] == (not missed)


def test_silesia_in_all() -> None:
    results = good()
    for name in ratio_corpora.SILESIA:  # every file stays level with xz
        for contestant in results["cases"][f"silesia/{name}"]["contestants"].values():
            contestant["file_bytes"] += 1
    assert [one.name for one in TARGETS if one.verdict(results)[0] == MISSED] == ["Silesia at level 5, bytes in all"]


def test_a_part_of_silesia_is_not_judged() -> None:
    results = good()
    del results["cases"]["silesia/xml"]
    unknown = [one.name for one in TARGETS if one.verdict(results)[0] == NOT_MEASURED]
    assert unknown == ["Silesia at level 5, bytes in all", "Silesia at level 5, worst file, % over xz -9e"]
    assert not judged(results)[1]
    assert judged(results, ["enwik7"])[1]


def test_what_is_not_measured_or_not_known_is_not_met() -> None:
    empty: dict[str, Any] = {"cases": {}, "startup": {}}
    assert {one.verdict(empty) for one in TARGETS} == {(NOT_MEASURED, None)}
    assert not judged(empty)[1]
    assert not judged(good(), ["no such target"])[1]


def test_verdicts_are_told_with_bound_and_number() -> None:
    target = Target("speed", lambda _: 0.2468, at_least=0.25)
    assert verdicts({}, [target]) == [("speed", ">= 0.25", "0.247", MISSED)]
    assert verdicts({}, [Target("size", lambda _: 12345.0, at_most=20_000)]) == [("size", "<= 20,000", "12,345", MET)]


class Copier(Contestant):
    """A contestant for tests: runs Python code on the two names."""

    def __init__(self, name: str, there: str = "copy", back: str = "copy") -> None:
        self.name, self.there, self.back = name, there, back
        self.writes_to_stdout = False

    def present(self) -> bool:
        return True

    def version(self) -> str:
        return "1"

    def commands(self, plain: Path, archive: Path, restored: Path, threads: int) -> tuple[list[str], list[str]]:
        start = "import shutil, os, sys, pathlib; copy = lambda: shutil.copyfile(sys.argv[1], sys.argv[2]); "
        return (
            [sys.executable, "-c", start + self.there.replace("copy", "copy()"), str(plain), str(archive)],
            [sys.executable, "-c", start + self.back.replace("copy", "copy()"), str(archive), str(restored)],
        )


class Absent(Tool):
    name, tool, obtain = "absent", "no-such-tool-anywhere", "write it"


@pytest.fixture
def small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave this process on its cores and with its threads."""
    monkeypatch.setattr(ratio, "use_cores", lambda count: None)


def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, others: list[Contestant], *arguments: str) -> tuple[int, Any]:
    monkeypatch.setattr(ratio, "OTHERS", tuple(others))
    monkeypatch.setattr(report, "machine", dict)  # torch may not be there
    (tmp_path / "file").write_bytes(b"some bytes" * 100)
    out = tmp_path / "out.json"
    status = ratio.main([str(tmp_path / "file"), "--repeats", "2", "--json", str(out), *arguments])
    return status, json.loads(out.read_text())


def test_figures_of_a_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_world: None, capsys: Any) -> None:
    status, written = run(monkeypatch, tmp_path, [Copier("zpaq -m5"), Absent()], "--levels", "0")
    assert status == 0
    assert written["not_installed"] == {"absent": "write it"}
    assert "not installed: absent (write it)" in capsys.readouterr().out
    figures = written["results"]["cases"]["file"]
    assert figures["raw_bytes"] == 1000
    assert figures["sha256"] == hashlib.sha256(b"some bytes" * 100).hexdigest()
    assert list(figures["contestants"]) == ["foretell -0", "zpaq -m5"]
    copied, stored = figures["contestants"]["zpaq -m5"], figures["contestants"]["foretell -0"]
    assert (copied["file_bytes"], copied["repeats"], copied["encode_ratio"]) == (1000, 2, 1.0)
    assert 1000 < stored["file_bytes"] < 1100
    assert stored["encode_ratio"] > 1  # its start-up does not count
    assert stored["encode_peak_mib"] > 5


@pytest.mark.parametrize(
    ("there", "back", "reason"),
    [
        ("copy", "pathlib.Path(sys.argv[2]).write_text('else')", "the restored file differs"),
        ("os.kill(os.getpid(), 11)", "copy", "SIGSEGV"),
        ("copy; sys.exit('I am broken')", "copy", "exit status 1: I am broken"),
        (
            "copy; open(sys.argv[2], 'ab').write(bytes(os.getpid() % 9999))",
            "copy; os.truncate(sys.argv[2], 1000)",
            "different sizes",
        ),
    ],
)
def test_a_failure_is_told_and_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_world: None, capsys: Any, there: str, back: str, reason: str
) -> None:
    status, written = run(monkeypatch, tmp_path, [Copier("bad", there, back), Copier("well")], "--levels")
    assert status == 1
    assert list(written["results"]["cases"]["file"]["contestants"]) == ["well"]
    said = capsys.readouterr().out
    assert "FAILED" in said
    assert reason in said


def test_a_call_that_does_not_end_is_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(contestant_process.FailedError, match=r"not done after 0\.3 s"):
        contestant_process.run(command, tmp_path, None, False, 0.3)


def test_rows_are_kept_only_for_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_world: None
) -> None:
    run(monkeypatch, tmp_path, [Copier("first")], "--levels")
    _, written = run(monkeypatch, tmp_path, [Copier("second")], "--levels", "--keep")
    assert sorted(written["results"]["cases"]["file"]["contestants"]) == ["first", "second"]
    assert written["versions"] == {"first": "1", "second": "1"}
    _, written = run(monkeypatch, tmp_path, [Copier("second")], "--levels")
    assert list(written["results"]["cases"]["file"]["contestants"]) == ["second"]
    (tmp_path / "out.json").write_text(json.dumps(written).replace('"sha256": "', '"sha256": "0'))
    _, written = run(monkeypatch, tmp_path, [Copier("third")], "--levels", "--keep")
    assert list(written["results"]["cases"]["file"]["contestants"]) == ["third"]


def test_a_missed_target_fails_the_run_if_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_world: None, capsys: Any
) -> None:
    status, _ = run(monkeypatch, tmp_path, [Copier("xz -9e")], "--levels", "--check")
    assert status == 1
    assert NOT_MEASURED in capsys.readouterr().out


def test_every_contestant_says_how_to_get_it_and_has_a_name_of_its_own() -> None:
    everyone = [*contestants.OTHERS, *(Foretell(level) for level in range(10))]
    assert len({one.name for one in everyone}) == len(everyone)
    assert all(one.obtain for one in everyone)
    assert contestants.REFERENCE in {one.name for one in everyone}


@pytest.mark.parametrize("contestant", contestants.OTHERS, ids=lambda one: one.name)
def test_installed_contestants_restore_what_they_compress(contestant: Contestant, tmp_path: Path) -> None:
    if not contestant.present():
        pytest.skip(f"{contestant.name} is not installed ({contestant.obtain})")
    plain = tmp_path / "plain"
    plain.write_bytes(ratio_corpora.source(20_000))
    outcome = contestant_process.once(contestant, plain, 1, 60)
    assert 1000 < outcome["file_bytes"] < 10_000
    assert contestant.version()[0].isdigit()


def test_rows_stand_on_one_line_each_and_read_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(report, "machine", dict)
    results = {"cases": {"a": {"x": {"bytes": 1, "s": 0.5}}}, "curve": {"l": [[1, 2.5], [3, 4.0]]}}
    report.write_report(tmp_path / "r.json", results, one_line_rows=True, repeats=3)
    text = (tmp_path / "r.json").read_text()
    assert json.loads(text)["results"] == results
    assert '"x": { "bytes": 1, "s": 0.5 }' in text


def test_pictures(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pip install '.[bench]'")
    import ratio_plot

    ratio_plot.sizes_and_speeds(good()["cases"], tmp_path / "a.png")
    ratio_plot.curves({"foretell -5, x": [(1000, 3000.0), (1000, 2000.0)]}, tmp_path / "b.png")
    for name in ("a.png", "b.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_tables_show_what_is_there_and_dashes_for_the_rest() -> None:
    machine = {"cpu": "c", "cores": 2, "torch": "1"}
    made = {"date": "d", "machine": machine, "versions": {"xz -9e": "5"}, "threads": 1, "peak_floor_mib": 6}
    made["results"] = good()
    lines = tables.ratio(made)
    assert "| xz -9e | 290,000 | – | 2,700,000 |" in "\n".join(lines)
    assert any("| 0.25 | 0.25 | < 6 | < 6 |" in line for line in lines if line.startswith("| foretell -5"))
    assert any("**100**" in line for line in tables.ratio_files("small")(made))
    assert any(line.endswith("| met |") for line in tables.ratio_targets(made))
