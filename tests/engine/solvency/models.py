"""A tree of sums as slow and obvious as can be."""

from hashlib import sha256

from engine.solvency.proof import LEAF, NODE

Node = tuple[bytes, int]


def leaf(asset: str, account: int, atoms: int, salt: bytes) -> Node:
    text = asset.encode()
    said = LEAF + bytes([len(text)]) + text + salt + account.to_bytes(8, "big") + atoms.to_bytes(8, "big")
    return sha256(said).digest(), atoms


def node(left: Node, right: Node) -> Node:
    said = NODE + left[0] + left[1].to_bytes(8, "big") + right[0] + right[1].to_bytes(8, "big")
    return sha256(said).digest(), left[1] + right[1]


def root(leaves: list[Node]) -> Node:
    level = sorted(leaves)
    while len(level) > 1:
        pairs = [level[first : first + 2] for first in range(0, len(level), 2)]
        level = [node(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0]
