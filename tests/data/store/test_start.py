import subprocess
import sys
from pathlib import Path

from alembic.script import ScriptDirectory

import migrations
from data.store.migrate import newest, sqlite_url, upgrade


def test_migrations_are_named_by_their_revisions_and_the_last_name_is_the_newest() -> None:
    ours = Path(migrations.__file__).parent
    scripts = ScriptDirectory(str(ours))
    assert scripts.get_heads() == [newest(ours)]
    for script in scripts.walk_revisions():
        assert Path(script.path).name.startswith(f"{script.revision}_")


def test_a_start_with_nothing_to_migrate_goes_without_alembic(tmp_path: Path) -> None:
    database = tmp_path / "books.sqlite"
    upgrade(sqlite_url(database))
    program = (
        "import sys; from pathlib import Path; from data.store.migrate import check, sqlite_url, upgrade;"
        "url = sqlite_url(Path(sys.argv[1])); upgrade(url); check(url); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, database], check=True)
