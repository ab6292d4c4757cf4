"""Withdrawals told by chat: a card that asks for a yes, and what came of it. `engine.withdrawals.ports.Asks`.

The queue is in memory: what waits in it when the exchange stops is not told, and /withdrawals shows it all the same.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramNetworkError, TelegramRetryAfter, TelegramServerError
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.languages import Languages
from bot.pace import Overrun
from bot.texts import Say
from engine.accounts.accounts import Accounts
from engine.core.decimals import show_plain
from engine.core.market import Asset
from engine.core.types import UserId, WithdrawalStatus
from engine.sequencer.sequencer import Busy
from engine.withdrawals.types import Withdrawal

log = structlog.get_logger()

MOST: Final = 10_000  # that wait to be told
TRIES: Final = 5
PAUSE_S: Final = 2.0


class WithdrawalAsks:
    """The queue. Both ways in only enqueue; `run` sends."""

    def __init__(self, bot: Bot, accounts: Accounts, languages: Languages, assets: Mapping[str, Asset]) -> None:
        self._bot = bot
        self._accounts = accounts
        self._languages = languages
        self._assets = assets
        self._waiting: asyncio.Queue[tuple[UserId, Withdrawal]] = asyncio.Queue(MOST)

    def ask_to_confirm(self, user: UserId, withdrawal: Withdrawal) -> None:
        """Show somebody what is to be confirmed."""
        self._enqueue(user, withdrawal)

    def tell(self, user: UserId, withdrawal: Withdrawal) -> None:
        """Tell somebody that a withdrawal is over."""
        self._enqueue(user, withdrawal)

    def _enqueue(self, user: UserId, withdrawal: Withdrawal) -> None:
        try:
            self._waiting.put_nowait((user, withdrawal))
        except asyncio.QueueFull:
            log.warning("too many withdrawals wait to be told", user=user, withdrawal=withdrawal.asked.id)

    async def run(self) -> None:
        """Send what waits, for ever, in its order."""
        while True:
            user, withdrawal = await self._waiting.get()
            for _ in range(TRIES):
                try:
                    await self._send(user, withdrawal)
                    break
                except (TelegramRetryAfter, TelegramNetworkError, TelegramServerError, Overrun, Busy):
                    await asyncio.sleep(PAUSE_S)
                except TelegramAPIError as error:
                    log.info("somebody is not told of a withdrawal", user=user, error=type(error).__name__)
                    break
                except Exception:
                    log.exception("a withdrawal can't be told", user=user, withdrawal=withdrawal.asked.id)
                    break

    async def _send(self, user: UserId, withdrawal: Withdrawal) -> None:
        account = await self._accounts.account(user)
        if account is None or account.telegram_id is None:
            return
        say = self._languages.of(user, account.language_code)
        if withdrawal.asked.status is WithdrawalStatus.REQUESTED:
            text, keyboard = card(say, withdrawal, self._assets), buttons(say, withdrawal)
        else:
            text, keyboard = outcome(say, withdrawal, self._assets), None
        await self._bot.send_message(account.telegram_id, text, reply_markup=keyboard)


def card(say: Say, withdrawal: Withdrawal, assets: Mapping[str, Asset]) -> str:
    """Return what is to be confirmed: all that counts."""
    return say("withdrawal.ask", **_values(withdrawal, assets))


def outcome(say: Say, withdrawal: Withdrawal, assets: Mapping[str, Asset]) -> str:
    """Return what came of a withdrawal."""
    if withdrawal.asked.status is WithdrawalStatus.COMPLETED:
        return say("withdrawal.completed", **_values(withdrawal, assets))
    return say("withdrawal.ended", **_values(withdrawal, assets))


def confirmed(say: Say, withdrawal: Withdrawal, assets: Mapping[str, Asset]) -> str:
    """Return the answer to a yes."""
    return say("withdrawal.confirmed", **_values(withdrawal, assets))


def buttons(say: Say, withdrawal: Withdrawal) -> InlineKeyboardMarkup:
    """Return the yes and the no. They name a withdrawal, which is looked up under whoever taps."""
    number = withdrawal.asked.id
    yes = InlineKeyboardButton(text=say("withdrawal.yes"), callback_data=f"wd-yes:{number}")
    no = InlineKeyboardButton(text=say("withdrawal.no"), callback_data=f"wd-no:{number}")
    return InlineKeyboardMarkup(inline_keyboard=[[yes, no]])


def _values(withdrawal: Withdrawal, assets: Mapping[str, Asset]) -> dict[str, str | int]:
    asked = withdrawal.asked
    decimals = assets[asked.asset].decimals
    return {
        "id": asked.id,
        "asset": asked.asset,
        "amount": show_plain(asked.amount, decimals),
        "net": show_plain(withdrawal.net, decimals),
        "fee": show_plain(asked.fee, decimals),
        "address": asked.address,
    }
