"""An order goes in as decimal strings, becomes ticks and lots or a refusal, and comes back as decimal strings."""

import json
from typing import Any

import pytest

from engine.core.commands import Deposit, PlaceOrder, Quote
from engine.core.decimals import MarketDecimals
from engine.core.exchange import Exchange
from engine.core.market import Asset, Market
from engine.core.refusals import InvalidOrder, Refused
from engine.core.types import (
    AssetCode,
    Atoms,
    Lots,
    Micros,
    OrderType,
    SelfTradePrevention,
    Side,
    Symbol,
    Ticks,
    TimeInForce,
    UserId,
)
from webapp_api import wire
from webapp_api.orders import order_reply, to_command

ADA = UserId(1000)
NOW = Micros(1_760_000_000_123_456)
BTC, USDT = Asset(AssetCode("BTC"), 8), Asset(AssetCode("USDT"), 6)
BTCUSDT = Market.of("BTCUSDT", BTC, USDT, tick_atoms=10_000, lot_atoms=10_000)
MARKETS = {"BTCUSDT": MarketDecimals(BTCUSDT, BTC, USDT)}
LIMIT = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": "61837.63", "quantity": "0.0100"}


def asked(body: dict[str, Any]) -> PlaceOrder:
    return to_command(wire.decode(json.dumps(body), wire.PLACE_ORDER), ADA, NOW, MARKETS)


def test_decimal_strings_become_ticks_and_lots() -> None:
    assert asked(LIMIT) == PlaceOrder(
        NOW, ADA, Symbol("BTCUSDT"), Side.BUY, OrderType.LIMIT, quantity=Lots(100), price=Ticks(6_183_763)
    )


def test_every_choice_reaches_the_engine() -> None:
    command = asked(
        LIMIT | {"time_in_force": "fok", "self_trade_prevention": "decrement", "client_order_id": "a-1._:/Z"}
    )
    assert command.time_in_force is TimeInForce.FOK
    assert command.self_trade_prevention is SelfTradePrevention.DECREMENT
    assert command.client_order_id == "a-1._:/Z"


def test_a_market_order_may_name_what_to_spend() -> None:
    command = asked({"symbol": "BTCUSDT", "side": "buy", "type": "market", "quote_quantity": "250"})
    assert (command.quote_quantity, command.quantity, command.price) == (250_000_000, 0, 0)
    assert command.time_in_force is TimeInForce.IOC


def test_a_market_order_that_would_rest_is_refused() -> None:
    with pytest.raises(InvalidOrder):
        asked({"symbol": "BTCUSDT", "side": "buy", "type": "market", "quantity": "1", "time_in_force": "gtc"})


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"price": "61837.635"}, "off_tick"),
    ({"price": "1e5"}, "malformed_number"),
    ({"price": "NaN"}, "malformed_number"),
    ({"price": "Infinity"}, "malformed_number"),
    ({"price": "-1"}, "malformed_number"),
    ({"price": "+1"}, "malformed_number"),
    ({"price": " 1"}, "malformed_number"),
    ({"price": "1\n"}, "malformed_number"),
    ({"price": "1_000"}, "malformed_number"),
    ({"price": "0x10"}, "malformed_number"),
    ({"price": "1."}, "malformed_number"),
    ({"price": ".5"}, "malformed_number"),
    ({"price": ""}, "malformed_number"),
    ({"price": "\u0661"}, "malformed_number"),
    ({"price": "1" + "0" * 30}, "too_large"),
    ({"price": 61837.63}, "invalid_request"),
    ({"price": 61837}, "invalid_request"),
    ({"price": True}, "invalid_request"),
    ({"price": ["1"]}, "invalid_request"),
    ({"price": None}, "invalid_order"),
    ({"quantity": "0.00001"}, "off_lot"),
    ({"quantity": "0"}, "invalid_quantity"),
    ({"quantity": "0.0000"}, "invalid_quantity"),
    ({"quantity": "-0.01"}, "malformed_number"),
    ({"quantity": None}, "invalid_order"),
    ({"quantity": 1}, "invalid_request"),
    ({"quote_quantity": "0"}, "invalid_quantity"),
    ({"quote_quantity": "0.0000001"}, "too_precise"),
    ({"symbol": "DOGEUSDT"}, "unknown_symbol"),
    ({"symbol": "btcusdt"}, "unknown_symbol"),
    ({"symbol": "B" * 33}, "invalid_request"),
    ({"symbol": None}, "invalid_request"),
    ({"side": "hold"}, "invalid_request"),
    ({"side": "BUY"}, "invalid_request"),
    ({"type": "iceberg"}, "invalid_request"),
    ({"type": "market"}, "invalid_order"),
    ({"type": "stop_loss"}, "not_supported"),
    ({"type": "stop_loss_limit", "stop_price": "1"}, "not_supported"),
    ({"type": "take_profit"}, "not_supported"),
    ({"type": "take_profit_limit"}, "not_supported"),
    ({"time_in_force": "gtt"}, "not_supported"),
    ({"time_in_force": "day"}, "invalid_request"),
    ({"stop_price": "1"}, "invalid_order"),
    ({"self_trade_prevention": "none"}, "invalid_request"),
    ({"client_order_id": ""}, "invalid_request"),
    ({"client_order_id": "a" * 65}, "invalid_request"),
    ({"client_order_id": "a b"}, "invalid_request"),
    ({"client_order_id": "a\n"}, "invalid_request"),
    ({"client_order_id": "é"}, "invalid_request"),
    ({"client_order_id": 7}, "invalid_request"),
    ({"user": 3}, "invalid_request"),
    ({"at": 0}, "invalid_request"),
]


