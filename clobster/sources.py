"""Where each setting comes from: the command line, the environment, the file of settings, or a secret's own file."""

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from dotenv import dotenv_values
from msgspec import Struct

PREFIX: Final = "CLOBSTER_"
FILE: Final = "_FILE"
CONFIG: Final = f"{PREFIX}CONFIG"
TESTS: Final = f"{PREFIX}TEST_"  # what our tests are told from outside; no settings


class ConfigError(Exception):
    """A setting is wrong. The message names it and says how to mend it, in one line."""


class NotNow(ConfigError):  # noqa: N818
    """No setting need be wrong: something that the start needs is not there now, and may be later."""


class Given(Struct, frozen=True):
    """What was given for each setting, as it was given, and where."""

    values: dict[str, object]
    sources: dict[str, str]


def gather(
    fields: Collection[str],
    secrets: Collection[str],
    optional: Collection[str],
    environ: Mapping[str, str],
    overrides: Mapping[str, object],
) -> Given:
    """Collect what is given for the settings called `fields`. Raises ConfigError.

    secrets may also stand in files of their own; optional ones count as not given where they are empty. What the
    command line gives (overrides) wins where it is not None, then the environment, then the file.
    """
    given: dict[str, str] = {}
    places: dict[str, str] = {}
    if name := environ.get(CONFIG):
        for key, value in _settings_in(name).items():
            given[key], places[key] = value, name
    for key, value in environ.items():
        if key.startswith(PREFIX):
            given[key], places[key] = value, "environment"
    _refuse_unknown(given, fields, secrets)
    found = Given({}, {})
    for field in fields:
        variable = PREFIX + field.upper()
        is_given = variable in given and not (field in optional and not given[variable])
        file = given.get(variable + FILE) if field in secrets else None
        if file and is_given:
            raise ConfigError(f"{variable} and {variable}{FILE} are both set: keep one of them")
        if file:
            found.values[field] = _text_of(file, variable + FILE).strip()
            found.sources[field] = f"file {file}"
        elif is_given:
            found.values[field], found.sources[field] = given[variable], places[variable]
    for field, override in overrides.items():
        if override is not None:
            found.values[field], found.sources[field] = override, "command line"
    return found


def _settings_in(name: str) -> dict[str, str]:
    if not Path(name).is_file():
        raise ConfigError(f"{CONFIG} names {name}, which is not a file")
    _text_of(name, CONFIG)
    return {key: value for key, value in dotenv_values(name, interpolate=False).items() if value is not None}


def _text_of(path: str, variable: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{variable} names {path}, which can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{variable} names {path}, which is no text in UTF-8") from None


def _refuse_unknown(given: Mapping[str, str], fields: Collection[str], secrets: Collection[str]) -> None:
    """Refuse a name that is no setting: what is misspelt would otherwise be left at its default without a word."""
    known = {CONFIG} | {PREFIX + field.upper() for field in fields} | {PREFIX + name.upper() + FILE for name in secrets}
    for name in given:
        if name in known or name.startswith(TESTS) or not name.startswith(PREFIX):
            continue
        close = difflib.get_close_matches(name, known, 1)
        raise ConfigError(f"{name} is no setting" + (f": did you mean {close[0]}?" if close else "; take it away"))
