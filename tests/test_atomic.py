"""Output files that appear complete or not at all; test_cli.py has the signals."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from foretell.atomic import atomic_output


def test_nothing_is_there_until_the_end(tmp_path: Path) -> None:
    with atomic_output(str(tmp_path / "target")) as file:
        file.write(b"whole")
        assert not (tmp_path / "target").exists()
    assert os.listdir(tmp_path) == ["target"]
    assert (tmp_path / "target").read_bytes() == b"whole"


def test_a_name_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with atomic_output("target") as file:
        file.write(b"here")
    assert os.listdir(tmp_path) == ["target"]


def test_the_longest_names_work(tmp_path: Path) -> None:
    name = "x" * 255
    with atomic_output(str(tmp_path / name)) as file:
        file.write(b"long")
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_exception_leaves_what_was_there(tmp_path: Path, overwrite: bool) -> None:
    if overwrite:
        (tmp_path / "target").write_bytes(b"old")
    before = os.listdir(tmp_path)

    class StopError(BaseException):
        pass

    def write() -> None:
        with atomic_output(str(tmp_path / "target"), overwrite=overwrite) as file:
            file.write(b"part")
            raise StopError

    with pytest.raises(StopError):
        write()
    assert os.listdir(tmp_path) == before
    assert not overwrite or (tmp_path / "target").read_bytes() == b"old"


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: str) -> None:
        raise OSError("this file system has none")

    for links in (True, False):
        target = tmp_path / f"target{links}"
        if not links:
            monkeypatch.setattr(os, "link", no_links)

        def write(target: Path = target) -> None:
            with atomic_output(str(target)) as file:
                file.write(b"mine")
                target.write_bytes(b"theirs")

        with pytest.raises(FileExistsError):
            write()
        assert target.read_bytes() == b"theirs"
    with atomic_output(str(tmp_path / "free")) as file:
        file.write(b"mine")
    assert sorted(os.listdir(tmp_path)) == ["free", "targetFalse", "targetTrue"]


def test_permissions_are_private_until_they_are_the_sources(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"")
    os.chmod(source, 0o444)
    with atomic_output(str(tmp_path / "target"), like=os.stat(source)):
        (temporary,) = tmp_path.glob(".target.*.tmp")
        assert stat.S_IMODE(os.stat(temporary).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(tmp_path / "target").st_mode) == 0o444


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), atomic_output(str(tmp_path), overwrite=True):
        pass
