"""Messages that are no use, as a broken Binance might send them."""

import json
from collections.abc import Mapping
from typing import Any


def malformed(symbol: str) -> Mapping[str, str]:
    """Return messages that are no use, by what is wrong with them, as they would be told about a symbol."""
    name = symbol.lower()
    diff = {"e": "depthUpdate", "E": 1, "s": symbol, "U": 1, "u": 2, "b": [], "a": []}
    ticker = {"u": 1, "s": symbol, "b": "1", "B": "1", "a": "2", "A": "1"}
    trade = {"e": "trade", "s": symbol, "t": 1, "p": "1", "q": "1"}

    def of(stream: str, data: dict[str, Any]) -> str:
        return json.dumps({"stream": f"{name}@{stream}", "data": data})

    return {
        "no json": '{"stream": "',
        "nothing": "",
        "a list": "[1, 2, 3]",
        "null": "null",
        "deep nesting": "[" * 100_000,
        "a huge number": f'{{"stream": "{name}@trade", "data": {"9" * 5_000}}}',
        "no data": json.dumps({"stream": f"{name}@trade"}),
        "an error": json.dumps({"code": 2, "msg": "Invalid request", "id": None}),
        "unknown stream": of("nothing", diff),
        "unknown event": of("depth@100ms", diff | {"e": "outboundAccountPosition"}),
        "wrong symbol": of("trade", trade | {"s": "NOPEUSDT"}),
        "huge ids": of("bookTicker", ticker | {"u": 10**30}),
        "a number for a price": of("trade", trade | {"p": 1}),
        "not a number": of("trade", trade | {"p": "NaN"}),
        "a huge price": of("trade", trade | {"p": "9" * 5_000}),
        "a bar without prices": of("kline_1m", {"e": "kline", "s": symbol, "k": {}}),
    }


def malformed_diffs(symbol: str) -> Mapping[str, str]:
    """Return diffs that are no use: what they would have said is not known, so the book is not to be trusted."""
    name = f"{symbol.lower()}@depth@100ms"
    diff = {"e": "depthUpdate", "E": 1, "s": symbol, "U": 1, "u": 2, "b": [], "a": []}
    wrong: dict[str, dict[str, Any]] = {
        "without an id": {"u": None},
        "ids that go back": {"U": 9},
        "huge ids": {"u": 10**30},
        "a leap": {"u": 2**62},
        "a negative quantity": {"b": [["1", "-1"]]},
        "a price of zero": {"a": [["0.00", "1"]]},
        "a huge quantity": {"a": [["1", "9" * 5_000]]},
        "half a level": {"b": [["1"]]},
    }
    return {kind: json.dumps({"stream": name, "data": diff | change}) for kind, change in wrong.items()}
