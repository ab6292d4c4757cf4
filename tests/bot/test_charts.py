"""Pictures by chat: what they show, how their buttons change them, and to whom."""

import io
import itertools

import pytest
from PIL import Image

from bot.chart import axes
from bot.chart.charts import MOST_KEPT, Charts
from bot.chart.drawing import Painter
from bot.chart.layout import BOTTOM, HEIGHT, LEFT, TAG, TOP, WIDTH, lay_out
from bot.chart.scene import Bar, Fill, Line, Scene
from bot.chart.themes import COLOURS, Theme
from data.store.themes import SqlThemes
from engine.core.types import BUY, SELL, Micros, Symbol
from engine.market_data.intervals import MINUTE, Interval
from tests.bot.world import World, labels
from tests.simulators.telegram import Person, Sent, buttons
from tests.webapp_api.house import ASSETS, MARKETS

BEGIN = 1_764_028_800_000_000  # a midnight
STALE = "This button is no longer good; nothing was done."


def bar(at: int, open_: int, close: int, *, high: int = 0, low: int = 0, volume: int = 1) -> Bar:
    begin = Micros(BEGIN + at * MINUTE)
    return Bar(begin, open_, high or max(open_, close), low or min(open_, close), close, volume)


def scene(*bars: Bar, lines: tuple[Line, ...] = (), fills: tuple[Fill, ...] = ()) -> Scene:
    return Scene("BTC/USDT", Interval.ONE_MINUTE, bars, lines, fills, 1, 2, 2, "Vol 1 BTC", "Nothing yet.")


def picture_of(world: World, message: Sent) -> Image.Image:
    kept = world.telegram.messages[message["message_id"]]
    return Image.open(io.BytesIO(world.telegram.pictures[kept["photo"][0]["file_id"]]))


def colours(picture: Image.Image) -> set[object]:
    found = picture.getcolors(1 << 20)
    assert found is not None
    return {colour for _, colour in found}


async def trades(world: World, person: Person, text: str) -> None:
    card = await person.ask(text)
    await person.tap(card, "Confirm")
    await person.reads(card, "Order")


def test_prices_become_pixels_exactly_however_large_they_are() -> None:
    for scale in (1, 10**6, 10**15):
        laid = lay_out(scene(bar(0, 100 * scale, 220 * scale)), 100)
        (candle,) = laid.candles
        assert (candle.high, candle.top) == (candle.low - (candle.bottom - candle.top), candle.high)
        # The span is 120, a twelfth of it (10) is free above and below: 140 for all the pixels.
        assert candle.top == TOP + round((BOTTOM - TOP) * 10 / 140)
        assert candle.bottom == TOP + round((BOTTOM - TOP) * 130 / 140)


def test_candles_stand_beside_each_other_and_end_at_the_axis() -> None:
    for count in (1, 3, 40, 80):
        laid = lay_out(scene(*(bar(at, 100, 100 + at) for at in range(count))), 180)
        assert len(laid.candles) == count
        assert all(left.right < right.left for left, right in itertools.pairwise(laid.candles))
        assert laid.candles[0].left >= LEFT
        assert laid.candles[-1].right < laid.right == WIDTH - 180
        assert all(TOP <= each.high <= each.top < each.bottom and each.low <= BOTTOM for each in laid.candles)


def test_flat_and_tiny_prices_have_a_range_and_labels() -> None:
    for price in (1, 7, 10**6):
        laid = lay_out(scene(*(bar(at, price, price, volume=0) for at in range(5))), 100)
        assert laid.last is not None
        assert TOP < laid.last[0] < BOTTOM
        assert all(each.volume_top is None for each in laid.candles)
        assert laid.prices


