"""However answers come to be, they leave in the order of the requests."""

import random

import pytest

from webapp_api.stream.answers import Answers, Late


def test_a_refusal_waits_for_the_orders_before_it() -> None:
    sent: list[bytes] = []
    answers = Answers(sent.append)
    answers.entered()
    answers.at_once(b"refused")
    assert (sent, answers.waiting) == ([], 2)
    answers.committed(b"placed")
    assert (sent, answers.waiting) == ([b"placed", b"refused"], 0)


def test_what_is_looked_up_holds_up_what_follows() -> None:
    sent: list[bytes] = []
    answers = Answers(sent.append)
    answers.entered()
    answers.entered()
    late = answers.committed_late()
    answers.committed(b"second")
    answers.at_once(b"third")
    assert (sent, answers.waiting) == ([], 3)
    answers.settle(late, b"first")
    assert (sent, answers.waiting) == ([b"first", b"second", b"third"], 0)


@pytest.mark.parametrize("seed", range(20))
def test_any_interleaving_keeps_the_order(seed: int) -> None:
    rng = random.Random(seed)
    sent: list[bytes] = []
    answers = Answers(sent.append)
    asked = 0
    in_sequencer: list[int] = []
    looked_up: list[tuple[Late, int]] = []
    for _ in range(2000):
        match rng.choice(["order", "order", "at once", "commit", "commit", "commit late", "settle", "settle"]):
            case "order":
                asked += 1
                answers.entered()
                in_sequencer.append(asked)
            case "at once":
                asked += 1
                answers.at_once(b"%d" % asked)
            case "commit" if in_sequencer:
                answers.committed(b"%d" % in_sequencer.pop(0))
            case "commit late" if in_sequencer:
                looked_up.append((answers.committed_late(), in_sequencer.pop(0)))
            case "settle" if looked_up:
                late, number = looked_up.pop(rng.randrange(len(looked_up)))
                answers.settle(late, b"%d" % number)
            case _:
                pass
        assert answers.waiting == asked - len(sent)
    for number in in_sequencer:
        answers.committed(b"%d" % number)
    for late, number in looked_up:
        answers.settle(late, b"%d" % number)
    assert sent == [b"%d" % number for number in range(1, asked + 1)]
    assert answers.waiting == 0
