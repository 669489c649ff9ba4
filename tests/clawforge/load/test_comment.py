"""Comments are found where YAML has them, and nowhere inside of a scalar."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.load.comment import Comment, comments_of
from clawforge.load.yaml import compose


def found(text: str) -> list[tuple[int, int, str, bool]]:
    return [(item.line, item.col, item.text, item.alone) for item in comments_of(text, file="x")]


def test_where_comments_stand() -> None:
    text = (
        "# head\n"
        "a: 'x # no' # one\n"
        'b: "y # no"\n'
        "c: |  # header\n"
        "  # no\n"
        "  z\n"
        "# after the block\n"
        "d: [p#no, # in a list\n"
        "    q]\n"
        "e: plain#no\n"
        "---   # of the document\r\n"
        "- é  # é\r\n"
        "#last"
    )
    assert found(text) == [
        (1, 1, "head", True),
        (2, 13, "one", False),
        (4, 7, "header", False),
        (7, 1, "after the block", True),
        (8, 11, "in a list", False),
        (11, 7, "of the document", False),
        (12, 6, "é", False),
        (13, 1, "last", True),
    ]


def test_a_text_that_is_no_yaml_gives_what_stands_before_the_error() -> None:
    assert found("# one\na: 'open") in ([(1, 1, "one", True)], [])
    assert found("") == []


LINES = st.sampled_from(
    [
        ("k{n}: v", ()),
        ("k{n}: v # c{n}", ("c{n}",)),
        ("# c{n}", ("c{n}",)),
        ("k{n}: 'a # no'", ()),
        ("k{n}: 'a # no'  # c{n} # still", ("c{n} # still",)),
        ('k{n}: "a \\" # no"', ()),
        ("k{n}: |\n  # no\n  text # no", ()),
        ("k{n}: >- # c{n}\n  text # no\n\n  # no", ("c{n}",)),
        ("k{n}: [a, 'b # no', # c{n}\n  c]", ("c{n}",)),
        ("k{n}: a#no", ()),
        ("k{n}:\n  - x # c{n}\n  # d{n}\n  - y", ("c{n}", "d{n}")),
        ("", ()),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_exactly_the_comments_are_found(blocks: list[tuple[str, tuple[str, ...]]], end: str) -> None:
    text = "".join(block.format(n=n) + "\n" for n, (block, _) in enumerate(blocks)).replace("\n", end)
    wanted = [comment.format(n=n) for n, (_, comments) in enumerate(blocks) for comment in comments]
    _, problems = compose(text.encode(), file="x")
    assert not problems
    comments = comments_of(text, file="x")
    assert [item.text for item in comments] == wanted
    for item in comments:
        line = text.split("\n")[item.line - 1]
        assert line[item.col - 1] == "#"
        assert item.alone == (not line[: item.col - 1].strip())
        assert isinstance(item, Comment)
