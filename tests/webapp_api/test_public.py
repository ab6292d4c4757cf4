"""What everybody may see: markets, the page, and what operators ask."""

from msgspec.structs import replace

from data.binance.health import Health
from engine.core.types import Micros, Symbol
from engine.market_data.reference_price import ReferencePrice
from tests.webapp_api.house import House


async def test_markets_tell_their_rules(house: House) -> None:
    markets = (await house.nobody.get("/api/markets")).body["markets"]
    assert [market["symbol"] for market in markets] == ["BTCUSDT", "ETHUSDT"]
    assert markets[0] == {
        "symbol": "BTCUSDT",
        "base": "BTC",
        "quote": "USDT",
        "status": "trading",
        "tick_size": "0.01",
        "lot_size": "0.0001",
        "price_decimals": 2,
        "quantity_decimals": 4,
        "max_price": "100000000.00",
        "max_quantity": "1000000.0000",
        "maker_fee": "0.0005",
        "taker_fee": "0.001",
    }


async def test_depth_is_best_first_and_counts_up(house: House) -> None:
    empty = (await house.nobody.get("/api/markets/BTCUSDT/depth")).body
    assert (empty["bids"], empty["asks"]) == ([], [])
    await house.quote({"59000.00": "1.0000", "58999.00": "2.0000"}, {"60000.00": "1.5000", "60001.00": "2.0000"})
    ada = await house.person(1, USDT=1000)
    await ada.place(price="59000.00")
    depth = (await house.nobody.get("/api/markets/BTCUSDT/depth")).body
    assert depth["bids"] == [["59000.00", "1.0100"], ["58999.00", "2.0000"]]
    assert depth["asks"] == [["60000.00", "1.5000"], ["60001.00", "2.0000"]]
    assert depth["seq"] > empty["seq"]
    short = (await house.nobody.get("/api/markets/BTCUSDT/depth?limit=1")).body
    assert (len(short["bids"]), len(short["asks"]), short["seq"]) == (1, 1, depth["seq"])


async def test_trades_and_ticker(house: House) -> None:
    nothing = (await house.nobody.get("/api/markets/BTCUSDT/ticker")).body
    assert (nothing["last"], nothing["bid"], nothing["volume"]) == (None, None, "0.0000")
    await house.quote({"59000.00": "1.0000"}, {"60000.00": "1.0000", "60010.00": "1.0000"})
    ada = await house.person(1, USDT=100_000)
    await ada.place(price="60010.00", quantity="1.5000")
    trades = (await house.nobody.get("/api/markets/BTCUSDT/trades?limit=1")).body["trades"]
    assert [(trade["trade_id"], trade["price"], trade["taker_side"]) for trade in trades] == [(2, "60010.00", "buy")]
    assert set(trades[0]) == {"trade_id", "price", "quantity", "taker_side", "created_at"}
    ticker = (await house.nobody.get("/api/markets/BTCUSDT/ticker")).body
    assert (ticker["last"], ticker["open"], ticker["change"]) == ("60010.00", "60000.00", "10.00")
    assert (ticker["volume"], ticker["quote_volume"], ticker["trades"]) == ("1.5000", "90005.000000", 2)
    assert (ticker["bid"], ticker["bid_quantity"], ticker["ask_quantity"]) == ("59000.00", "1.0000", "0.5000")


NOT_THERE = {"replica": None, "settlement": None, "reconciliation": None}


async def test_alive_and_ready_are_not_the_same(house: House) -> None:
    assert (await house.nobody.get("/healthz")).status == 200
    assert (await house.nobody.get("/readyz")).body == {
        "ready": True,
        "reasons": [],
        "feed": [],
        **NOT_THERE,
    }
    house.reasons.append("no feed")
    unready = await house.nobody.get("/readyz")
    assert (unready.status, unready.body) == (
        503,
        {"ready": False, "reasons": ["no feed"], "feed": [], **NOT_THERE},
    )
    assert (await house.nobody.get("/healthz")).status == 200


async def test_a_feed_out_of_sync_is_told_and_does_not_make_the_exchange_unready(house: House) -> None:
    health = Health(now=lambda: 100.0)
    health.heard()
    health.gaps = 2
    house.feed.append(health.view(Symbol("BTCUSDT"), in_sync=False, reconnects=3))
    answer = await house.nobody.get("/readyz")
    assert (answer.status, answer.body["ready"]) == (200, True)
    (feed,) = answer.body["feed"]
    assert (feed["symbol"], feed["in_sync"], feed["gaps"], feed["reconnects"]) == ("BTCUSDT", False, 2, 3)
    assert (feed["message_age_s"], feed["book_age_s"], feed["messages"]) == (0.0, None, 1)


async def test_the_ticker_has_the_reference_price_marked_as_such(house: House) -> None:
    ticker = (await house.nobody.get("/api/markets/BTCUSDT/ticker")).body
    assert ticker["reference"] is None
    price = ReferencePrice(Symbol("BTCUSDT"), "61837.63000000", None, "061837.64500000", Micros(1_700_000_000_123_456))
    house.deps.market_data.on_reference(price)
    house.deps.market_data.on_reference(replace(price, symbol=Symbol("NOPEUSDT")))
    ticker = (await house.nobody.get("/api/markets/BTCUSDT/ticker")).body
    assert ticker["reference"] == {"last": "61837.63", "bid": None, "ask": "61837.645", "at": 1_700_000_000_123}
    assert (ticker["last"], ticker["bid"], ticker["trades"], ticker["volume"]) == (None, None, 0, "0.0000")
    assert (await house.nobody.get("/api/markets/BTCUSDT/trades")).body["trades"] == []
    assert (await house.nobody.get("/api/markets/ETHUSDT/ticker")).body["reference"] is None


async def test_metrics_are_prometheus_text(house: House) -> None:
    answer = await house.nobody.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE clobster_" in answer.body


async def test_metrics_are_for_who_shows_the_token(house: House) -> None:
    app = house.deps
    for token in ("a-token-of-prometheus", ""):
        object.__setattr__(app, "metrics_token", token)
        for shown in ("another", "", "\u00e9"):
            answer = await house.nobody.get("/metrics", headers={"Authorization": f"Bearer {shown}"})
            assert answer.problem == (401, "unauthorized")
        assert (await house.nobody.get("/metrics")).problem == (401, "unauthorized")
    object.__setattr__(app, "metrics_token", "a-token-of-prometheus")
    shown = {"Authorization": "Bearer a-token-of-prometheus"}
    assert "# TYPE clobster_" in (await house.nobody.get("/metrics", headers=shown)).body


async def test_other_sites_get_no_leave_to_read(house: House) -> None:
    answer = await house.nobody.get("/api/markets", headers={"Origin": "https://elsewhere.example"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    asked = await house.nobody.ask("OPTIONS", "/api/trading/orders", headers={"Origin": "https://elsewhere.example"})
    assert asked.problem == (405, "method_not_allowed")
