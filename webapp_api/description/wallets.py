"""Wallets and Telegram as doors of an account, and wallets that live in another app."""

from http import HTTPStatus
from typing import Annotated, Final

from msgspec import Meta

from webapp_api import wallet_wire, wire
from webapp_api.description.operation import Operation, Parameter

TAG: Final = "wallets"

_PROOF: Final = ("invalid_credentials", "expired")
_ADDRESS: Final = Parameter("address", Annotated[str, Meta(min_length=1)], "The wallet's address.")
_LINK_ID: Final = Parameter("id", Annotated[str, Meta(min_length=1)], "The link's id.")

OPERATIONS: Final = (
    Operation(
        name="ask_wallet_to_sign",
        method="POST",
        path="/api/auth/solana/challenge",
        summary="A text for a wallet to sign: to sign in or, for who is signed in, to link it. Good once, 5 minutes",
        body=wallet_wire.AskToSign,
        reply=wallet_wire.Challenge,
        errors=("invalid_address", "busy"),
    ),
    Operation(
        name="sign_in_by_wallet",
        method="POST",
        path="/api/auth/solana",
        summary="Sign in with a wallet that has signed; a new wallet makes a new account",
        body=wallet_wire.Proof,
        reply=wire.SignedIn,
        errors=(*_PROOF, "busy"),
    ),
    Operation(
        name="wallets",
        method="GET",
        path="/api/account/wallets",
        summary="The account's wallets, the first linked first",
        reply=wallet_wire.Wallets,
    ),
    Operation(
        name="link_wallet",
        method="POST",
        path="/api/account/wallets",
        summary="Link a wallet that has signed",
        body=wallet_wire.Proof,
        reply=wallet_wire.Wallet,
        errors=(*_PROOF, "wallet_taken", "too_many_wallets"),
    ),
    Operation(
        name="unlink_wallet",
        method="DELETE",
        path="/api/account/wallets/{address}",
        summary="Unlink a wallet; the sessions that it opened end at once",
        parameters=(_ADDRESS,),
        status=HTTPStatus.NO_CONTENT,
        reply=None,
        errors=("not_linked", "last_door"),
    ),
    Operation(
        name="link_telegram",
        method="POST",
        path="/api/account/telegram",
        summary="Link who opened the mini-app, by its launch data",
        body=wallet_wire.LinkTelegram,
        reply=wire.Account,
        errors=(*_PROOF, "telegram_taken", "already_linked"),
    ),
    Operation(
        name="unlink_telegram",
        method="DELETE",
        path="/api/account/telegram",
        summary="Unlink Telegram; the sessions that it opened end at once",
        status=HTTPStatus.NO_CONTENT,
        reply=None,
        errors=("not_linked", "last_door", "administrator"),
    ),
    Operation(
        name="ask_for_wallet_link",
        method="POST",
        path="/api/account/wallet-links",
        summary="A way to a wallet in another app: a code that works once, and the addresses that carry it there",
        status=HTTPStatus.CREATED,
        reply=wallet_wire.NewWalletLink,
    ),
    Operation(
        name="wallet_link",
        method="GET",
        path="/api/account/wallet-links/{id}",
        summary="How far a link is, and which wallet signed; for the session that asked",
        parameters=(_LINK_ID,),
        reply=wallet_wire.WalletLink,
        errors=("unknown_wallet_link",),
    ),
    Operation(
        name="confirm_wallet_link",
        method="POST",
        path="/api/account/wallet-links/{id}/confirm",
        summary="Link the wallet that signed; for the session that asked",
        parameters=(_LINK_ID,),
        reply=wallet_wire.Wallet,
        errors=("unknown_wallet_link", "wallet_link_not_signed", "wallet_taken", "too_many_wallets"),
    ),
    Operation(
        name="ask_wallet_to_sign_link",
        method="POST",
        path="/api/wallet-links/challenge",
        summary="For who has the code: a text for a wallet to sign, and to whose account it links the wallet",
        body=wallet_wire.AskToSignLink,
        reply=wallet_wire.LinkChallenge,
        errors=(*_PROOF, "invalid_address", "busy"),
    ),
    Operation(
        name="sign_wallet_link",
        method="POST",
        path="/api/wallet-links/sign",
        summary="For who has the code: the signed text. Who asked for the code still has to confirm",
        body=wallet_wire.SignLink,
        reply=wallet_wire.SignedLink,
        errors=(*_PROOF, "wallet_taken", "busy"),
    ),
)
