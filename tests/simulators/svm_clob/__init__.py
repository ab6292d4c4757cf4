"""A double of svm_clob, the order book program on Solana's devnet: our own C, compiled and linked when it is needed."""

import subprocess
import sys
from pathlib import Path

from tests.simulators.svm_clob.linker import link

SOURCE = Path(__file__).with_name("svm_clob.c")
FLAGS = (
    *("-target", "bpfel-freestanding", "-mcpu=v2", "-O2", "-ffreestanding", "-fno-builtin", "-nostdlib"),
    *("-fno-sanitize=all", "-fno-asynchronous-unwind-tables", "-Wall", "-Wextra", "-Werror"),
)


def build(folder: Path) -> bytes:
    """Return the program, as it would be deployed. Whatever the compiler needs to write goes into the folder."""
    built = folder / "svm_clob.o"
    zig = [sys.executable, "-m", "ziglang", "cc"]
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(folder), "ZIG_LOCAL_CACHE_DIR": str(folder)}
    subprocess.run([*zig, *FLAGS, "-c", str(SOURCE), "-o", str(built)], env=caches, check=True)
    return link(built.read_bytes())
