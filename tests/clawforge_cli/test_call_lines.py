"""Files of calls are read line by line, however long a line is."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from clawforge.analysis.replay.call_reader import LONGEST_LINE
from clawforge_cli.call_lines import bounded_lines

LENGTHS = st.sampled_from((0, 1, 2, 100, 2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20))


def read(data: bytes) -> list[bytes]:
    return list(bounded_lines(io.BytesIO(data)))


@given(st.lists(LENGTHS, max_size=6), st.booleans())
def test_lines_are_those_of_the_file_and_long_ones_stay_long(lengths: list[int], ended: bool) -> None:
    lines = [bytes([97 + number]) * length for number, length in enumerate(lengths)]
    found = read(b"\n".join(lines) + (b"\n" if ended else b""))
    wanted = lines if ended or (lines and lines[-1]) else lines[:-1]
    if ended and not lines:
        wanted = [b""]
    assert len(found) == len(wanted)
    for line, original in zip(found, wanted, strict=True):
        if len(original) <= LONGEST_LINE:
            assert line == original
        else:
            assert LONGEST_LINE < len(line) <= 3 * 2**20
            assert original.startswith(line[:LONGEST_LINE])


def test_only_so_much_of_a_long_line_is_kept() -> None:
    found = read(b"x" * (40 * 2**20) + b"\nnext\n")
    assert [len(line) <= 2 * 2**20 for line in found] == [True, True]
    assert found[1] == b"next"
