"""Makes solvency.json: trees, proofs and forged proofs, by hashlib and docs/proof-of-solvency.md alone.

    python tests/vectors/make_solvency.py > tests/vectors/solvency.json

It is recursive, slow and shares no code with the exchange, on purpose.
"""

import copy
import hashlib
import json
import sys


def number(value):
    return value.to_bytes(8, "big")


def leaf(asset, salt, account, atoms):
    text = asset.encode("ascii")
    preimage = b"clobster.solvency.leaf.1" + bytes([len(text)]) + text + salt + number(account) + number(atoms)
    return hashlib.sha256(preimage).digest(), atoms


def node(left, right):
    preimage = b"clobster.solvency.node.1" + left[0] + number(left[1]) + right[0] + number(right[1])
    return hashlib.sha256(preimage).digest(), left[1] + right[1]


def climb(level, place):
    """Return the root and the path of the leaf at a place."""
    if len(level) == 1:
        return level[0], []
    above = []
    for first in range(0, len(level), 2):
        pair = level[first : first + 2]
        above.append(node(*pair) if len(pair) == 2 else pair[0])
    root, path = climb(above, place // 2)
    other = place + 1 if place % 2 == 0 else place - 1
    if other < len(level):
        side = "right" if place % 2 == 0 else "left"
        path = [{"side": side, "hash": level[other][0].hex(), "atoms": str(level[other][1])}, *path]
    return root, path


def tree(asset, balances):
    """Return every account's proof and the root; a salt is the hash of a word that is easily made again."""
    salts = {account: hashlib.sha256(f"salt {asset} {account}".encode()).digest() for account, _ in balances}
    made = sorted((leaf(asset, salts[account], account, atoms), account) for account, atoms in balances)
    level = [each for each, _ in made]
    proofs = []
    for place, ((_, atoms), account) in enumerate(made):
        root, path = climb(level, place)
        proofs.append(
            {"asset": asset, "account_id": account, "atoms": str(atoms), "salt": salts[account].hex(), "path": path}
        )
    return {"asset": asset, "root": root[0].hex(), "liabilities_atoms": str(root[1]), "proofs": proofs}


def changed(proof, **fields):
    return {**copy.deepcopy(proof), **fields}


def step(proof, index, **fields):
    forged = copy.deepcopy(proof)
    forged["path"][index].update(fields)
    return forged


def forgeries(made, other):
    proof = next(each for each in made["proofs"] if len(each["path"]) > 2)
    another = next(each for each in made["proofs"] if each is not proof and each["path"] != proof["path"])
    root = {"root": made["root"], "liabilities_atoms": made["liabilities_atoms"]}
    first = proof["path"][0]
    swapped = "left" if first["side"] == "right" else "right"
    missing = str(int(first["atoms"]) - 1)
    own = leaf(proof["asset"], bytes.fromhex(proof["salt"]), proof["account_id"], int(proof["atoms"]))
    beside = (bytes.fromhex(first["hash"]), int(first["atoms"]))
    inner = node(own, beside) if first["side"] == "right" else node(beside, own)
    yield "another balance", changed(proof, atoms=str(int(proof["atoms"]) + 1)), root
    yield "a negative balance", changed(proof, atoms="-1"), root
    yield "a negative sum", step(proof, 0, atoms="-" + first["atoms"]), root
    yield "a smaller sum beside", step(proof, 0, atoms=missing), root
    yield "a sum beyond 63 bits", step(proof, 0, atoms=str(2**63)), root
    yield "sums that wrap around", step(proof, 0, atoms=str(2**64 - int(proof["atoms"]))), root
    yield "swapped sides", step(proof, 0, side=swapped), root
    yield "no side", step(proof, 0, side="up"), root
    yield "another's leaf", changed(proof, account_id=another["account_id"]), root
    yield "another's path", changed(proof, path=another["path"]), root
    yield "another asset", changed(proof, asset=other["asset"]), root
    yield "another salt", changed(proof, salt="00" * 32), root
    yield "a short salt", changed(proof, salt=proof["salt"][2:]), root
    yield "a shorter path", changed(proof, path=proof["path"][:-1]), root
    yield "no path", changed(proof, path=[]), root
    yield "a longer path", changed(proof, path=[*proof["path"], proof["path"][-1]]), root
    yield "an endless path", changed(proof, path=[{**first, "atoms": "0"}] * 100), root
    yield "a short hash", step(proof, 0, hash=first["hash"][2:]), root
    yield "a hash that is none", step(proof, 0, hash="zz" * 32), root
    yield "an amount with a point", changed(proof, atoms=proof["atoms"] + ".0"), root
    yield (
        "a node taken for a leaf",
        changed(proof, salt=inner[0].hex(), atoms=str(inner[1]), path=proof["path"][1:]),
        root,
    )
    yield "the wrong root", proof, {**root, "root": other["root"]}
    yield "smaller liabilities", proof, {**root, "liabilities_atoms": str(int(root["liabilities_atoms"]) - 1)}
    yield "larger liabilities", proof, {**root, "liabilities_atoms": str(int(root["liabilities_atoms"]) + 1)}
    vast = tree(proof["asset"], [(1000, 2**62), (1001, 2**62)])
    yield "a total beyond 63 bits", vast["proofs"][0], {each: vast[each] for each in root}


def main():
    trees = [
        tree("USDT", [(1000, 1)]),
        tree("BTC", [(2, 5), (1000, 2**62 - 1)]),
        tree("ETH", [(2, 7), (3, 7), (1000, 7)]),
        tree("SOL", [(account, account * 1_000_003 % 999_983 + 1) for account in (2, 3, *range(1000, 1009))]),
    ]
    json.dump(
        {
            "trees": trees,
            "forged": [
                {"why": why, "proof": proof, "published": root} for why, proof, root in forgeries(trees[3], trees[2])
            ],
        },
        sys.stdout,
        indent=1,
    )
    sys.stdout.write("\n")


main()