@pytest.mark.parametrize(("change", "code"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_is_not_exact_or_not_known_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        asked(LIMIT | change)
    assert refused.value.code == code


NOT_JSON = [b"", b"{", b"null}", b"\xff", b'{"symbol": "\xff"}', b'{"symbol": "\\ud800"}', b"NaN", b"[" * 60_000]


@pytest.mark.parametrize("raw", NOT_JSON, ids=lambda raw: raw[:12])
def test_what_is_not_json_is_malformed(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        wire.decode(raw, wire.PLACE_ORDER)
    assert refused.value.code in {"malformed", "invalid_request"}


def test_a_refusal_does_not_repeat_a_long_field() -> None:
    with pytest.raises(Refused) as refused:
        wire.decode(json.dumps({"x" * 10_000: 1}), wire.PLACE_ORDER)
    assert len(str(refused.value)) <= 200


def exchange_with_a_quote() -> Exchange:
    exchange = Exchange([BTC, USDT], [BTCUSDT])
    exchange.apply(Deposit(NOW, UserId(3), BTC.code, Atoms(10**8), "house"))
    exchange.apply(Deposit(NOW, ADA, USDT.code, Atoms(10_000_000_000), "ada"))
    asks = ((Ticks(6_000_000), Lots(100)), (Ticks(6_000_100), Lots(200)))
    exchange.apply(Quote(NOW, Symbol("BTCUSDT"), (), asks, 77))
    return exchange


def answered(exchange: Exchange, body: dict[str, Any]) -> dict[str, Any]:
    reply = wire.encode(order_reply(exchange.apply(asked(body)), MARKETS["BTCUSDT"]))
    answer: dict[str, Any] = json.loads(reply)
    return answer


def test_an_order_is_answered_with_its_fills() -> None:
    answer = answered(exchange_with_a_quote(), LIMIT | {"price": "60001.00", "quantity": "0.0400"})
    assert answer == {
        "id": 1,
        "client_order_id": None,
        "symbol": "BTCUSDT",
        "side": "buy",
        "type": "limit",
        "time_in_force": "gtc",
        "self_trade_prevention": "expire_maker",
        "status": "partially_filled",
        "price": "60001.00",
        "quantity": "0.0400",
        "quote_quantity": None,
        "filled_quantity": "0.0300",
        "filled_quote_quantity": "1800.020000",
        "prevented_quantity": "0.0000",
        "average_price": "60000.6666",
        "created_at": 1_760_000_000_123,
        "updated_at": 1_760_000_000_123,
        "fills": [
            {
                "trade_id": 1,
                "price": "60000.00",
                "quantity": "0.0100",
                "fee": "0.00001000",
                "fee_asset": "BTC",
                "maker": False,
            },
            {
                "trade_id": 2,
                "price": "60001.00",
                "quantity": "0.0200",
                "fee": "0.00002000",
                "fee_asset": "BTC",
                "maker": False,
            },
        ],
    }


def test_what_an_order_does_not_have_is_null() -> None:
    order = {"symbol": "BTCUSDT", "side": "buy", "type": "market", "quote_quantity": "250"}
    answer = answered(exchange_with_a_quote(), order)
    assert (answer["price"], answer["quantity"], answer["quote_quantity"]) == (None, None, "250.000000")
    resting = answered(exchange_with_a_quote(), LIMIT | {"price": "50000"})
    assert (resting["status"], resting["average_price"], resting["fills"]) == ("new", None, [])


def test_a_seller_pays_its_fee_in_quote() -> None:
    exchange = exchange_with_a_quote()
    exchange.apply(Deposit(NOW, UserId(3), USDT.code, Atoms(10**10), "house quote"))
    exchange.apply(Deposit(NOW, ADA, BTC.code, Atoms(10**8), "ada base"))
    exchange.apply(Quote(NOW, Symbol("BTCUSDT"), ((Ticks(5_900_000), Lots(100)),), (), 78))
    answer = answered(exchange, LIMIT | {"side": "sell", "price": "59000"})
    assert answer["fills"] == [
        {
            "trade_id": 1,
            "price": "59000.00",
            "quantity": "0.0100",
            "fee": "0.590000",
            "fee_asset": "USDT",
            "maker": False,
        }
    ]
