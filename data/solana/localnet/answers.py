"""What all methods share: the chain, the table from name to method, and the block that a request asks about."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct
from solders.keypair import Keypair

from data.solana.localnet.blocks import Block, Commitment
from data.solana.localnet.chain import Chain
from data.solana.localnet.errors import InvalidParamsError, MinContextSlotNotReachedError
from data.solana.localnet.faults import Faults
from data.solana.localnet.params import Options, Params

API_VERSION: Final = "3.1.0"


class Method(Struct, frozen=True):
    """A method and how many parameters it takes at most."""

    answer: Callable[[Params], Any]
    most: int = 1


class Answers:
    """The methods of one topic."""

    def __init__(self, chain: Chain, authority: Keypair, faults: Faults) -> None:
        self.chain = chain
        self.authority = authority
        self.faults = faults

    def block(self, options: Options) -> Block:
        """Return the newest block of the commitment that was asked for."""
        block = self.chain.blocks.at(options.commitment)
        least = options.integer("minContextSlot")
        if least is not None and block.slot < least:
            raise MinContextSlotNotReachedError(block.slot)
        return block

    def block_of_history(self, options: Options) -> Block:
        """As `block`, for what is answered from history: only what is confirmed is there."""
        at_least_confirmed(options.commitment)
        return self.block(options)


def at_least_confirmed(commitment: Commitment) -> None:
    """Refuse `processed`."""
    if commitment == "processed":
        raise InvalidParamsError("Method does not support commitment below `confirmed`")


def with_context(block: Block, value: Any) -> dict[str, Any]:
    """Return a value with the slot that it is true of."""
    return {"context": {"apiVersion": API_VERSION, "slot": block.slot}, "value": value}
