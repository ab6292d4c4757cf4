"""Token accounts and mints of SPL Token and Token-2022, as the RPC shows them."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from solders.account import Account
from solders.pubkey import Pubkey
from solders.token.state import Mint, TokenAccount, TokenAccountState

PROGRAMS: Final = {
    Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"): "spl-token",
    Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"): "spl-token-2022",
}
MINT_BYTES: Final = 82
ACCOUNT_BYTES: Final = 165
_MULTISIG_BYTES: Final = 355
_STATE_AT: Final = 108
Find = Callable[[Pubkey], Account | None]


def token_account(account: Account | None) -> TokenAccount | None:
    """Return what a token account says; None where it is none, or not initialized."""
    if account is None or account.owner not in PROGRAMS:
        return None
    data = account.data
    if len(data) != ACCOUNT_BYTES and not _extended(data, kind=2):
        return None
    return TokenAccount.from_bytes(data[:ACCOUNT_BYTES]) if data[_STATE_AT] else None


def mint(account: Account | None) -> Mint | None:
    """Return what a mint says; None where it is none, or not initialized."""
    if account is None or account.owner not in PROGRAMS:
        return None
    data = account.data
    if len(data) != MINT_BYTES and not _extended(data, kind=1):
        return None
    found = Mint.from_bytes(data[:MINT_BYTES])
    return found if found.is_initialized else None


def _extended(data: bytes, *, kind: int) -> bool:
    # Token-2022 puts the kind behind the longest of the old layouts.
    return len(data) > ACCOUNT_BYTES and len(data) != _MULTISIG_BYTES and data[ACCOUNT_BYTES] == kind


def ui_amount(amount: int, decimals: int) -> dict[str, Any]:
    """Return an amount as the RPC shows it. `uiAmount` is a float there; nothing of ours reads it."""
    whole, part = divmod(amount, 10**decimals)
    text = f"{whole}.{part:0{decimals}}".rstrip("0").rstrip(".") if decimals else str(amount)
    return {"amount": str(amount), "decimals": decimals, "uiAmount": float(text), "uiAmountString": text}


def balances(keys: Iterable[Pubkey], find: Find) -> list[dict[str, Any]]:
    """Return the token balances among the accounts of a transaction."""
    found = []
    for index, key in enumerate(keys):
        account = find(key)
        if account is None or (token := token_account(account)) is None or (of := mint(find(token.mint))) is None:
            continue
        found.append(
            {
                "accountIndex": index,
                "mint": str(token.mint),
                "owner": str(token.owner),
                "programId": str(account.owner),
                "uiTokenAmount": ui_amount(token.amount, of.decimals),
            }
        )
    return found


def parsed(account: Account, find: Find) -> dict[str, Any] | None:
    """Return the jsonParsed data of a token account or a mint; None for any other account."""
    if (token := token_account(account)) is not None and (of := mint(find(token.mint))) is not None:
        kind, info = "account", _account_info(token, of.decimals)
    elif (found := mint(account)) is not None:
        kind, info = "mint", _mint_info(found)
    else:
        return None
    return {
        "program": PROGRAMS[account.owner],
        "parsed": {"type": kind, "info": info},
        "space": len(account.data),
    }


def _account_info(token: TokenAccount, decimals: int) -> dict[str, Any]:
    info: dict[str, Any] = {
        "isNative": token.is_native is not None,
        "mint": str(token.mint),
        "owner": str(token.owner),
        "state": "frozen" if token.state == TokenAccountState.Frozen else "initialized",
        "tokenAmount": ui_amount(token.amount, decimals),
    }
    if token.delegate is not None:
        info["delegate"] = str(token.delegate)
        info["delegatedAmount"] = ui_amount(token.delegated_amount, decimals)
    if token.close_authority is not None:
        info["closeAuthority"] = str(token.close_authority)
    if token.is_native is not None:
        info["rentExemptReserve"] = ui_amount(token.is_native, decimals)
    return info


def _mint_info(of: Mint) -> dict[str, Any]:
    return {
        "decimals": of.decimals,
        "freezeAuthority": None if of.freeze_authority is None else str(of.freeze_authority),
        "isInitialized": of.is_initialized,
        "mintAuthority": None if of.mint_authority is None else str(of.mint_authority),
        "supply": str(of.supply),
    }
