"""What the bot answers to each command, and to whom."""

from data.store.readers import rows
from tests.bot.world import MINI_APP, PAGE, World, labels
from tests.simulators.telegram import Person, buttons


async def open_order(world: World, person: Person, text: str) -> int:
    """Place an order by chat that waits; return its id."""
    card = await person.ask(text)
    await person.tap(card, "Confirm")
    return int((await person.reads(card, "It is open."))["text"].split()[1].rstrip(":"))


async def test_start_opens_the_account_that_the_page_opens(world: World) -> None:
    ada = world.telegram.person(7)
    welcome = await ada.ask("/start")
    assert welcome["text"].startswith("Welcome to Clobster, Ada. Your account is ready.")
    assert buttons(welcome) == [{"text": "Open Clobster", "web_app": {"url": PAGE}}]
    by_chat = await world.house.deps.queries.read(
        lambda connection: rows(connection, "SELECT id FROM users WHERE telegram_id = 7", ())
    )
    assert [(await world.house.person(7)).id] == [row[0] for row in by_chat]


async def test_start_takes_a_payload_into_the_mini_app_and_leaves_out_one_that_is_none(world: World) -> None:
    ada = world.telegram.person(7)
    assert buttons(await ada.ask("/start BTCUSDT"))[0]["url"] == f"{MINI_APP}?startapp=BTCUSDT"
    assert "web_app" in buttons(await ada.ask("/start a&b=c"))[0]


async def test_prices_of_one_market_of_all_and_of_none(world: World) -> None:
    ada = world.telegram.person(7)
    assert (await ada.ask("/price btc"))["text"] == "BTC/USDT: not traded yet\nBid 60000.00, ask 60010.00"
    assert "ETH/USDT: not traded yet\nBid none, ask none" in (await ada.ask("/price"))["text"]
    assert (await ada.ask("/price doge"))["text"] == "There is no such market. There are: BTCUSDT, ETHUSDT"
    trader = await world.trader(8, USDT=10_000)
    card = await trader.ask("/buy 0.1 btc")
    await trader.tap(card, "Confirm")
    await trader.reads(card, "Done.")
    assert (await ada.ask("/price BTC/USDT"))["text"] == (
        "BTC/USDT: 60010.00 USDT\nBid 60000.00, ask 60010.00\n24 hours: +0 %, volume 0.1 BTC"
    )


async def test_balance_and_portfolio(world: World) -> None:
    nobody = world.telegram.person(6)
    for command in ("/balance", "/portfolio"):
        assert (await nobody.ask(command))["text"] == "You have nothing yet: /deposit"
    ada = await world.trader(7, USDT=1_000, BTC=1, ETH=2)
    await open_order(world, ada, "/buy 0.01 btc @ 50000")
    assert (await ada.ask("/balance"))["text"] == (
        "Your balance\nBTC: 1\nETH: 2\nUSDT: 500 available, 500 in open orders"
    )
    assert (await ada.ask("/portfolio"))["text"] == (
        "Your portfolio: 61000 USDT\nBTC: 1 = 60000 USDT\nETH: 2 (no price now)\nUSDT: 1000 = 1000 USDT"
    )


async def test_orders_are_listed_and_cancelled_by_number_and_by_button(world: World) -> None:
    ada = await world.trader(7, USDT=1_000)
    assert (await ada.ask("/orders"))["text"] == "You have no open orders."
    first = await open_order(world, ada, "/buy 0.01 btc @ 50000")
    second = await open_order(world, ada, "/buy 0.01 btc @ 40000")
    listed = await ada.ask("/orders")
    assert listed["text"] == (
        f"Your open orders\n{second}: buy 0.01 BTC at 40000.00 USDT, 0 filled\n"
        f"{first}: buy 0.01 BTC at 50000.00 USDT, 0 filled"
    )
    assert labels(listed) == [f"Cancel {second}", f"Cancel {first}"]
    assert await ada.tap(listed, f"Cancel {second}") == f"Order {second} is cancelled."
    left = await ada.reads(listed, f"{first}: buy")
    assert (await ada.ask(f"/cancel {first}"))["text"] == f"Order {first} is cancelled."
    assert await ada.tap(left, f"Cancel {first}") == "This order is no longer open."
    assert (await world.balances(7))["USDT"] == ("1000.000000", "0.000000")


async def test_somebody_elses_order_is_not_there(world: World) -> None:
    ada, eve = await world.trader(7, USDT=1_000), await world.trader(8, "Eve")
    hers = await open_order(world, ada, "/buy 0.01 btc @ 50000")
    nothing = "You have no open order with this number. Your open orders: /orders"
    for number in (str(hers), "99", "0", "x", "-1", "1.5", "9" * 30, "²"):
        assert (await eve.ask(f"/cancel {number}"))["text"] == nothing
    some = eve.got[-1]
    assert await eve.send_query(some, f"cancel:{hers}") == nothing
    assert await eve.send_query(some, "cancel:") == nothing
    assert (await eve.ask("/cancel"))["text"] == "Say which order: /cancel 17. Your open orders: /orders"
    assert (await world.balances(7))["USDT"] == ("500.000000", "500.000000")


async def test_trades_are_listed_from_ones_own_side(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    assert (await ada.ask("/trades"))["text"] == "You have not traded yet."
    card = await ada.ask("/buy 0.1 btc")
    await ada.tap(card, "Confirm")
    await ada.reads(card, "Done.")
    head, line = (await ada.ask("/trades"))["text"].splitlines()
    assert head == "Your latest trades"
    assert line.endswith(" bought 0.1 BTC at 60010.00 USDT")


async def test_groups_hear_public_answers_only(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    group = ada.in_group()
    for private in ("/start", "/balance", "/buy 0.01 btc", "/orders", "/cancel 1", "/trades", "/portfolio", "hello"):
        group.write(private)
    assert (await group.ask("/help@clobster_bot"))["text"] == (
        "In groups I answer /price, /chart and /help. To trade, write to me in private."
    )
    assert (await group.ask("/price@clobster_bot btc"))["text"].startswith("BTC/USDT")
    group.write("/price@another_bot btc")
    await ada.ask("/help")
    assert len(group.got) == 2


async def test_the_language_is_telegrams_until_one_is_chosen(world: World) -> None:
    ada = world.telegram.person(7, language="de-AT")
    assert (await ada.ask("/start"))["text"].startswith("Willkommen bei Clobster, Ada.")
    asked = await ada.ask("/lang")
    assert labels(asked) == ["English", "Deutsch"]
    await ada.tap(asked, "English")
    await ada.reads(asked, "I speak English with you now.")
    assert (await ada.ask("/orders"))["text"] == "You have no open orders."


async def test_what_is_no_command_is_answered_with_help(world: World) -> None:
    ada = world.telegram.person(7)
    for text in ("hello", "/nonsense", "0.5 btc", "💸"):
        assert (await ada.ask(text))["text"] == "I did not understand that. /help lists what I can do."
    assert "/buy 0.5 btc" in (await ada.ask("/help"))["text"]


async def test_telegram_knows_the_commands_in_every_language(world: World) -> None:
    await world.telegram.until(lambda: len(world.telegram.commands) == 2, "the commands")
    assert [each["command"] for each in world.telegram.commands[""]][:3] == ["price", "chart", "buy"]
    assert world.telegram.commands["de"][0]["description"] == "Preise"
