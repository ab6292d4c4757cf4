"""Where traces go, and that trading goes on whatever becomes of them."""

import random
import threading

import pytest
import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramAPIError
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from clobster.tracing.collector import Collector
from clobster.tracing.orders import OrderSpans
from clobster.tracing.requests import ASKED, Asked
from clobster.tracing.tracing import AT_ONCE, MOST_WAITING, Tracing
from engine.core.commands import CancelOrder
from engine.core.types import AssetCode, Atoms, Micros, OrderId, UserId
from engine.sequencer.stages import Passage
from engine.settlement.types import BatchKind, BatchState, Move, SettlementBatch
from tests.simulators.collector import PATIENCE_S, collecting
from tests.simulators.telegram import telegram

TOKEN = "7000000001:AAH8s2dkPq0w9Zx7cVbN3mK5jLhG1fDyUeo"


def make(tracing: Tracing, count: int) -> None:
    for _ in range(count):
        tracing.tracer.start_span("something").end()


def test_a_collector_that_never_answers_holds_up_nobody_and_what_waits_is_bounded() -> None:
    with collecting() as collector:
        collector.gate.clear()
        tracing = Tracing(collector.url)
        make(tracing, AT_ONCE)
        assert collector.asked.acquire(timeout=PATIENCE_S)
        make(tracing, 3 * MOST_WAITING)
        collector.gate.set()
        tracing.close()
        assert AT_ONCE <= len(collector.spans) <= 2 * AT_ONCE + MOST_WAITING


def test_a_stop_does_not_wait_for_a_collector_that_never_answers() -> None:
    with collecting() as collector:
        collector.gate.clear()
        tracing = Tracing(collector.url, stop_s=0.05)
        make(tracing, AT_ONCE)
        assert collector.asked.acquire(timeout=PATIENCE_S)
        tracing.close()
        assert "tracing ends" in {thread.name for thread in threading.enumerate()}, "it was left behind"


def test_a_collector_that_is_away_is_told_of_once_and_once_when_it_is_back() -> None:
    with structlog.testing.capture_logs() as lines, collecting() as collector:
        tracing, exporter = Tracing(collector.url), Collector(collector.url)
        span = tracing.tracer.start_span("something")
        assert isinstance(span, ReadableSpan)
        span.end()
        for collector.status in (400, 400, 200, 200):
            told = exporter.export([span]) is SpanExportResult.SUCCESS
            assert told is (collector.status == 200)
        exporter.shutdown()
        tracing.close()
    assert [line["log_level"] for line in lines] == ["warning", "info"]


def test_so_many_requests_in_a_million_are_traced() -> None:
    tracing = Tracing("http://127.0.0.1:9", 250_000, stop_s=0)
    random.seed(7)
    assert 850 < sum(tracing.chosen() for _ in range(4_000)) < 1_150
    tracing.close()


def test_the_writer_does_not_suffer_where_spans_cant_be_made() -> None:
    spans = OrderSpans(None, lambda: True)  # type: ignore[arg-type]
    token = ASKED.set(Asked("id", None, 0))
    way = spans.begin([CancelOrder(Micros(1), UserId(1), OrderId(1))])
    ASKED.reset(token)
    assert way is not None
    spans.answered(way, [])
    with structlog.testing.capture_logs() as lines:
        spans.on_passage(Passage(1, 1, 1.0, 2.0, 3.0, 4.0))
        spans.on_passage(Passage(2, 1, 1.0, 2.0, 3.0, 4.0))  # nothing is left of the one before
    assert [(line["event"], line["batch"]) for line in lines] == [("spans can't be made", 1)]


def test_a_settlement_batch_is_a_span_until_it_is_final() -> None:
    with collecting() as collector:
        tracing = Tracing(collector.url)
        move = Move(AssetCode("USDT"), Atoms(123_456_789), "source", "target")
        for number, ways in enumerate(
            ((BatchState.SENT, BatchState.CONFIRMED, BatchState.SETTLED), (BatchState.FAILED,))
        ):
            for state in (BatchState.BATCHED, *ways):
                batch = SettlementBatch(number, BatchKind.FILLS, state, (move,), None, f"signature {number}")
                tracing.settlement.on_batch(batch)
        tracing.settlement.on_batch(SettlementBatch(2, BatchKind.SWEEP, BatchState.SENT, (move,)))
        tracing.close()
    settled, failed = collector.named("settlement fills")
    assert settled.attributes == {
        "clobster.settlement_batch": 0,
        "clobster.moves": 1,
        "clobster.signature": "signature 0",
    }
    assert (settled.events, settled.is_error) == (["batched", "sent", "confirmed", "settled"], False)
    assert (failed.events, failed.is_error) == (["batched", "failed"], True)
    assert collector.named("settlement sweep") == [], "it is under way"
    assert set(tracing.settlement.open) == {2}


async def test_what_the_bot_sends_is_a_span_and_what_it_says_is_not_told() -> None:
    with collecting() as collector:
        tracing = Tracing(collector.url)
        async with telegram(TOKEN) as simulator:
            session = AiohttpSession(api=TelegramAPIServer.from_base(simulator.url))
            session.middleware(tracing.telegram())
            bot = Bot(TOKEN, session=session)
            await bot.send_message(4242424242, "good morning")
            simulator.fail("sendMessage", 400)
            with pytest.raises(TelegramAPIError):
                await bot.send_message(4242424242, "good morning")
            await bot.get_updates(timeout=0)
            await bot.session.close()
        tracing.close()
    sent, refused = collector.spans
    assert (sent.name, sent.attributes, sent.is_error) == ("telegram sendMessage", {}, False)
    assert (refused.attributes, refused.is_error) == ({"error.type": "TelegramBadRequest"}, True)
    for said in (b"good morning", b"4242424242", TOKEN.encode()):
        assert said not in b"".join(collector.raw)
