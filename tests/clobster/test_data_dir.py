"""A data directory keeps the secrets that development makes for itself."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from clobster.data_dir import own_secrets
from webapp_api.auth.sealing import is_encryption_key


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    made = own_secrets(folder)
    assert own_secrets(folder) == made
    assert is_encryption_key(made.encryption_key)
    assert is_encryption_key(made.solana_master_key)
    assert made.solana_master_key != made.encryption_key
    assert made.bot_token.split(":")[0].isdigit()
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600
    assert made != own_secrets(tmp_path / "other")


def test_a_directory_from_before_keeps_what_it_has_and_gets_what_it_lacks(tmp_path: Path) -> None:
    before = {"bot_token": "1:token", "jwt_secret": "s" * 48, "dev_secret": "d" * 48}
    later = {"of_a_later_version": "x"}
    (tmp_path / "secrets.json").write_text(json.dumps(before | later))
    found = own_secrets(tmp_path)
    assert {name: getattr(found, name) for name in before} == before
    assert is_encryption_key(found.encryption_key)
    assert own_secrets(tmp_path) == found
    assert later.items() <= json.loads((tmp_path / "secrets.json").read_text()).items()


def test_all_who_start_at_once_have_the_same(tmp_path: Path) -> None:
    together = Barrier(8)

    def start(folder: Path) -> str:
        together.wait()
        return own_secrets(folder).encryption_key

    with ThreadPoolExecutor(8) as threads:
        for number in range(20):
            assert len(set(threads.map(start, [tmp_path / str(number)] * 8))) == 1
