"""Who of those that want a deposit address costs nobody anything, on either database."""

from data.store.deposit_accounts import SqlDepositAccounts
from data.store.opening import Place
from data.store.wallets import SqlWallets
from engine.accounts.wallet_types import in_chat
from engine.core.types import MARKET_MAKER, AssetCode, Micros
from engine.custody.accounts import DepositAccount
from tests.data.store.books import books

USDT = AssetCode("USDT")


async def test_a_wallet_alone_is_a_newcomer_and_telegram_or_money_is_none(place: Place) -> None:
    async with books(place) as exchange:
        accounts = SqlDepositAccounts(exchange.store, exchange.queries)
        wallets = SqlWallets(exchange.store, exchange.queries)
        telegram, mover = await exchange.person(), await exchange.person()
        alone, payer, old = [(await wallets.person_by_wallet(f"wallet {each}", exchange.now())).id for each in range(3)]
        await exchange.fund(payer, USDT=1)
        found = await exchange.accounts.account(mover)
        assert found is not None
        assert found.telegram_id is not None
        chat = in_chat(mover, found.telegram_id)
        await wallets.link_wallet(chat, "wallet 3", exchange.now())
        await wallets.unlink_telegram(chat, exchange.now(), frozenset())
        people = {"telegram": telegram, "mover": mover, "alone": alone, "payer": payer, "maker": MARKET_MAKER}
        newcomers = [name for name, user in people.items() if await accounts.is_newcomer(user, Micros(0))]
        assert newcomers == ["mover", "alone"]

        for number, user in enumerate((old, telegram, alone, payer, mover)):
            for asset in (USDT, AssetCode("BTC")):
                name, at = f"{user}:{asset}", Micros(1_000 + number)
                await accounts.add([DepositAccount(name, f"owner {user}", user, asset, "mint", at)])
        await accounts.add([DepositAccount("later", "another owner", old, USDT, "mint", Micros(2_000))])
        assert await accounts.newcomers(Micros(1_001)) == [(alone, 1_002), (mover, 1_004)]
        assert await accounts.newcomers(Micros(1_003)) == [(mover, 1_004)]
