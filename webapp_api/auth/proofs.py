"""What a wallet is asked to sign, and whether it did: the one place that believes a signature.

A text is good once: whoever brings it back uses it up, whatever comes of it. A refusal says `malformed`, `expired` or
`invalid_credentials` and no more; the log says why.
"""

import base64
import binascii
from collections.abc import Callable

import structlog
from solders.signature import Signature

from engine.accounts.refusals import NotLinked
from engine.accounts.types import Account
from engine.accounts.wallet_types import Challenge, WalletLink
from engine.accounts.wallets import Wallets
from engine.core.refusals import Refused
from engine.core.types import UserId, WithdrawalId
from engine.ports import Clock
from webapp_api import wallet_wire
from webapp_api.auth import siws
from webapp_api.auth.access import Caller
from webapp_api.auth.siws import Site
from webapp_api.auth.solana import public_key, verify_signature

log = structlog.get_logger()


class InvalidAddress(Refused):
    """This is not the address of a Solana wallet."""

    code = "invalid_address"


class NotProved(Refused):
    """This does not prove that the wallet is yours. Ask for a new text and sign that."""

    code = "invalid_credentials"


class TextExpired(Refused):
    """This text is too old. Ask for a new one and sign that."""

    code = "expired"


class NoProof(Refused):
    """This is not a text that was given to be signed, or not a signature."""

    code = "malformed"


class Proofs:
    """Gives out texts to sign, and takes them back signed."""

    def __init__(self, wallets: Wallets, site: Site, clock: Clock) -> None:
        self._wallets = wallets
        self._site = site
        self._clock = clock

    async def ask_to_sign_in(self, address: str) -> siws.Text:
        """Return a text by which this wallet signs in. Raises InvalidAddress."""
        return await self._ask(address, siws.SIGN_IN)

    async def ask_to_link(
        self, address: str, account: Account, session_id: str, link_id: str | None = None
    ) -> siws.Text:
        """Return a text by which this wallet is linked to an account: for a session, or for a link of it by its code.

        Raises InvalidAddress.
        """
        return await self._ask(address, siws.linking(account), account.id, session_id, link_id)

    async def ask_to_withdraw(
        self, address: str, statement: str, caller: Caller, withdrawal: WithdrawalId
    ) -> siws.Text:
        """Return a text by which a wallet of the caller's confirms a withdrawal. Raises InvalidAddress, NotLinked."""
        await self._check_linked(address, caller)
        return await self._ask(address, statement, caller.user, caller.session, None, withdrawal)

    async def signs_in(self, proof: wallet_wire.Proof) -> None:
        """Return where this proves whose the wallet is, to sign in. Raises NotProved, TextExpired, NoProof."""
        await self._check(proof, lambda challenge: challenge.session_id is None)

    async def links(self, proof: wallet_wire.Proof, caller: Caller) -> None:
        """Return where this proves that the caller's wallet may be linked. Raises as `signs_in`.

        A text to sign in will do as well: it proves the key, and who has it signed could as well sign in by it.
        """
        own = (None, caller.session)
        await self._check(
            proof,
            lambda challenge: challenge.is_to_link and challenge.session_id in own,
        )

    async def signs_link(self, proof: wallet_wire.Proof, link: WalletLink) -> None:
        """Return where the wallet has signed for this very link. Raises as `signs_in`."""
        await self._check(proof, lambda challenge: challenge.link_id == link.id)

    async def signs_withdrawal(self, proof: wallet_wire.Proof, caller: Caller, withdrawal: WithdrawalId) -> None:
        """Return where a wallet that is still the caller's has confirmed this very withdrawal. Raises as `signs_in`."""
        await self._check(
            proof,
            lambda challenge: (challenge.withdrawal_id, challenge.session_id) == (withdrawal, caller.session),
        )
        await self._check_linked(proof.address, caller)

    async def _check_linked(self, address: str, caller: Caller) -> None:
        if address not in [wallet.address for wallet in await self._wallets.wallets(caller.user)]:
            raise NotLinked

    async def _ask(
        self,
        address: str,
        statement: str,
        user_id: UserId | None = None,
        session_id: str | None = None,
        link_id: str | None = None,
        withdrawal_id: WithdrawalId | None = None,
    ) -> siws.Text:
        if public_key(address) is None:
            raise InvalidAddress
        text = siws.text(self._site, address, statement, self._clock())
        await self._wallets.keep_challenge(
            Challenge(text.nonce, address, text.message, text.expires_at, user_id, session_id, link_id, withdrawal_id)
        )
        return text

    async def _check(self, proof: wallet_wire.Proof, is_for: Callable[[Challenge], bool]) -> None:
        nonce = siws.nonce_of(proof.message)
        if nonce is None:
            raise _refused(NoProof, "no nonce", proof)
        challenge = await self._wallets.take_challenge(nonce)  # first: what was tried is gone
        if challenge is None:
            raise _refused(NotProved, "nonce unknown or used", proof)
        if not is_for(challenge):
            raise _refused(NotProved, "text was given for something else", proof)
        if challenge.address != proof.address:
            raise _refused(NotProved, "text names another wallet", proof)
        if challenge.message != proof.message:
            raise _refused(NotProved, "text was changed", proof)
        if challenge.expires_at <= self._clock():
            raise _refused(TextExpired, "text expired", proof)
        signature = signature_bytes(proof.signature)
        if signature is None:
            raise _refused(NoProof, "no signature", proof)
        if not verify_signature(challenge.address, challenge.message.encode(), signature):
            raise _refused(NotProved, "signature does not verify", proof)


def signature_bytes(text: str) -> bytes | None:
    """Return the 64 bytes of a signature in base64 or base58, or None.

    Base64 of 64 bytes ends with "==", and base58 has no such sign, so there is no doubt which one it is.
    """
    try:
        if text.endswith("=="):
            return base64.b64decode(text, validate=True)
        return bytes(Signature.from_string(text))
    except (binascii.Error, ValueError):
        return None


def _refused(refusal: type[Refused], why: str, proof: wallet_wire.Proof) -> Refused:
    log.info("wallet refused", why=why, wallet=proof.address)
    return refusal()
