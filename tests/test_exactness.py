"""The first promise: the same bytes at every SIMD level, thread count and batch split, on CPU and CUDA."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import foretell  # noqa: E402  (torch may be missing)
from exactness_worker import DATA, PARAMETERS  # noqa: E402
from foretell.models.ngram import NgramModel  # noqa: E402

WORKER = Path(__file__).with_name("exactness_worker.py")
ATEN = ["default", "avx2"] + (["avx512"] if torch.backends.cpu.get_cpu_capability() == "AVX512" else [])
ONEDNN = ["SSE41", "AVX2", ""]
MKL = ["COMPATIBLE", ""]


def run(archive: str, out: str | None = None, **settings: str) -> dict[str, object]:
    environment = {key: value for key, value in os.environ.items() if key not in SWITCHES}
    environment |= {key: value for key, value in settings.items() if value}
    environment["OMP_WAIT_POLICY"] = "passive"  # two threads that spin on a busy core wait for each other's turns
    command = [sys.executable, str(WORKER), archive, *([out] if out else [])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report: dict[str, object] = json.loads(done.stdout)
    return report


SWITCHES = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_CBWR")


def test_every_switch_gives_the_same_bytes_and_floats_do_not(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    reference = run("-", str(archive))
    digests = set()
    floats = set()
    capabilities = set()
    for values in itertools.product(ATEN, ONEDNN, MKL):
        settings = dict(zip(SWITCHES, values, strict=True))
        report = run(str(archive), **settings)
        assert report["archives"] == reference["archives"], settings
        assert report["payloads"] == reference["payloads"], settings
        assert report["decoded"], settings
        digests |= set(report["archives"].values())  # type: ignore[attr-defined]
        floats.add(report["float"])
        capabilities.add(report["capability"])
    assert len(digests) == 1  # threads and users' precision settings too
    assert len(set(reference["payloads"].values())) == 1  # type: ignore[attr-defined]
    if len(capabilities) == 1:
        pytest.skip("this machine has one SIMD level only: nothing for the control to differ by")
    assert len(floats) > 1, "the control is worthless: ordinary floats gave the same CDFs under every switch"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cpu_and_cuda_write_and_read_the_same_bytes() -> None:
    on_cpu = foretell.compress(DATA, model=NgramModel(PARAMETERS))
    on_cuda = foretell.compress(DATA, model=NgramModel(PARAMETERS, "cuda"))
    assert on_cpu == on_cuda
    assert foretell.decompress(on_cpu, device="cuda") == DATA
    assert foretell.decompress(on_cuda) == DATA
