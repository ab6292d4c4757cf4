"""Money in and out, and what one is allowed."""

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    MessageEntity,
)

from bot.cards import StaleCard
from bot.house import House
from bot.purse import Purse, qr
from bot.texts import Say
from bot.trading import Trading
from engine.core.decimals import show_plain
from engine.core.types import UserId
from engine.custody.refusals import DepositsOff

PPM_OF_PERCENT = 4  # decimals of a rate in percent, where it is kept in millionths


def purse_router() -> Router:
    """Return the router of /deposit, /withdraw and /limits."""
    router = Router(name="purse")
    router.message.register(deposit, Command("deposit"))
    router.message.register(withdraw, Command("withdraw"))
    router.message.register(limits, Command("limits"))
    router.callback_query.register(deposit_tapped, F.data.startswith("deposit:"))
    return router


async def deposit(message: Message, command: CommandObject, say: Say, user: UserId, purse: Purse) -> None:
    """Send an address with its picture, or ask of which asset."""
    if command.args:
        await _send_address(message, say, user, purse, command.args.strip())
        return
    if purse.give_address is None:
        raise DepositsOff
    buttons = [InlineKeyboardButton(text=code, callback_data=f"deposit:{code}") for code in purse.assets]
    await message.answer(say("deposit.which"), reply_markup=InlineKeyboardMarkup(inline_keyboard=[buttons]))


async def deposit_tapped(query: CallbackQuery, say: Say, user: UserId, purse: Purse) -> None:
    """Send the address of the asset that was tapped."""
    if not isinstance(query.message, Message):
        raise StaleCard
    await _send_address(query.message, say, user, purse, (query.data or "").removeprefix("deposit:"))
    await query.answer()


async def _send_address(message: Message, say: Say, user: UserId, purse: Purse, asset: str) -> None:
    account, rules = await purse.address(user, asset)
    text = say(
        "deposit",
        asset=rules.asset.code,
        network=purse.network,
        address=account.owner,
        minimum=show_plain(rules.minimum, rules.asset.decimals),
        mint=account.mint,
    )
    copied = [
        MessageEntity(type="code", offset=text.index(each), length=len(each)) for each in (account.owner, account.mint)
    ]
    picture = BufferedInputFile(qr(account.owner), "address.png")
    await message.answer_photo(picture, caption=text, caption_entities=copied)


async def withdraw(message: Message, say: Say) -> None:
    """Say where withdrawals are asked for, and where they are confirmed."""
    await message.answer(say("withdraw"))


async def limits(message: Message, say: Say, user: UserId, purse: Purse, trading: Trading, house: House) -> None:
    """Say how often one may ask, and what trades cost; to administrators, what the exchange is held to beside it."""
    lines = [say("limits")]
    lines += [say(f"limits.{each.what}", per_s=each.per_s, burst=each.burst) for each in purse.allowances]
    for market in trading.markets.values():
        terms = market.market
        lines.append(
            say(
                "limits.market",
                symbol=f"{terms.base}/{terms.quote}",
                taker=show_plain(terms.taker_fee_ppm, PPM_OF_PERCENT),
                maker=show_plain(terms.maker_fee_ppm, PPM_OF_PERCENT),
                orders=terms.max_open_orders,
            )
        )
    if house.limits and await house.administration.includes(user):
        lines += ["", *house.limits]
    await message.answer("\n".join(lines))
