"""What operators run: whole files, no secrets in them, and an update that goes back."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from clobster.config import PREFIX, Settings
from clobster.sources import FILE

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"

# A docker that only says what it was asked, and does what the test wants of the new image.
DOCKER = """#!/bin/sh
echo "$CLOBSTER_IMAGE|$*" >> "$CALLS"
case "$*" in
  inspect*) echo old ;;
  *"clobster counts")
    [ "$FAULT" = no_counts ] && exit 2
    cat "$COUNTS" ;;
  *"restore --help") [ "$FAULT" = no_set_aside ] || echo "[--set-aside]" ;;
  *migrate) [ "$FAULT" != migrate ] ;;
  *exec*)
    [ "$FAULT" = traded ] && echo more > "$COUNTS"
    [ "$CLOBSTER_IMAGE" = old ] || [ ! "$FAULT" ] ;;
esac
"""


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ("", 0, "runs: new"),
        ("migrate", 1, "went back to old"),
        ("ready", 1, "went back to old"),
        ("traded", 2, "a person is needed"),
    ],
)
def test_an_update_makes_a_backup_first_and_goes_back_where_nothing_was_taken(
    tmp_path: Path, fault: str, code: int, said: str
) -> None:
    done, calls = updated(tmp_path, fault)
    assert (done.returncode, said in done.stdout + done.stderr) == (code, True), done.stderr
    steps = [next((each for each in STEPS if each in call), "") for call in calls]
    steps = [step for step in steps if step]
    assert steps[:3] == ["stop clobster", "clobster backup", "clobster migrate"]
    assert next(call for call in calls if "backup" in call).startswith("old|")
    assert ("clobster restore --set-aside" in steps) is (code == 1)
    if code == 1:
        restored = next(call for call in calls if "clobster restore --set-aside" in call)
        assert " clobster restore --set-aside /var/lib/clobster/before-" in restored
        assert restored.startswith("old|"), "the old program reads the old books"
        assert calls[-2 if "exec" in calls[-1] else -1].startswith("old|")
    if code == 2:
        assert steps[-1] == "stop clobster", "it stays down"


@pytest.mark.parametrize("fault", ["no_counts", "no_set_aside"])
def test_an_update_of_what_has_no_way_back_changes_nothing(tmp_path: Path, fault: str) -> None:
    done, calls = updated(tmp_path, fault)
    assert (done.returncode, "nothing was changed" in done.stderr) == (2, True), done.stderr
    assert not [call for call in calls if "new" in call or re.search("pull|stop|backup|migrate|up -d", call)], calls
    asked = [call for call in calls if " run " in call]
    assert asked
    assert all(call.startswith("old|") for call in asked), "what runs is asked"


STEPS = ("stop clobster", "clobster backup", "clobster migrate", "clobster restore --set-aside")


def updated(folder: Path, fault: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run an update from `old` to `new`; return what came of it and what docker was asked, each call with its image."""
    (docker := folder / "docker").write_text(DOCKER)
    docker.chmod(0o755)
    (folder / "counts").write_text("1 1 1 0")
    environ = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "CALLS": str(folder / "calls"),
        "COUNTS": str(folder / "counts"),
        "FAULT": fault,
        "CLOBSTER_IMAGE": "",
        "UPDATE_TRIES": "2",
        "UPDATE_PAUSE_S": "0",
    }
    done = subprocess.run(
        [DEPLOY / "update", "new"], env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    return done, (folder / "calls").read_text().splitlines()


def test_release_notes_come_from_the_changelog() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    notes = subprocess.run([DEPLOY / "release-notes", version], capture_output=True, text=True, check=True).stdout
    assert "The exchange core" in notes
    assert subprocess.run([DEPLOY / "release-notes", "99.0.0"], capture_output=True, check=False).returncode == 1


def test_what_is_deployed_names_settings_that_exist_and_no_secret() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {f"{PREFIX}CONFIG", f"{PREFIX}IMAGE"}
    for path in ("Dockerfile", "compose.yml", "clobster.service"):
        for name in re.findall(rf"{PREFIX}[A-Z_]+", (DEPLOY / path).read_text()):
            assert name.removesuffix(FILE) in known, f"{path}: {name}"
            if name.endswith(FILE):
                field = name.removeprefix(PREFIX).removesuffix(FILE).lower()
                assert "SecretStr" in str(Settings.model_fields[field].annotation)
    compose = yaml.safe_load((DEPLOY / "compose.yml").read_text())
    exchange, database = compose["services"]["clobster"], compose["services"]["postgres"]
    assert exchange["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert "database_url" in exchange["secrets"]
    assert exchange["environment"]["CLOBSTER_DATABASE_URL_FILE"] == "/run/secrets/database_url"
    assert database["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/postgres_password"
    assert "profiles" not in database
    assert "ports" not in database
    assert set(exchange["networks"]) & set(database["networks"])
    assert "pg_isready" in database["healthcheck"]["test"]
    assert exchange["read_only"]
    assert exchange["cap_drop"] == ["ALL"]
    for name, service in compose["services"].items():
        assert set(service.get("secrets", [])) <= set(compose["secrets"]), name
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name} is open to the world"
    users = re.findall(r"^USER (\S+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert users
    assert users[-1] not in {"0", "root"}


def test_the_image_gets_all_that_it_is_built_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "custom" in wheel["hooks"]
    needed = {"hatch_build.py", "package.json", "package-lock.json", "pyproject.toml", project["project"]["readme"]}
    needed |= {*project["project"]["license-files"], *wheel["packages"]}
    for line in re.findall(r"^COPY (?!--from)(.*) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE):
        needed |= set(line.split()) - {"."}
    given = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    assert given[0] == "*"
    assert needed == {line[1:] for line in given if line.startswith("!")}
    for name in needed:
        assert (ROOT / name).exists(), name


def test_every_alert_is_tried() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())["groups"]
    alerts = {rule["alert"] for group in rules for rule in group["rules"]}
    tried = yaml.safe_load((DEPLOY / "prometheus/rules.test.yml").read_text())
    assert tried["rule_files"] == ["rules.yml"]
    fired = {
        re.fullmatch(r'\{alertname="(\w+)"\}', sample["labels"])[1]  # type: ignore[index]
        for test in tried["tests"]
        for each in test["promql_expr_test"]
        for sample in each["exp_samples"]
    }
    assert fired == alerts


def test_workflows_can_be_read_and_may_write_only_where_they_say_so() -> None:
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {"contents": "read"}, path.name
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                assert "uses" in step or "run" in step
                assert (
                    not step.get("uses", "").startswith("actions/checkout") or not step["with"]["persist-credentials"]
                )
    versions = yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text())["jobs"]["checks"]["strategy"][
        "matrix"
    ]
    assert versions["python"] == ["3.11", "3.12", "3.13", "3.14"]
