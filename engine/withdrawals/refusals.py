"""What is refused about withdrawals. Nothing is held then."""

from typing import ClassVar

from engine.core.refusals import Refused


class WithdrawalsOff(Refused):
    """This exchange pays nothing out by Solana."""

    code: ClassVar[str] = "withdrawals_off"


class WithdrawalsUnavailable(Refused):
    """Solana can't be asked about this address just now; nothing was withdrawn. Try again in a moment."""

    code: ClassVar[str] = "withdrawals_unavailable"


class BelowMinimum(Refused):
    """This is less than the least that can be withdrawn."""

    code: ClassVar[str] = "below_minimum"


class BadAddress(Refused):
    """This is no address on Solana: 32 bytes in base58."""

    code: ClassVar[str] = "invalid_address"


class WrongNetwork(Refused):
    """This is an address of another network. Withdrawals go by Solana only: what is sent there would be lost."""

    code: ClassVar[str] = "wrong_network"


class OwnAddress(Refused):
    """This address belongs to the exchange itself."""

    code: ClassVar[str] = "own_address"


class NotAWallet(Refused):
    """This address is no wallet and no token account: nobody could ever take the money out."""

    code: ClassVar[str] = "not_a_wallet"


class WrongMint(Refused):
    """This token account is for another asset."""

    code: ClassVar[str] = "wrong_mint"


class WrongProgram(Refused):
    """This is an account of Token-2022, which can't take this asset. Give the address of the wallet itself."""

    code: ClassVar[str] = "wrong_token_program"


class TargetFrozen(Refused):
    """This token account is frozen or not ready: it can't take anything."""

    code: ClassVar[str] = "target_frozen"


class TooManyOpened(Refused):
    """For as many token accounts as may be the exchange has paid for you today. Open this wallet's own one, or wait."""

    code: ClassVar[str] = "too_many_token_accounts"


class NoConfirmation(Refused):
    """A withdrawal is confirmed by a wallet or by Telegram, and this account has neither. Link a wallet first."""

    code: ClassVar[str] = "no_confirmation"


class DayLimit(Refused):
    """With this, more than the limit would leave within 24 hours. Withdrawals under way count too."""

    code: ClassVar[str] = "day_limit"


class UnknownAddressForKey(Refused):
    """An API key may withdraw only to where its account has withdrawn before."""

    code: ClassVar[str] = "address_not_known"


class KeyWithoutAddresses(Refused):
    """An API key that withdraws must name the network addresses from which it may be used."""

    code: ClassVar[str] = "key_needs_addresses"


class NotWaiting(Refused):
    """This withdrawal does not wait for this: it is further, or over."""

    code: ClassVar[str] = "withdrawal_not_waiting"


class AlreadySigned(Refused):
    """This withdrawal is on its way to the chain, or over: it can't be canceled any more."""

    code: ClassVar[str] = "withdrawal_not_cancelable"


class OwnWithdrawal(Refused):
    """Nobody approves a withdrawal of their own."""

    code: ClassVar[str] = "own_withdrawal"


class AlreadyApproved(Refused):
    """You have approved this already; another administrator has to."""

    code: ClassVar[str] = "already_approved"
