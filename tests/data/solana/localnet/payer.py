"""A localnet with a payer in one process, to be killed: it prints every payment that it was told is confirmed."""

import asyncio
import json
import sys
from pathlib import Path

from solana.rpc.commitment import Confirmed
from solders.keypair import Keypair
from solders.transaction_status import TransactionConfirmationStatus

from tests.data.solana.localnet.world import SOL, UNCHECKED, world_on


async def main(directory: Path) -> None:
    """Pay until killed."""
    async with world_on(directory, slot_s=0.02) as world:
        print(flush=True)  # noqa: T201  whoever started it reads this
        while True:
            blockhash = await world.blockhash(Confirmed)
            people = [Keypair().pubkey() for _ in range(10)]
            payments = [await world.pay(world.net.authority, person, SOL // 100, blockhash) for person in people]
            signatures = [await world.send(payment, UNCHECKED) for payment in payments]
            for signature in signatures:
                while True:
                    status = await world.status(signature)
                    if status and status.confirmation_status != TransactionConfirmationStatus.Processed:
                        break
                    await asyncio.sleep(0.002)
                print(json.dumps({"signature": str(signature)}), flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
