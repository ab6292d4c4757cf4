"""What a message costs: five thousand lamports a signature, and the price of the compute units that it may use."""

from typing import Final

from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey

SIGNATURE_LAMPORTS: Final = 5_000
_MOST_UNITS: Final = 1_400_000
_UNITS: Final = 200_000  # of an instruction, where the message sets no limit
_BUILTIN_UNITS: Final = 3_000
_MICRO: Final = 1_000_000
_SET_LIMIT: Final = 2
_SET_PRICE: Final = 3
_BUILTINS: Final = {
    COMPUTE_BUDGET,
    Pubkey.default(),  # the system program
    Pubkey.from_string("AddressLookupTab1e1111111111111111111111111"),
    Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111"),
    Pubkey.from_string("Vote111111111111111111111111111111111111111"),
}


def fee(message: Message | MessageV0) -> int:
    """Return a message's fee in lamports."""
    return SIGNATURE_LAMPORTS * message.header.num_required_signatures + priority(message)[0]


def priority(message: Message | MessageV0) -> tuple[int, int]:
    """Return what a message pays for its priority, in lamports, and its price in millionths of one a unit."""
    limit, price, default = None, 0, 0
    for each in message.instructions:
        program, data = message.account_keys[each.program_id_index], bytes(each.data)
        default += _BUILTIN_UNITS if program in _BUILTINS else _UNITS
        if program == COMPUTE_BUDGET and data[:1] == bytes([_SET_LIMIT]):
            limit = int.from_bytes(data[1:5], "little")
        elif program == COMPUTE_BUDGET and data[:1] == bytes([_SET_PRICE]):
            price = int.from_bytes(data[1:9], "little")
    units = min(default if limit is None else limit, _MOST_UNITS)
    return -(-price * units // _MICRO), price
