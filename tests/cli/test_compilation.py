"""The first use of kernels on a machine says that it compiles; later ones say nothing."""

import os
import subprocess
import sys
from pathlib import Path


def test_first_use_is_announced_once(tmp_path: Path):
    counts = tmp_path / "counts.tsv"
    counts.write_text("gene\ta\tb\tc\nA\t1\t2\t3\nB\t5\t9\t1\nC\t4\t4\t8\nD\t7\t1\t1\n")
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    told = [
        subprocess.run(
            [sys.executable, "-m", "her2het", "rna", "tmm", str(counts)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        for _ in range(2)
    ]
    assert told[0].stderr.count("compiling numerical kernels") == 1
    assert "compiling" not in told[1].stderr
    assert told[0].stdout == told[1].stdout
