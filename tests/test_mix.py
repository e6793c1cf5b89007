"""The model "mix/1" and the levels made of it: round trips, exactness, damage, limits, and its network in torch."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import foretell
import mix_worker
import numpy as np
import pytest
from foretell import codec, models
from foretell._core import NgramNetwork
from foretell.models import mix_parameters
from foretell.models.mix import MixModel
from foretell.models.mix_parameters import Parameters
from sample import sample

WORKER = Path(mix_worker.__file__)
LEVELS = range(1, 10)
SMALL = Parameters(cell_bits=16, history_bits=14, chunk=8, row_bits=10, run_bits=10, width=8, hidden=16)
PLAIN = {
    "one byte": b"x",
    "1 KB": sample(1000),
    "all bytes": bytes(range(256)) * 2,
    "zeros": bytes(5000),
    "random": random.Random(1).randbytes(2000),
    "records": b"".join(b"%06d\0\1" % (i * 7) for i in range(300)),
    "samples": (np.arange(1500) ** 2 // 99).astype("<u2").tobytes(),
}


def report(*archives: Path, **environment: str) -> dict[str, object]:
    kept = {key: value for key, value in os.environ.items() if key != "FORETELL_ISA"}
    command = [sys.executable, str(WORKER), *map(str, archives)]
    done = subprocess.run(command, env=kept | environment, capture_output=True, text=True, check=False)
    if "FORETELL_ISA" in environment and "not supported" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    result: dict[str, object] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", PLAIN)
def test_there_and_back(level: int, name: str) -> None:
    data = PLAIN[name]
    archive = foretell.compress(data, level)
    assert foretell.decompress(archive) == data
    assert len(archive) <= len(data) + 40
    if name == "zeros":
        assert len(archive) < 100


@pytest.mark.parametrize("level", [1, 3, 4])
def test_blocks_go_on_with_what_was_learned(level: int) -> None:
    text = sample(6000)
    noise = random.Random(2).randbytes(2000)
    data = text[:4000] + noise + noise + text  # the second noise is coded, if the first, stored one was learned
    archive = foretell.compress(data, level, block_size=2000)
    assert foretell.decompress(archive) == data
    (frame,) = foretell.frame_info(archive)
    assert (frame.blocks, frame.coded_blocks, frame.model) == (7, 6, "mix/1")
    assert frame.file_bytes < len(noise) + len(text)


def test_a_header_rebuilds_the_model() -> None:
    for level in LEVELS:
        model = models.for_level(level, 1000)
        assert tuple(model.parameters()) == models.PARAMETER_NAMES["mix/1"] == mix_parameters.PARAMETER_NAMES
        assert models.build(model.name, model.parameters()).parameters() == model.parameters()
        assert "device" not in model.parameters()


@pytest.fixture(scope="module")
def reference() -> dict[str, object]:
    return report()


@pytest.mark.parametrize("isa", ["scalar", "avx2", "avx512"])
def test_every_instruction_set_and_thread_count_writes_the_same(
    isa: str, reference: dict[str, object], tmp_path: Path
) -> None:
    archives = [tmp_path / str(level) for level in LEVELS]
    data = sample(1500)
    for level, path in zip(LEVELS, archives, strict=True):
        path.write_bytes(foretell.compress(data, level))
    threads = "1" if isa == "avx2" else "2"
    other = report(*archives, FORETELL_ISA=isa, OMP_NUM_THREADS=threads, MKL_NUM_THREADS=threads)
    assert other["archives"] == reference["archives"]
    assert other["decoded"] == [hashlib.sha256(data).hexdigest()] * 9


@pytest.mark.parametrize("name", [name for name in mix_parameters.PARAMETER_NAMES if name != "history_bits"])
def test_control_every_parameter_counts(name: str) -> None:
    """Shows that the test above can fail: a difference in what is computed reaches the payload."""
    data = sample(6000)
    changed = replace(SMALL, **{name: getattr(SMALL, name) - 1})
    one, other = (codec.encode_block(MixModel(p), data).payload for p in (SMALL, changed))
    assert one != other
    with contextlib.suppress(foretell.Error):
        assert codec.decode_block(MixModel(changed), one, len(data)) != data


@pytest.mark.parametrize("level", [4, 5, 6])
def test_the_network_is_that_of_torch(level: int) -> None:
    pytest.importorskip("torch")
    from foretell.models.ngram import NgramModel

    data = np.frombuffer(sample(700) + bytes(200) + random.Random(3).randbytes(100), np.uint8)
    parameters = mix_parameters.for_level(level, len(data), models.MAX_MEMORY).network
    assert parameters is not None
    native, reference = NgramNetwork(**asdict(parameters)), NgramModel(parameters)
    native.begin(1)
    reference.begin(1)
    for first in range(0, len(data), parameters.chunk):
        symbols = data[first : first + parameters.chunk]
        rows = native.score_rows(symbols[:, None])[:, 0]
        for row, symbol in zip(rows, symbols, strict=True):
            np.testing.assert_array_equal(row, reference.predict()[0])
            reference.update(np.array([symbol]))


def test_every_truncation_and_flipped_bit_is_an_error() -> None:
    archive = foretell.compress(sample(400), 4)
    assert foretell.frame_info(archive)[0].coded_blocks == 1
    for end in range(len(archive)):
        with pytest.raises(foretell.TruncatedError):
            foretell.decompress(archive[:end])
    for bit in range(8 * len(archive)):
        damaged = bytearray(archive)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(foretell.Error):
            foretell.decompress(damaged)


def test_a_damaged_payload_gives_an_error_or_other_bytes() -> None:
    """Below the container's checksums: the coder alone."""
    data = sample(300)
    few = replace(SMALL, contexts=0, chunk=0, row_bits=0, run_bits=0, width=0, hidden=0)
    payload = codec.encode_block(MixModel(few), data).payload
    errors = 0
    damaged = [payload[:end] for end in range(len(payload))]
    for bit in range(8 * len(payload)):
        flipped = bytearray(payload)
        flipped[bit // 8] ^= 1 << bit % 8
        damaged.append(bytes(flipped))
    for wrong in damaged:
        try:
            assert codec.decode_block(MixModel(few), wrong, len(data)) != data
        except foretell.Error:
            errors += 1
    assert errors > len(damaged) // 2


def test_progress_sums_up_to_the_size() -> None:
    data = sample(50_000)
    done: list[int] = []
    compressor = foretell.Compressor(2, block_size=30_000, progress=done.append)
    archive = compressor.compress(data) + compressor.flush()
    assert sum(done) == len(data)
    assert len(done) > 2
    done.clear()
    decompressor = foretell.Decompressor(progress=done.append)
    assert decompressor.decompress(archive) == data
    assert sum(done) == len(data)


def test_an_interrupt_ends_a_block_and_the_model() -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    model = MixModel(SMALL)
    with pytest.raises(KeyboardInterrupt):
        model.encode_block(sample(40_000), interrupt)
    with pytest.raises(ValueError, match="an earlier block failed"):
        model.encode_block(b"more")
    compressor = foretell.Compressor(1, progress=interrupt)
    compressor.compress(sample(40_000))
    with pytest.raises(KeyboardInterrupt):
        compressor.flush()
    with pytest.raises(ValueError, match="failed"):
        compressor.flush()


def test_a_signal_interrupts_a_block() -> None:
    code = (
        "import os, signal, threading, foretell\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored by tests in the background
        "threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "foretell.compress(os.urandom(1 << 22), 9, block_size=1 << 22)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert "KeyboardInterrupt" in done.stderr


def test_failed_decoding_is_clear() -> None:
    model = MixModel(SMALL)
    payload, _ = model.encode_block(sample(1000))
    reader = MixModel(SMALL)
    with pytest.raises(foretell.Error, match="payload"):
        reader.decode_block(payload[: len(payload) // 2], 1000)
    with pytest.raises(ValueError, match="an earlier block failed"):
        reader.decode_block(payload, 1000)
    with pytest.raises(foretell.CorruptError):
        MixModel(SMALL).decode_block(b"\xff" + payload, 1000)
    for call in (codec.encode_block, codec.learn_block):
        with pytest.raises(ValueError, match="at least one byte"):
            call(model, b"")
    with pytest.raises(ValueError, match="at least one byte"):
        codec.decode_block(model, b"", 0)


@pytest.mark.parametrize("level", LEVELS)
def test_tables_follow_size_and_limit(level: int) -> None:
    def of(size: int | None, memory: int = models.MAX_MEMORY) -> Parameters:
        return mix_parameters.for_level(level, size, memory)

    sizes = [0, 1, 1000, 10**5, 10**6, 10**7, 10**9]
    assert [of(size).memory for size in sizes] == sorted(of(size).memory for size in sizes)
    assert of(1000).memory < 48 << 20
    assert of(None).history_bits >= 20
    assert of(10**9).history_bits == 26
    for limit in (64 << 20, 100 << 20, 1 << 30):
        assert min(limit, of(10**9).memory) // 3 < of(10**9, limit).memory <= limit
    with pytest.raises(foretell.MemoryLimitError, match=f"level {level} needs at least") as caught:
        of(1000, 1 << 20)
    assert isinstance(caught.value, ValueError)
    least = int(str(caught.value).split("at least ")[1].split()[0])
    assert of(1000, least).memory == of(10**9, least).memory == least


def test_memory_limit_of_streams(tmp_path: Path) -> None:
    data = sample(20_000)
    archive = foretell.compress(data, memory=30 << 20)
    (frame,) = foretell.frame_info(archive)
    assert frame.memory is not None
    assert frame.memory <= 30 << 20
    assert foretell.decompress(archive, memory=30 << 20) == data
    for read in (lambda m: foretell.decompress(archive, memory=m), lambda m: opened(tmp_path, archive, m)):
        with pytest.raises(foretell.UnsupportedError, match=r"needs \d+ MiB of memory, the limit is 27 MiB"):
            read(27 << 20)
    with foretell.open(tmp_path / "x", "wb", memory=30 << 20) as file:
        file.write(data)
    assert foretell.frame_info(tmp_path / "x")[0].memory <= 30 << 20  # type: ignore[operator]
    assert foretell.frame_info(foretell.compress(data, 0))[0].memory == 0
    with pytest.raises(foretell.MemoryLimitError):
        foretell.compress(data, memory=1000)


def opened(folder: Path, archive: bytes, memory: int) -> None:
    (folder / "opened").write_bytes(archive)
    with foretell.open(folder / "opened", memory=memory) as file:
        file.read()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"contexts": 2}, "contexts = 2"),
        ({"cell_bits": 11}, "cell_bits = 11"),
        ({"cell_bits": 60}, "cell_bits = 60"),
        ({"cell_bits": 30}, r"needs \d+ MiB of memory, the limit is 2048 MiB"),
        ({"history_bits": 31}, "history_bits = 31"),
        ({"hidden": 0}, r"hidden = 0"),
        ({"chunk": 0}, r"chunk = 0"),
        ({"chunk": 1, "hidden": 2048, "width": 256}, "operations for each byte"),
    ],
)
def test_absurd_headers_are_refused(change: dict[str, int], message: str) -> None:
    with pytest.raises(foretell.UnsupportedError, match=message):
        models.build("mix/1", asdict(SMALL) | change)


def test_levels_run_on_the_cpu_whatever_the_device() -> None:
    data = sample(2000)
    archive = foretell.compress(data, 1, device="cuda")
    assert archive == foretell.compress(data, 1)
    assert foretell.decompress(archive, device="cuda") == data


def test_one_kilobyte_is_quick() -> None:
    """No tables of the level's size for a small file."""
    code = (
        "import foretell, time\nbegan = time.thread_time()\n"
        "foretell.compress(bytes(range(250)) * 4)\nprint(time.thread_time() - began)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.6
