"""Wallets by chat: which are linked, the way to link one, and the yes or the no to one that has signed."""

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message

from bot import linking
from bot.cards import StaleCard
from bot.purse import Purse
from bot.routers.start import Links, way_in
from bot.texts import Say
from engine.accounts.wallet_types import in_chat
from engine.core.types import UserId


def wallets_router() -> Router:
    """Return the router of /wallet and of its buttons."""
    router = Router(name="wallets")
    router.message.register(wallet, Command("wallet"))
    router.callback_query.register(link, F.data == "wallet:link")
    router.callback_query.register(confirm, F.data.startswith("wallet-yes:"))
    router.callback_query.register(refuse, F.data.startswith("wallet-no:"))
    return router


async def wallet(message: Message, say: Say, user: UserId, purse: Purse, links: Links) -> None:
    """List the linked wallets, and show again what waits for a yes, a card each."""
    found = await purse.wallets.wallets(user)
    lines = [say("wallet.list"), *(each.address for each in found), "", say("wallet.unlink")]
    rows = [[InlineKeyboardButton(text=say("wallet.link"), callback_data="wallet:link")]]
    if (page := way_in(say, links, "wallet")) is not None:
        rows.append([page])
    text = "\n".join(lines) if found else say("wallet.none")
    await message.answer(text, reply_markup=InlineKeyboardMarkup(inline_keyboard=rows))
    for each in await purse.wallet_links.waiting_in_chat(user):
        assert each.address is not None
        await message.answer(linking.ask(each.address).text(say), reply_markup=linking.buttons(say, each.id))


async def link(query: CallbackQuery, say: Say, user: UserId, purse: Purse) -> None:
    """Make a link, and show the way to where a wallet signs with it."""
    if not isinstance(query.message, Message) or query.message.chat.id != query.from_user.id:
        raise StaleCard  # the code is for no other eyes
    _, code = await purse.wallet_links.ask(in_chat(user, query.from_user.id))
    text, ways = linking.way(say, purse.site, user, code)
    await query.answer()
    unseen = LinkPreviewOptions(is_disabled=True)  # so that nothing but a wallet opens it
    await query.message.edit_text(text, reply_markup=ways, link_preview_options=unseen)


async def confirm(query: CallbackQuery, say: Say, user: UserId, purse: Purse) -> None:
    """Take a yes."""
    linked = await purse.wallet_links.confirm(in_chat(user, query.from_user.id), _link_id(query))
    await query.answer()
    await _edit(query, say("wallet.linked", address=linked.address))


async def refuse(query: CallbackQuery, say: Say, user: UserId, purse: Purse) -> None:
    """Take a no: there is nothing left to say yes to."""
    refused = await purse.wallet_links.refuse(in_chat(user, query.from_user.id), _link_id(query))
    assert refused.address is not None
    await query.answer()
    await _edit(query, say("wallet.refused", address=refused.address))


async def _edit(query: CallbackQuery, text: str) -> None:
    if isinstance(query.message, Message):
        await query.message.edit_text(text)


def _link_id(query: CallbackQuery) -> str:
    """Return the link that a button names."""
    return (query.data or "").partition(":")[2]
