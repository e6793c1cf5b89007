"""`foretell-train`: from documents to a model, and on to small files."""

from __future__ import annotations

from pathlib import Path

import foretell
import pytest
from foretell import cli, cli_train
from sample import sample

pytest.importorskip("safetensors")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.txt").write_bytes(b"%d. " % number + sample(700 + 100 * number))
    return folder


def train(*arguments: object) -> int:
    return cli_train.main([*map(str, arguments), "-1", "-M", "30MiB"])


def test_a_model_and_files_made_with_it(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "texts.safetensors"
    assert train(corpus, "-o", model) == 0
    said = capsys.readouterr().out
    assert f"{model.stat().st_size} bytes" in said
    assert "6 documents" in said
    assert foretell.load_model(model).digest.hex() in said
    plain = tmp_path / "new.txt"
    plain.write_bytes(b"7. " + sample(1500))
    assert cli.main(["--model", str(model), str(plain)]) == 0
    archive = tmp_path / "new.txt.fore"
    assert 2 * archive.stat().st_size < len(foretell.compress(plain.read_bytes()))
    assert cli.main(["-d", "--model", str(model), "-o", str(tmp_path / "back"), str(archive)]) == 0
    assert (tmp_path / "back").read_bytes() == plain.read_bytes()
    assert cli.main(["-d", "-c", str(archive)]) == 1
    assert "--model" in capsys.readouterr().err
    for option, told in ((["--native"], "exact"), (["--adapt"], "always learns"), (["--lanes", "2"], "takes no lanes")):
        assert cli.main(["--model", str(model), *option, "-c", str(plain)]) == 1
        assert told in capsys.readouterr().err


def test_it_goes_on_from_where_it_was(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, model = tmp_path / "whole", tmp_path / "model"
    assert train(corpus, "-o", whole, "-q") == 0
    write = cli_train._write

    def stop(path: Path, data: bytes) -> None:
        write(path, data)
        if (tmp_path / "model.part").exists() and len(read) > 3:
            raise KeyboardInterrupt

    read: list[bytes] = []
    learn = cli_train.Training.read
    monkeypatch.setattr(cli_train.Training, "read", lambda self, d, p=None: (read.append(d), learn(self, d, p))[1])
    monkeypatch.setattr(cli_train, "_write", stop)
    with pytest.raises(KeyboardInterrupt):
        train(corpus, "-o", model, "--checkpoint", 0)
    assert not model.exists()
    monkeypatch.setattr(cli_train, "_write", write)
    assert train(corpus, "-o", model, "-q") == 0
    assert model.read_bytes() == whole.read_bytes()
    assert not (tmp_path / "model.part").exists()


def test_a_checkpoint_of_something_else(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model"
    part = tmp_path / "model.part"
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
    assert train(corpus, "-o", model, "--checkpoint", 0) == 0
    (corpus / "5.txt").write_bytes(sample(1200)[::-1])
    assert train(corpus, "-o", model, "-f") == 1
    assert "not those" in capsys.readouterr().err
    assert cli_train.main([str(corpus), "-o", str(model), "-f", "-4"]) == 1
    assert str(part) in capsys.readouterr().err
    assert train(corpus, "-o", model, "-f", "--fresh") == 0


def test_errors_are_told(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    model = tmp_path / "model"
    for arguments, said in (
        ((empty, "-o", model), "nothing to read"),
        ((tmp_path / "none", "-o", model), "none"),
        ((corpus, "-o", model, "-M", "1KiB"), "memory"),
        ((corpus, "-o", tmp_path / "absent" / "model"), "absent"),
        ((corpus, "-o", corpus / "1.txt"), "-f overwrites it"),
    ):
        assert cli_train.main([*map(str, arguments), *([] if "-M" in arguments else ["-M", "30MiB"]), "-1"]) == 1
        assert said in capsys.readouterr().err
    assert not model.exists()
