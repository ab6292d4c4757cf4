"""Where a transaction or an account can be looked at by anybody: Solana's own explorer."""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from webapp_api.auth.siws import Chain

EXPLORER: Final = "https://explorer.solana.com"


class Explorer:
    """Links to its pages. custom_url is where the RPC of a localnet is, None while there is none."""

    def __init__(self, chain: Chain, custom_url: Callable[[], str | None] = lambda: None) -> None:
        self._chain = chain
        self._custom_url = custom_url

    def transaction(self, signature: str | None) -> str | None:
        """Return the page that shows a transaction; None without one, or where its chain can't be shown."""
        return None if signature is None else self._page(f"tx/{signature}")

    def tokens(self, owner: str) -> str | None:
        """Return the page that lists an owner's token accounts; None where its chain can't be shown."""
        return self._page(f"address/{owner}/tokens")

    def deposit(self, reference: str) -> tuple[str | None, str | None]:
        """Return the signature that a deposit's reference names, and its page; twice None where it names none."""
        kind, _, rest = reference.partition(":")
        signature = rest.partition(":")[0] if kind == "solana" and rest else None
        return signature, self.transaction(signature)

    def _page(self, path: str) -> str | None:
        if self._chain == "mainnet":
            return f"{EXPLORER}/{path}"
        if self._chain == "devnet":
            return f"{EXPLORER}/{path}?cluster=devnet"
        url = self._custom_url()
        return None if url is None else f"{EXPLORER}/{path}?cluster=custom&customUrl={quote(url, safe='')}"
