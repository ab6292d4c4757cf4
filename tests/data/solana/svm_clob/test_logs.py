"""Of a log only what the program itself has written counts, whoever else writes what."""

from base64 import b64encode

import pytest
from solders.pubkey import Pubkey

from data.solana.svm_clob.layouts import Misread
from data.solana.svm_clob.logs import LogTruncated, trades_settled
from tests.data.solana.svm_clob.test_layouts import EVENT, PROGRAM, decode_trade_settled

OTHER = Pubkey.from_bytes(b"\7" * 32)
DATA = f"Program data: {b64encode(EVENT).decode()}"
TOLD = decode_trade_settled(EVENT)


def runs(program: Pubkey, depth: int, *inside: str, end: str = "success") -> list[str]:
    return [f"Program {program} invoke [{depth}]", *inside, f"Program {program} consumed 5 of 9 compute units",
            f"Program {program} {end}"]  # fmt: skip


def test_events_of_the_program_are_read_in_order() -> None:
    log = runs(PROGRAM, 1, "Program log: Instruction: ExecuteTrade", DATA) + runs(PROGRAM, 1, DATA)
    assert trades_settled(log, PROGRAM) == [TOLD, TOLD]
    assert trades_settled(runs(OTHER, 1, *runs(PROGRAM, 2, DATA)), PROGRAM) == [TOLD]
    assert trades_settled(["Program is not deployed"], PROGRAM) == []


def test_what_another_program_writes_is_not_the_program_s() -> None:
    log = runs(OTHER, 1, DATA) + runs(PROGRAM, 1, *runs(OTHER, 2, DATA)) + runs(PROGRAM, 1)
    assert trades_settled(log, PROGRAM) == []
    assert trades_settled(runs(OTHER, 1, *runs(PROGRAM, 2), DATA), PROGRAM) == []
    assert trades_settled(runs(PROGRAM, 1, *runs(OTHER, 2), DATA), PROGRAM) == [TOLD]


def test_a_program_s_words_are_only_words() -> None:
    lies = f"Program log: x\nProgram {PROGRAM} invoke [2]\n{DATA}", f"Program log: Program {PROGRAM} invoke [2]"
    assert trades_settled(runs(OTHER, 1, *lies, DATA), PROGRAM) == []
    failed = runs(OTHER, 1, DATA, end="failed: custom program error: 0x1\nProgram x success")
    assert trades_settled(failed, PROGRAM) == []


def test_a_log_that_was_cut_off_is_no_whole_log() -> None:
    with pytest.raises(LogTruncated):
        trades_settled([*runs(PROGRAM, 1, DATA)[:2], "Log truncated"], PROGRAM)


BAD = {
    "another program ends": [f"Program {PROGRAM} invoke [1]", f"Program {OTHER} success"],
    "one ends that never began": [f"Program {PROGRAM} success"],
    "one is deeper than can be": [f"Program {PROGRAM} invoke [2]", f"Program {PROGRAM} success"],
    "it never ends": [f"Program {PROGRAM} invoke [1]", DATA],
    "data of nobody": [DATA],
    "data of ours that is none": runs(PROGRAM, 1, "Program data: !!!!"),
    "an event of ours that we do not know": runs(PROGRAM, 1, f"Program data: {b64encode(bytes(112)).decode()}"),
    "an event of ours that is too short": runs(PROGRAM, 1, f"Program data: {b64encode(EVENT[:-1]).decode()}"),
    "two fields": runs(PROGRAM, 1, f"{DATA} {DATA.removeprefix('Program data: ')}"),
}


@pytest.mark.parametrize("log", BAD.values(), ids=BAD)
def test_a_log_that_makes_no_sense_is_misread(log: list[str]) -> None:
    with pytest.raises(Misread):
        trades_settled(log, PROGRAM)
