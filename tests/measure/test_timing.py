"""Arms that are timed in turns: the order of their calls, what does not count, and the rests between libraries."""

from contextlib import nullcontext

from minimalbp.measure import Timed, in_blocks, in_turns, timing
from minimalbp.measure.timing import blocks


def test_arms_take_turns(monkeypatch):
    monkeypatch.setattr(timing, "WARM", 0)  # two calls
    order = []

    def arm(name):
        return Timed(lambda: (order.append(name), (float(len(order)),))[1], nullcontext)

    ticks = []
    found = in_turns({"a": arm("a"), "b": arm("b")}, 1e-9, lambda: ticks.append(None))
    assert "".join(order) == "aaabbb" * 2  # two that do not count and one that does, in each block
    assert found["a"].tolist() == [[3], [9]] and len(ticks) == 4
    assert [blocks(s) for s in (1e-9, 0.05, 1)] == [2, 5, 10]


def test_blocks_of_calls_take_turns_on_the_same_arguments(monkeypatch):
    calls, rests = [], []
    monkeypatch.setattr(timing.time, "sleep", lambda seconds: rests.append(len(calls)))

    def arm(name, pool):
        return Timed(lambda x: (calls.append(f"{name}{x}"), (x, -x))[1], nullcontext, pool)

    arms = {"a": arm("a", ""), "b": arm("b", ""), "c": arm("c", "PyTorch")}
    found = in_blocks(arms, [(1,), (2,), (3,), (4,)], rounds=2, calls=3, skip=1)
    assert " ".join(calls) == "a1 a2 a3 b1 b2 b3 c1 c2 c3 a4 a1 a2 b4 b1 b2 c4 c1 c2"
    assert rests == [0, 6, 9, 15], "before another library's threads begin, and before ours do again"
    assert all(times.tolist() == [[2, -2], [3, -3], [1, -1], [2, -2]] for times in found.values())
