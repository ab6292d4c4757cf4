"""A wallet linked by chat: the way to where it signs, and the card that asks whether it is one's own."""

from typing import Final, Protocol

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.bodies import Body
from bot.texts import Say
from engine.accounts.notifications import Kind
from engine.core.types import UserId

ASK: Final = "wallet.ask"  # a body with this key has buttons, if its wallet still waits for a yes


class Site(Protocol):
    """Where the page is on which wallets sign."""

    def wallet_url(self, code: str) -> str:
        """Return where a wallet signs with this code."""

    def phantom_url(self, url: str) -> str:
        """Return the link that opens a page of ours in Phantom's own browser."""

    def solflare_url(self, url: str) -> str:
        """Return the link that opens a page of ours in Solflare's own browser."""


def way(say: Say, site: Site, user: UserId, code: str) -> tuple[str, InlineKeyboardMarkup | None]:
    """Return what is said of a new link, and the buttons that open it; Telegram takes only https for a button."""
    text, url = say("wallet.way", account=user), site.wallet_url(code)
    if not url.startswith("https://"):
        return f"{text}\n\n{url}", None
    apps = [
        InlineKeyboardButton(text="Phantom", url=site.phantom_url(url)),
        InlineKeyboardButton(text="Solflare", url=site.solflare_url(url)),
    ]
    browser = InlineKeyboardButton(text=say("wallet.browser"), url=url)
    return text, InlineKeyboardMarkup(inline_keyboard=[[browser], apps])


def ask(address: str) -> Body:
    """Return what is asked of a wallet that has signed."""
    return Body(Kind.SECURITY, "wallet.ask", {"address": address})


def buttons(say: Say, link_id: str) -> InlineKeyboardMarkup:
    """Return the yes and the no. They name a link, which is looked up under whoever taps."""
    yes = InlineKeyboardButton(text=say("wallet.yes"), callback_data=f"wallet-yes:{link_id}")
    no = InlineKeyboardButton(text=say("wallet.no"), callback_data=f"wallet-no:{link_id}")
    return InlineKeyboardMarkup(inline_keyboard=[[yes, no]])
