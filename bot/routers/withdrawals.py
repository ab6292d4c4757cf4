"""The yes and the no to withdrawals. Telegram says who taps; a withdrawal is looked up under that account alone."""

import structlog
from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot import withdrawing
from bot.texts import Say
from bot.trading import Trading
from engine.core.refusals import UnknownWithdrawal
from engine.core.types import UserId, WithdrawalId
from engine.withdrawals.types import BY_TELEGRAM, WithdrawalState
from engine.withdrawals.withdrawals import Withdrawals

log = structlog.get_logger()

SHOWN = 5


def withdrawals_router() -> Router:
    """Return the router of /withdrawals and of the buttons of withdrawals' cards."""
    router = Router(name="withdrawals")
    router.message.register(show, Command("withdrawals"))
    router.callback_query.register(confirm, F.data.startswith("wd-yes:"))
    router.callback_query.register(cancel, F.data.startswith("wd-no:"))
    return router


async def show(message: Message, say: Say, user: UserId, trading: Trading, withdrawals: Withdrawals) -> None:
    """Show again what waits for a yes, a card each."""
    found = await withdrawals.of(user, SHOWN)
    waiting = [each for each in found if withdrawals.state(each) is WithdrawalState.WAITS_FOR_CONFIRMATION]
    for each in waiting:
        await message.answer(
            withdrawing.card(say, each, trading.assets), reply_markup=withdrawing.buttons(say, str(each.asked.id))
        )
    if not waiting:
        await message.answer(say("withdrawal.none"))


async def confirm(query: CallbackQuery, say: Say, user: UserId, trading: Trading, withdrawals: Withdrawals) -> None:
    """Take a yes."""
    confirmed = await withdrawals.confirm(user, _number(query), BY_TELEGRAM)
    await query.answer()
    await _edit(query, withdrawing.confirmed(say, confirmed, trading.assets))


async def cancel(query: CallbackQuery, say: Say, user: UserId, trading: Trading, withdrawals: Withdrawals) -> None:
    """Take a no: the money is back at once."""
    ended = await withdrawals.cancel(user, _number(query))
    await query.answer()
    await _edit(query, withdrawing.outcome(say, ended, trading.assets))


async def _edit(query: CallbackQuery, text: str) -> None:
    if isinstance(query.message, Message):
        await query.message.edit_text(text)


def _number(query: CallbackQuery) -> WithdrawalId:
    """Return the withdrawal that a button names. Raises UnknownWithdrawal where it can be none."""
    digits = (query.data or "").partition(":")[2]
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18 and int(digits)):
        raise UnknownWithdrawal
    return WithdrawalId(int(digits))
