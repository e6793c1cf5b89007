"""The command: listing, running, going on, reporting, and what it says of wrong arguments."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from foretell.lab import cli, experiments, gallery, report, results
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check

RUNS: list[str] = []


def measure(run: Run) -> Figures:
    RUNS.append(run.size)
    return {"bits": run.settings["bits"], "kept": (run.folder / "kept").exists()}


def judge(figures: Figures) -> list[Check]:
    return [Check("bits | <b>", figures["bits"], high=8), Check("kept", float(figures["kept"]), full_only=True)]


def draw(figures: Figures):  # type: ignore[no-untyped-def]
    from foretell.lab import plots

    return {"bits": plots.bars({"bits": figures["bits"]}, title="Bits", y="bits")}


def experiment(name: str, **bits: int) -> Experiment:
    sizes = {size: {"bits": bits.get(size, 4)} for size in ("toy", "quick", "full")}
    return Experiment(name, f"name-{name}", "A & claim.", sizes, measure, judge, draw, 1, "the rest")


@pytest.fixture(autouse=True)
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    RUNS.clear()
    known = {"A1": experiment("A1"), "A10": experiment("A10", full=9), "B2": experiment("B2")}
    monkeypatch.setattr(experiments, "load", lambda: known)


def test_every_row_of_the_article_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    known = experiments.load()
    wanted = ["A1", "A2", *(f"B{i}" for i in range(1, 8)), *(f"C{i}" for i in range(1, 9)), *"DEFGH"]
    wanted += ["I1", "I2", "I3", "I4", "I5", "I9", "I12", "I17", "I18"]
    assert list(known) == wanted
    assert len({one.name for one in known.values()}) == len(known)
    for one in known.values():
        assert set(one.sizes) == {"toy", "quick", "full"}


def test_listing_imports_neither_torch_nor_matplotlib() -> None:
    code = "import sys; from foretell.lab.cli import main; main(['list']); "
    code += "print(sorted({'torch', 'matplotlib'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert done.stdout.startswith("A1 ")


def test_run_writes_a_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["A1", "--out", str(tmp_path), "--quiet"]) == 0
    result = json.loads((tmp_path / "A1/result.json").read_text())
    assert result["verdict"] == "pass"
    assert result["figures"] == {"bits": 4, "kept": False}
    assert "verdict: pass (full run" in capsys.readouterr().out


def test_quick_runs_say_what_they_cannot_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["NAME-a1", "--quick", "--out", str(tmp_path)]) == 0
    assert RUNS == ["quick"]
    out = capsys.readouterr().out
    assert "verdict: inconclusive" in out
    assert "a quick run cannot show: the rest" in out


def test_a_failed_claim_is_status_1_and_the_others_run(tmp_path: Path) -> None:
    assert cli.main(["all", "--out", str(tmp_path), "-q"]) == 1
    assert len(RUNS) == 3


def test_a_crash_among_several_is_status_2_and_the_others_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {**experiments.load(), "A0": Experiment(**{**vars(experiment("A0")), "sizes": {"full": {}}})}
    monkeypatch.setattr(experiments, "load", lambda: known)
    assert cli.main(["A0", "B2", "--out", str(tmp_path), "-q"]) == 2
    assert (tmp_path / "B2/result.json").exists()
    assert "A0 failed, the others go on" in capsys.readouterr().err


def test_an_unknown_name_ends_it_before_anything_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["A1", "Z9", "--out", str(tmp_path)]) == 2
    assert RUNS == []
    assert "Z9: no such experiment; there are A1 (name-A1), " in capsys.readouterr().err


def test_files_of_the_same_arguments_are_kept(tmp_path: Path) -> None:
    for seed, fresh, kept in (
        (0, False, False),
        (0, False, True),
        (1, False, False),
        (1, True, False),
        (1, False, True),
    ):
        run = results.prepared(experiment("A1"), tmp_path, "full", seed=seed, fresh=fresh)
        assert (run.folder / "kept").exists() == kept
        (run.folder / "kept").touch()


def test_report_is_one_page(tmp_path: Path) -> None:
    assert cli.main(["all", "--out", str(tmp_path), "-q"]) == 1
    assert cli.main(["report", str(tmp_path)]) == 0
    page = (tmp_path / "report.html").read_text()
    assert page.index("id='A1'") < page.index("id='A10'") < page.index("id='B2'")
    assert "2 pass, 1 fail" in page
    assert "A &amp; claim." in page
    assert "bits | &lt;b&gt;" in page
    assert page.count("data:image/png;base64,") == 3
    assert "src='http" not in page


def test_gallery_and_summary(tmp_path: Path) -> None:
    out, docs = tmp_path / "out", tmp_path / "docs"
    docs.mkdir()
    assert cli.main(["all", "--out", str(out), "-q"]) == 1
    page, summary = docs / "lab.md", docs / "lab.json"
    assert cli.main(["report", str(out), "--gallery", str(page), "--summary", str(summary)]) == 0
    text = page.read_text()
    assert "## A10 name-A10" in text
    assert "| bits \\| <b> | 9 | ≤ 8 | **no** |" in text
    assert "![A1: bits](lab/a1-bits.png)" in text
    assert (docs / "lab/a1-bits.png").read_bytes().startswith(b"\x89PNG")
    assert [one["id"] for one in json.loads(summary.read_text())] == ["A1", "A10", "B2"]


@pytest.mark.parametrize("write", [report.write_page, gallery.write_gallery])
def test_no_results_and_broken_ones(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="holds no results"):
        write(tmp_path, tmp_path / "page")
    (tmp_path / "A1").mkdir()
    (tmp_path / "A1/result.json").write_text("{")
    with pytest.raises(ValueError, match="not a result of foretell-lab"):
        write(tmp_path, tmp_path / "page")


def test_what_is_missing_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(experiments, "load", missing)
    assert cli.main(["list"]) == 2
    assert "torch is missing: pip install 'foretell[lab]'" in capsys.readouterr().err