def test_labels_are_round_and_do_not_stand_upon_each_other() -> None:
    assert axes.prices(102, 147, 6, 1) == (10, [110, 120, 130, 140])
    assert axes.prices(10, 12, 6, 1) == (1, [10, 11, 12])
    assert axes.price_text(6105000, 5000, 2, 2) == "61050"
    assert axes.price_text(6105050, 50, 2, 2) == "61050.5"
    bars = tuple(bar(at, 100, 110) for at in range(80))
    assert axes.times(bars, Interval.ONE_MINUTE, 14)[:3] == [(0, "11-25"), (15, "00:15"), (30, "00:30")]
    odd = tuple(bar(at, 100, 110) for at in (7, 8))
    assert axes.times(odd, Interval.ONE_MINUTE, 14) == [(1, "00:08")]
    months = axes.times(bars, Interval.ONE_WEEK, 14)
    assert [at for at, _ in months] == [16, 30, 44, 58, 72], "so many, 14 apart, and none nearer to an end than 7"
    for few in (1, 2, 8):
        assert [at for at, _ in axes.times(bars[:few], Interval.ONE_WEEK, 14)] == [few - 1]
    laid = lay_out(scene(*bars, lines=(Line(BUY, 105), Line(BUY, 105), Line(SELL, 108))), 100)
    assert [level.text is not None for level in laid.levels] == [True, False, True]
    tags = [level.y for level in laid.levels if level.text] + [laid.last[0] if laid.last else 0]
    assert all(abs(y - tag) >= TAG for y, text in laid.prices if text for tag in tags)


def test_an_order_that_is_far_away_is_counted_and_does_not_make_candles_small() -> None:
    bars = [bar(at, 10_000, 10_100) for at in range(10)]
    alone = lay_out(scene(*bars), 100)
    with_far = lay_out(scene(*bars, lines=(Line(SELL, 50_000),)), 100)
    assert (with_far.outside, with_far.levels, with_far.candles) == (1, [], alone.candles)
    with_near = lay_out(scene(*bars, lines=(Line(SELL, 10_140),)), 100)
    assert (with_near.outside, len(with_near.levels)) == (0, 1)


def test_a_fill_stands_in_its_bar_at_its_price() -> None:
    bars = [bar(at, 100, 200) for at in range(10)]
    fill = Fill(BUY, 150, Micros(BEGIN + 3 * MINUTE + 5))
    before = Fill(BUY, 150, Micros(BEGIN - 1))
    (mark,) = lay_out(scene(*bars, fills=(fill, before)), 100).marks
    laid = lay_out(scene(*bars), 100)
    assert mark.x == laid.candles[3].x
    assert laid.candles[3].top < mark.y < laid.candles[3].bottom


@pytest.mark.parametrize("theme", Theme)
def test_everything_is_drawn_in_the_themes_colours(theme: Theme) -> None:
    bars = [bar(at, 100, 200 if at % 2 else 90) for at in range(20)]
    shown = scene(*bars, lines=(Line(BUY, 150),), fills=(Fill(SELL, 160, bars[4].begin),))
    png, _ = Painter().png(shown, theme)
    picture = Image.open(io.BytesIO(png))
    assert picture.size == (WIDTH, HEIGHT)
    has, of = colours(picture), COLOURS[theme]
    for colour in (of.ground, of.grid, of.rise, of.fall, of.soft_rise, of.soft_fall, of.buy, of.sell, of.text):
        assert colour in has
    empty = Image.open(io.BytesIO(Painter().png(scene(), theme)[0]))
    assert of.rise not in colours(empty)
    assert of.muted in colours(empty)


