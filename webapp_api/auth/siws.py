"""Sign-In With Solana: the text that a wallet shows and signs. We build it, keep it, and compare it byte for byte.

So nothing that a client sends is ever parsed for a domain, an address or a time; only the nonce is looked for, to find
the text that we gave. Source: phantom/sign-in-with-solana, whose ABNF orders the fields.
"""

import re
import secrets
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import quote, urlsplit

from msgspec import Struct

from engine.accounts.types import Account
from engine.accounts.wallet_types import CHALLENGE_LIFE_S
from engine.core.types import Micros

Chain = Literal["localnet", "devnet", "mainnet"]

NONCE_LENGTH: Final = 32
SIGN_IN: Final = "Sign in to Clobster."

_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
_NONCE: Final = re.compile(rf"^Nonce: ([{_ALPHABET}]{{{NONCE_LENGTH}}})$", re.ASCII | re.MULTILINE)
_USERNAME: Final = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)


class Site(Struct, frozen=True):
    """This exchange as people reach it: its address without a slash at the end, and the chain that it settles on.

    mini_app_url is the link that opens the mini-app in Telegram, where there is one.
    """

    public_url: str
    chain: Chain
    mini_app_url: str | None = None

    @property
    def domain(self) -> str:
        """The host, and the port where it is named."""
        return urlsplit(self.public_url).netloc

    @property
    def back_to_telegram(self) -> str | None:
        """The link that leads from a wallet's browser back to the mini-app."""
        return None if self.mini_app_url is None else f"{self.mini_app_url}?startapp=wallet"

    @property
    def back_to_chat(self) -> str | None:
        """The link that leads to the chat with the bot; the mini-app's is https://t.me/BOT/APP."""
        return None if self.mini_app_url is None else self.mini_app_url.rpartition("/")[0]

    def wallet_url(self, code: str) -> str:
        """Return where a wallet signs with this code. What is behind # no server is told, and so no log."""
        return f"{self.public_url}/wallet#{code}"

    def phantom_url(self, url: str) -> str:
        """Return the link that opens a page of ours in Phantom's own browser."""
        return f"https://phantom.app/ul/browse/{self._browse(url)}"

    def solflare_url(self, url: str) -> str:
        """Return the link that opens a page of ours in Solflare's own browser."""
        return f"https://solflare.com/ul/v1/browse/{self._browse(url)}"

    def _browse(self, url: str) -> str:
        # The page is one segment of the path, so it is encoded whole: a bare # would end the link there, and the code
        # would stay behind.
        return f"{quote(url, safe='')}?ref={quote(self.public_url, safe='')}"


class Text(Struct, frozen=True):
    """A text to sign, its nonce, and until when it is good."""

    message: str
    nonce: str
    expires_at: Micros


def text(site: Site, address: str, statement: str, now: Micros) -> Text:
    """Return the text by which a wallet's owner agrees to the statement."""
    nonce = "".join(secrets.choice(_ALPHABET) for _ in range(NONCE_LENGTH))
    issued_at_s = now // 1_000_000
    expires_at_s = issued_at_s + CHALLENGE_LIFE_S
    message = (
        f"{site.domain} wants you to sign in with your Solana account:\n{address}\n\n{statement}\n\n"
        f"URI: {site.public_url}\nVersion: 1\nChain ID: {site.chain}\nNonce: {nonce}\n"
        f"Issued At: {_iso(issued_at_s)}\nExpiration Time: {_iso(expires_at_s)}"
    )
    return Text(message, nonce, Micros(expires_at_s * 1_000_000))


def linking(account: Account) -> str:
    """Return the statement by which a wallet is linked to an account."""
    return f"Link this wallet to the Clobster account {account_name(account)}."


def account_name(account: Account) -> str:
    """Return what an account is called where somebody else has to recognise it.

    A first name is whatever its owner likes, even a line of this text; ids and user names nobody chooses to deceive.
    """
    if account.username and _USERNAME.fullmatch(account.username):
        return f"{account.id} (@{account.username})"
    return str(account.id)


def nonce_of(message: str) -> str | None:
    """Return the nonce that a text names, or None."""
    found = _NONCE.search(message)
    return found[1] if found else None


def _iso(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
