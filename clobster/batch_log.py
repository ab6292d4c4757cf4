"""A line for each batch, at the level debug: which orders of which accounts it has changed."""

import structlog

from engine.sequencer.batch import Batch

log = structlog.get_logger()


def log_batch(batch: Batch) -> None:
    """Log a committed batch by its last command's number. What only the market maker's quotes did is left out."""
    if batch.orders or batch.trades:
        log.debug(
            "batch committed",
            batch=batch.last_seq,
            commands=batch.last_seq - batch.first_seq + 1,
            orders=[(order.id, order.user, order.status.value) for order in batch.orders],
            trades=[trade.id for trade in batch.trades],
        )
