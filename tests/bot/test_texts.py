"""The catalogues agree with each other, with the code and with what the engine may refuse."""

import ast
import inspect
import re
from pathlib import Path
from string import Formatter

import pytest

import bot
from bot import refusals
from bot.cards import ExpiredCard, StaleCard
from bot.dispatcher import build_dispatcher
from bot.service import COMMANDS
from bot.texts import LANGUAGES, Texts
from engine.accounts.notifications import Kind, Level
from engine.accounts.refusals import TooManyWallets, UnknownWalletLink, WalletTaken
from engine.core import decimals
from engine.core import refusals as core
from engine.core.refusals import Refused
from engine.core.types import OrderStatus
from engine.custody import refusals as custody
from engine.liquidity.stops import StopReason
from engine.sequencer.sequencer import Busy
from engine.withdrawals.refusals import AlreadySigned, NotWaiting
from webapp_api.refusals import LimitReached

TEXTS = Texts()
ENGLISH = TEXTS.of("en").texts

# What an order by chat can't meet: it is never made so, or it belongs to other commands.
ELSEWHERE = {
    "already_credited",
    "client_order_id_reused",
    "invalid_amount",
    "invalid_order",
    "invalid_quote",
    "not_listable",
    "too_many_client_order_ids",
    "unknown_asset",
    "idempotency_key_reused",
    "too_many_withdrawals",
    "would_take",
    "refused",
}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_with_the_same_placeholders(language: str) -> None:
    said = TEXTS.of(language).texts
    assert list(said) == list(ENGLISH)
    for key, text in said.items():
        assert text.strip() == text != ""
        assert placeholders(text) == placeholders(ENGLISH[key]), key


def test_a_language_that_there_is_not_is_english() -> None:
    assert TEXTS.of("pt-BR").language == TEXTS.of(None).language == "en"
    assert TEXTS.of("de-AT").language == "de"


def keys(said: ast.expr) -> list[str]:
    """Return what an expression may be that names a text; a part that is put in is `.+`."""
    match said:
        case ast.IfExp():
            return keys(said.body) + keys(said.orelse)
        case ast.JoinedStr():
            parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".+" for p in said.values]
            return ["".join(parts)]
        case ast.Constant(value=str(key)):
            return [re.escape(key)]
    return []


def text_of(call: ast.Call) -> ast.expr | None:
    """Return the argument of a call that names a text: say(key), people.say(...)(key), Body(kind, key), alarms.tell."""
    match call.func, call.args:
        case ast.Name(id="Body"), [_, key, *_]:
            return key
        case ast.Name(id="say" | "_say") | ast.Call() | ast.Await(), [key, *_]:
            return key
        case ast.Attribute(attr="tell"), [_, key, *_] if any(each.arg == "rings" for each in call.keywords):
            return key
    return None


def test_every_text_is_used_and_every_text_that_is_used_is_there() -> None:
    used: set[str] = set()
    for path in Path(bot.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value[1:] in ENGLISH:
                used.add(node.value[1:])  # "@key", a text in a text
            if isinstance(node, ast.Call) and (said := text_of(node)) is not None:
                for key in keys(said):
                    found = {each for each in ENGLISH if re.fullmatch(key, each)}
                    assert found, (path.name, key)
                    used |= found
    assert {key for key in ENGLISH if not key.startswith(("refused.", "stop."))} - used == set()


def test_every_command_order_state_and_refusal_has_a_text() -> None:
    assert {f"command.{name}" for name in COMMANDS} == {key for key in ENGLISH if key.startswith("command.")}
    assert {f"order.{status.value}" for status in OrderStatus} <= set(ENGLISH)
    assert {f"notify.{kind.value}" for kind in Kind} <= set(ENGLISH)
    assert {f"level.{level.value}" for level in Level} <= set(ENGLISH)
    assert {f"stop.{reason.value}" for reason in StopReason} == {key for key in ENGLISH if key.startswith("stop.")}
    kinds = {
        kind
        for module in (core, custody, decimals, refusals)
        for kind in vars(module).values()
        if isinstance(kind, type)
    }
    codes = {kind.code for kind in kinds if issubclass(kind, Refused)}
    codes |= {UnknownWalletLink.code, WalletTaken.code, TooManyWallets.code}
    codes |= {StaleCard.code, ExpiredCard.code, Busy.code, LimitReached.code, NotWaiting.code, AlreadySigned.code}
    assert {f"refused.{code}" for code in codes - ELSEWHERE} == {key for key in ENGLISH if key.startswith("refused.")}


def test_every_handler_is_given_what_it_takes() -> None:
    given = set(inspect.signature(build_dispatcher).parameters) - {"accounts", "conversations"} | {
        "say",
        "user",
        "command",
        "state",
    }
    handlers = 0
    for path in (Path(bot.__file__).parent / "routers").glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_"):
                handlers += 1
                assert {arg.arg for arg in node.args.args[1:]} <= given, node.name
    assert handlers > 15


def test_the_manual_names_a_test_of_every_command_that_works_and_that_is_refused() -> None:
    root = Path(bot.__file__).parents[1]
    tests = {
        name
        for path in (root / "tests/bot").glob("test_*.py")
        for name in re.findall(r"def test_(\w+)", path.read_text())
    }
    table = re.findall(
        r"^\| `?(/?[a-z ]+)`? \| `(\w+)` \| `(\w+)` \|$", (root / "docs/bot.md").read_text(), re.MULTILINE
    )
    assert {f"/{name}" for name in (*COMMANDS, "status", "pause", "halt", "resume")} <= {
        command for command, *_ in table
    }
    assert {name for _, *named in table for name in named} <= tests
