"""What a running exchange's localnet holds for each account, beside its ledger and its record."""

import re
from typing import Final

from msgspec import Struct

from tests.support.database import read
from tests.support.server import Server, call

_MOST_ASKED: Final = 100
# Before account 2 is the chain's own mirror.
_LEDGER: Final = "SELECT owner, asset, available + held FROM balances WHERE owner >= 2"
_VAULT: Final = "SELECT user_id, asset, settled, token_account FROM vault_accounts"
_DEPOSITS: Final = "SELECT user_id, asset, token_account FROM deposit_accounts"


class Holding(Struct, frozen=True):
    """Atoms of an account in an asset: by the ledger, by our record of the vault, and as it is final on the chain."""

    ledger: int
    settled: int
    vault: int
    deposits: int

    @property
    def agrees(self) -> bool:
        """Whether all of it lies in the vault, on record and in fact."""
        return self.ledger == self.settled == self.vault and not self.deposits


def holdings(server: Server) -> dict[tuple[int, str], Holding]:
    """Return what every account has, the house's too, that ever had something or has a token account."""
    ledger = {(owner, asset): atoms for owner, asset, atoms in read(server.database, _LEDGER)}
    vault = {(user, asset): (settled, address) for user, asset, settled, address in read(server.database, _VAULT)}
    deposits = {(user, asset): address for user, asset, address in read(server.database, _DEPOSITS)}
    held = _held(server, [*(address for _, address in vault.values()), *deposits.values()])
    found = {}
    for purse in ledger.keys() | vault.keys() | deposits.keys():
        settled, address = vault.get(purse, (0, ""))
        found[purse] = Holding(
            ledger.get(purse, 0), settled, held.get(address, 0), held.get(deposits.get(purse, ""), 0)
        )
    return found


def url(server: Server) -> str:
    """Return where the exchange's localnet listens, as it has said last."""
    told: list[str] = re.findall(r"deposits are taken.*localnet=(http://\S+)", server.log)
    told += re.findall(r'"localnet": "(http://[^"]+)", .*"deposits are taken"', server.log)
    return told[-1]


def held(server: Server, address: str) -> int:
    """Return what is final in a token account, nothing where there is none."""
    return _held(server, [address]).get(address, 0)


def _held(server: Server, addresses: list[str]) -> dict[str, int]:
    found = {}
    for first in range(0, len(addresses), _MOST_ASKED):
        some = addresses[first : first + _MOST_ASKED]
        params = [some, {"encoding": "jsonParsed", "commitment": "finalized"}]
        asked = {"jsonrpc": "2.0", "id": 1, "method": "getMultipleAccounts", "params": params}
        for address, account in zip(some, call("POST", url(server), asked).body["result"]["value"], strict=True):
            if account is not None:
                found[address] = int(account["data"]["parsed"]["info"]["tokenAmount"]["amount"])
    return found
