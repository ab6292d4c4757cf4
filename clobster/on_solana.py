"""What is ours on Solana: the secret of which all our keys come, and the mints of our assets."""

from solders.pubkey import Pubkey

from clobster import data_dir
from clobster.config import PREFIX, ConfigError, Settings
from engine.core.market import Asset
from engine.core.types import AssetCode


def master_key(settings: Settings) -> str:
    """Return the secret of which all our keys on Solana come."""
    if settings.solana_master_key is not None:
        return settings.solana_master_key.get_secret_value()
    assert settings.env == "development"
    return data_dir.own_secrets(settings.data_dir).solana_master_key


def mints_of(settings: Settings, assets: dict[AssetCode, Asset]) -> dict[AssetCode, str]:
    """Read "USDT=Es9v…,BTC=9n4n…". Raises ConfigError where an asset is none, or stands twice."""
    mints: dict[AssetCode, str] = {}
    for part in settings.solana_mints.split(",") if settings.solana_mints else ():
        name, mint = part.split("=")
        if (code := AssetCode(name)) not in assets or code in mints or mint in mints.values():
            raise ConfigError(f"{PREFIX}SOLANA_MINTS: {name} is no asset, or it or its mint stands twice")
        try:
            Pubkey.from_string(mint)
        except ValueError:
            raise ConfigError(f"{PREFIX}SOLANA_MINTS: {mint} is no address") from None
        mints[code] = mint
    return mints
