"""What is refused about the doors of an account, each with a code and a sentence."""

from engine.core.refusals import Refused


class DoorClosed(Refused):
    """This no longer opens the account; it was unlinked a moment ago."""

    code = "invalid_credentials"


class SignedOutSince(Refused):
    """This account was logged out everywhere since the app was opened. Open it again."""

    code = "expired"


class SessionOver(Refused):
    """The session that asks has ended. Sign in again."""

    code = "unauthorized"


class WalletTaken(Refused):
    """This wallet belongs to another account. Unlink it there first."""

    code = "wallet_taken"


class TelegramTaken(Refused):
    """This Telegram person has another account already."""

    code = "telegram_taken"


class AlreadyLinked(Refused):
    """This account has another Telegram person. Unlink that one first."""

    code = "already_linked"


class NotLinked(Refused):
    """This is not linked to your account."""

    code = "not_linked"


class LastDoor(Refused):
    """This is the only way into your account. Link a wallet or Telegram first, then unlink this one."""

    code = "last_door"


class IsAdministrator(Refused):
    """Who runs the exchange stays who they are: the Telegram of an administrator can't go to another account."""

    code = "administrator"


class TooManyWallets(Refused):
    """This account has as many wallets as it may have."""

    code = "too_many_wallets"


class BadCode(Refused):
    """This code is not good, or was used. Ask for a new one where you are signed in."""

    code = "invalid_credentials"


class CodeExpired(Refused):
    """This code is too old. Ask for a new one where you are signed in."""

    code = "expired"


class UnknownWalletLink(Refused):
    """This session has asked for no such link, or its time is over."""

    code = "unknown_wallet_link"


class WalletLinkNotSigned(Refused):
    """No wallet has signed yet."""

    code = "wallet_link_not_signed"
