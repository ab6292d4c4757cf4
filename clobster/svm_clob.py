"""svm_clob as this exchange has it: which program, which markets, how much may be inside; and making order books."""

import asyncio
from collections.abc import Callable, Mapping

from solana.rpc.async_api import AsyncClient
from solders.pubkey import Pubkey

from clobster.config import PREFIX, ConfigError, Settings
from clobster.liquidity import amounts_of
from clobster.markets import Listing
from clobster.on_solana import master_key, mints_of
from data.solana.asking import send
from data.solana.keys import DerivedKeys
from data.solana.svm_clob import starting
from data.solana.svm_clob.place import Minted, Place
from engine.core.types import AssetCode, UserId
from engine.ports import ChainUnavailable, Signers


def place_of(
    settings: Settings,
    listing: Listing,
    signers: Signers,
    mints: Mapping[AssetCode, str],
    vault_account: Callable[[UserId, AssetCode], str],
) -> Place:
    """Return where markets settle whose assets are on the chain. Raises ConfigError where an amount is none."""
    decimals = {asset.code: asset.decimals for asset in listing.assets}
    return Place(
        program=Pubkey.from_string(settings.svm_clob_program),
        authority=Pubkey.from_string(signers.vault.address),
        markets={each.symbol: each for each in listing.markets if each.base in mints and each.quote in mints},
        assets={code: Minted(Pubkey.from_string(mint), decimals[code]) for code, mint in mints.items()},
        most=amounts_of("svm_clob_most", settings.svm_clob_most, listing),
        owner=lambda user: Pubkey.from_string(signers.deposits(user).address),
        vault_account=lambda user, asset: Pubkey.from_string(vault_account(user, asset)),
    )


def open_books(settings: Settings, listing: Listing, say: Callable[[str], object]) -> None:
    """Make an order book of ours for every market that has none. Raises ConfigError where that can't be done."""
    if settings.settlement_program != "svm-clob" or settings.solana != "rpc":
        raise ConfigError(f"{PREFIX}SETTLEMENT_PROGRAM must be svm-clob, and {PREFIX}SOLANA rpc, to make order books")
    try:
        asyncio.run(_open_books(settings, listing, say))
    except ChainUnavailable as error:
        raise ConfigError(f"not all order books are there: {error}") from None


async def _open_books(settings: Settings, listing: Listing, say: Callable[[str], object]) -> None:
    assert settings.solana_rpc_url is not None
    signers = DerivedKeys(master_key(settings))
    mints = mints_of(settings, {asset.code: asset for asset in listing.assets})
    place = place_of(settings, listing, signers, mints, lambda user, asset: signers.vault.address)  # of no use here
    async with AsyncClient(settings.solana_rpc_url, rate_limit=settings.solana_requests_s) as client:
        for symbol, making in (await starting.missing_books(client, place)).items():
            signature = await send(client, [signers.vault], [making])
            say(f"{symbol}: {place.book(symbol)} was made by {signature}")
        await starting.check(client, place)
    for symbol in place.markets:
        say(f"{symbol}: {place.book(symbol)} is ours and as it must be")
