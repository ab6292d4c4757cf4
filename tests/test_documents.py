"""What the documents say is true."""

import re
from pathlib import Path

from pydantic import SecretStr

from clobster.config import PREFIX, Settings

ROOT = Path(__file__).parent.parent
ASSIGNMENT = re.compile(rf"#?({PREFIX}[A-Z_]+)=(.*)")


def test_the_example_lists_every_setting_with_its_default() -> None:
    listed = dict(ASSIGNMENT.findall((ROOT / ".env.example").read_text()))
    listed.pop(f"{PREFIX}BOT_TOKEN_FILE", None)
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else str(field.default)
        assert listed.pop(PREFIX + name.upper()) == default
        assert field.annotation != (SecretStr | None) or not default
    assert not listed, "settings that do not exist"


def test_operations_describe_every_setting() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    described = set(re.findall(rf"{PREFIX}([A-Z_]+)", text))
    for section in re.split(r"^#+ ", text, flags=re.MULTILINE):
        if shared := re.search(rf"^\| setting \(`{PREFIX}([A-Z_]*)`\)", section, re.MULTILINE):
            rows = re.findall(r"^\| (`[^|]*)\|", section, re.MULTILINE)
            described |= {shared[1] + name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    assert {name.upper() for name in Settings.model_fields} <= described


def test_commands_in_documents_are_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")):
        assert set(re.findall(r"^make ([a-z-]+)\b", "\n".join(_code(document)), re.MULTILINE)) <= targets, document


def test_the_tests_that_documents_name_are_there() -> None:
    tests = "\n".join(path.read_text() for path in ROOT.glob("tests/**/*.py"))
    for document in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")):
        for name in re.findall(r"`(test_\w+)`", document.read_text()):
            assert f"def {name}(" in tests, f"{document.name}: {name}"


def test_every_threat_has_a_test() -> None:
    text = (ROOT / "docs/security.md").read_text()
    for heading in ("## Threats, and the test that stands for each", "## OWASP API Security Top 10 (2023)"):
        rows = re.findall(r"^\| .*\|$", text.split(heading)[1].split("\n## ")[0], re.MULTILINE)[1:]
        assert len(rows) >= 10
        for row in rows:
            assert re.search(r"`test_\w+`", row.split("|")[-2]), row


def test_links_lead_somewhere() -> None:
    for document in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")):
        for link in re.findall(r"\]\(([^)#\s]+)", document.read_text()):
            assert link.startswith("https://") or (document.parent / link).exists(), f"{document.name}: {link}"


def test_locks_name_no_registry() -> None:
    for lock in ROOT.glob("*.lock"):
        assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links", lock.read_text()), lock


def _code(document: Path) -> list[str]:
    text = document.read_text()
    fenced = re.findall(r"```.*?```", text, re.DOTALL)
    return fenced + [span.strip("`") for span in re.findall(r"`[^`\n]+`", text)]