async def test_a_chart_is_sent_and_its_buttons_change_it_in_place(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    await trades(world, ada, "/buy 0.1 btc")
    chart = await ada.ask("/chart BTC 15m")
    assert chart["caption"].startswith("BTC/USDT: 60010.00 USDT\nBid 60000.00, ask 60010.00")
    assert labels(chart) == ["1m", "5m", "• 15m •", "1h", "4h", "1d", "Refresh", "Light"]
    dark = picture_of(world, chart)
    assert dark.getpixel((0, 0)) == COLOURS[Theme.DARK].ground
    assert COLOURS[Theme.DARK].buy in colours(dark)  # her fill
    assert await ada.tap(chart, "1h") == ""
    now = world.telegram.messages[chart["message_id"]]
    assert "• 1h •" in labels(now)
    await ada.tap(now, "Light")
    assert picture_of(world, chart).getpixel((0, 0)) == COLOURS[Theme.LIGHT].ground
    assert len(world.telegram.of("sendPhoto")) == 1
    kept = SqlThemes(world.house.store, world.house.deps.queries)
    hers = await world.house.person(7)
    assert hers.id is not None
    assert await kept.of(hers.id) == "light"
    again = await ada.ask("/chart")  # the theme is remembered, and the first market is meant
    assert picture_of(world, again).getpixel((0, 0)) == COLOURS[Theme.LIGHT].ground


async def test_own_orders_are_lines_that_nobody_else_sees(world: World) -> None:
    ada, eve = await world.trader(7, USDT=10_000), await world.trader(8, "Eve", USDT=10_000)
    await trades(world, eve, "/buy 0.01 btc")
    await trades(world, ada, "/buy 0.01 btc @ 59900")
    hers = picture_of(world, await ada.ask("/chart btc"))
    assert COLOURS[Theme.DARK].buy in colours(hers)
    group = ada.in_group()
    public = await group.ask("/chart@clobster_bot btc 1m")
    assert COLOURS[Theme.DARK].buy not in colours(picture_of(world, public))
    assert labels(public) == []
    await trades(world, ada, "/buy 0.01 btc @ 20000")
    assert "Too far away to be in the picture: 1 of your open orders." in (await ada.ask("/chart btc"))["caption"]


async def test_a_market_without_trades_says_so_in_the_picture(world: World) -> None:
    chart = await world.telegram.person(7).ask("/chart eth 1h")
    assert COLOURS[Theme.DARK].rise not in colours(picture_of(world, chart))
    assert chart["caption"].startswith("ETH/USDT: not traded yet")


async def test_charts_of_nothing_and_forged_buttons_draw_nothing(world: World) -> None:
    ada = world.telegram.person(7)
    assert (await ada.ask("/chart doge"))["text"] == "There is no such market. There are: BTCUSDT, ETHUSDT"
    for nonsense in ("/chart btc 7m", "/chart btc 15m please", "/chart btc \u0661m"):
        assert (await ada.ask(nonsense))["text"].startswith("There are no such candles. There are: 1m, 3m, 5m")
    text = await ada.ask("/help")
    for forged in ("chart:", "chart:DOGE:1m:dark", "chart:BTCUSDT:7m:dark", "chart:BTCUSDT:1m:pink", "chart:a:b:c:d:e"):
        assert await ada.send_query(text, forged) == "This button does nothing."
    assert await ada.send_query(text, "chart:BTCUSDT:1m:dark") == STALE  # copied below another message
    chart = await ada.ask("/chart btc")
    one = buttons(chart)[0]["callback_data"]
    elsewhere = {"chat": {"id": -5, "type": "group"}}
    assert await ada.in_group().send_query(chart | elsewhere, one) == "This button does nothing."
    assert len(world.telegram.of("editMessageMedia")) == 1  # which was refused


async def test_pictures_without_anything_of_ones_own_are_drawn_once_and_few_are_kept(world: World) -> None:
    charts = Charts(world.house.deps.queries, MARKETS, ASSETS, world.house.clock)
    drawn = [await charts.picture(Symbol("BTCUSDT"), Interval.ONE_HOUR, Theme.DARK, text) for text in ("a", "a", "b")]
    assert drawn[0] is drawn[1]
    assert drawn[0] is not drawn[2]
    for number in range(MOST_KEPT + 5):
        await charts.picture(Symbol("BTCUSDT"), Interval.ONE_HOUR, Theme.DARK, str(number))
    assert len(charts._kept) == MOST_KEPT
