"""Deposits, withdrawals, wallets and allowances by chat."""

import io
from pathlib import Path

import segno
from PIL import Image

from bot.purse import BORDER, SCALE
from engine.accounts.wallet_types import Asker
from engine.core.types import AssetCode, Atoms, Micros, UserId
from engine.custody.accounts import Depositable, DepositAccount
from engine.custody.refusals import DepositsUnavailable
from tests.bot.world import OF_THE_EXCHANGE, World, labels, open_world
from tests.simulators.telegram import buttons
from tests.webapp_api.house import ADMIN, ASSETS

OWNER, MINT = "9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM", "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"


async def give(user: UserId, code: AssetCode) -> tuple[DepositAccount, Depositable]:
    """Give an address as custody does; of BTC just now none."""
    if code == "BTC":
        raise DepositsUnavailable
    account = DepositAccount("token account", OWNER, user, code, MINT, Micros(0))
    return account, Depositable(ASSETS[code], MINT, Atoms(1_500_000))


async def test_deposits_have_an_address_a_picture_and_rules(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, deposits=give) as world:
        ada = world.telegram.person(7)
        sent = await ada.ask("/deposit usdt")
        assert sent["caption"].startswith(
            f"Deposit USDT on Solana (devnet) to:\n\n{OWNER}\n\nAt least 1.5 USDT at once"
        )
        assert MINT in sent["caption"]
        picture = Image.open(io.BytesIO(world.telegram.pictures[sent["photo"][0]["file_id"]])).convert("L")
        for row, squares in enumerate(segno.make(OWNER, error="m", micro=False).matrix):
            for column, is_dark in enumerate(squares):
                at = ((BORDER + column) * SCALE + SCALE // 2, (BORDER + row) * SCALE + SCALE // 2)
                assert (picture.getpixel(at) == 0) == bool(is_dark)
        asked = await ada.ask("/deposit")
        assert labels(asked) == ["USDT", "BTC", "ETH"]
        await ada.tap(asked, "ETH")
        assert (await ada.hears("Deposit ETH on Solana"))["caption"]
        assert await ada.tap(asked, "BTC") == (
            "Solana can't be reached just now. Please ask again in a moment; what you have sent is not lost."
        )
        unknown = "This can't be deposited. There are: BTC, ETH, USDT"
        for nonsense in ("doge", "usdt btc", "²", "x" * 300):
            assert (await ada.ask(f"/deposit {nonsense}"))["text"] == unknown
        assert await ada.send_query(asked, "deposit:DOGE") == unknown
        group = ada.in_group()
        assert await group.send_query(asked | {"chat": group.chat}, "deposit:ETH") == "This button does nothing."
        assert len(world.telegram.pictures) == 2


async def test_where_no_deposits_are_taken_that_is_said(world: World) -> None:
    ada = world.telegram.person(7)
    for text in ("/deposit", "/deposit btc"):
        assert (await ada.ask(text))["text"] == "This exchange takes no deposits by Solana."


async def test_it_says_where_withdrawals_are_asked_for(world: World) -> None:
    sent = await world.telegram.person(7).ask("/withdraw")
    assert "through the API" in sent["text"]
    assert "/withdrawals" in sent["text"]
    assert buttons(sent) == []


async def test_wallets_are_listed_to_their_owner_only(world: World) -> None:
    ada = world.telegram.person(7)
    hers = await world.house.person(7)
    assert hers.id is not None
    [session] = (await hers.get("/api/auth/sessions")).body["sessions"]
    await world.house.deps.wallets.link(Asker(hers.id, session["id"]), OWNER)
    assert (await ada.ask("/wallet"))["text"].startswith(f"Your wallets\n{OWNER}\n")
    assert OWNER not in (await world.telegram.person(8, "Eve").ask("/wallet"))["text"]


async def test_limits_say_what_the_account_may_and_what_trades_cost(world: World) -> None:
    lines = (await world.telegram.person(7).ask("/limits"))["text"].splitlines()
    assert lines[:2] == ["What you may", "Requests: 100000 at once, then 10000 a second"]
    assert "BTC/USDT: fee 0.1 %, or 0.05 % for orders that waited; 20000 open orders at most" in lines
    assert not set(OF_THE_EXCHANGE) & set(lines)
    told = (await world.telegram.person(ADMIN).ask("/limits"))["text"].splitlines()
    assert told == [*lines, "", *OF_THE_EXCHANGE]


async def test_groups_hear_nothing_of_money(world: World) -> None:
    ada = world.telegram.person(7)
    group = ada.in_group()
    for text in ("/deposit", "/withdraw", "/wallet", "/limits"):
        group.write(text)
    await ada.ask("/help")
    assert group.got == []
