"""Where comments and blank lines go when keys move, case by case."""

from __future__ import annotations

from textwrap import dedent, indent

from clawforge.layout.document import format_text

HEADER = "apiVersion: clawforge/v1\nkind: Policy\n"


def formatted(text: str) -> str:
    found = format_text(text.encode(), "a.yaml")
    assert found.diagnostics == ()
    assert found.changed == (found.text != text.encode())
    assert format_text(found.text, "a.yaml").text == found.text
    return found.text.decode()


def arranged(spec: str) -> str:
    """The formatted spec of a policy, whose order begins with appliesTo, mode, extends, tools and exec."""
    start = HEADER + "metadata: {name: a}\nspec:\n"
    text = formatted(start + indent(dedent(spec), "  "))
    assert text.startswith(start)
    return text.removeprefix(start)


def expected(spec: str) -> str:
    return indent(dedent(spec), "  ")


def test_comments_move_with_what_they_speak_of() -> None:
    before = """\
        # the shell
        # and why
        exec: {mode: deny} # at it
        # also the shell

        # tools
        tools:
          deny: [x]
          # under tools
        appliesTo: everyone # all
        # end
    """
    after = """\
        appliesTo: everyone # all
        # tools
        tools:
          deny: [x]
          # under tools

        # the shell
        # and why
        exec: {mode: deny} # at it
        # also the shell

        # end
    """
    assert arranged(before) == expected(after)


def test_a_heading_goes_with_the_key_below_it() -> None:
    before = """\
        # ---- tools ----

        # why
        tools: {deny: [x]}

        appliesTo: everyone
        message: no
    """
    after = """\
        appliesTo: everyone

        # ---- tools ----

        # why
        tools: {deny: [x]}

        message: no
    """
    assert arranged(before) == expected(after)


def test_a_heading_stays_above_its_keys() -> None:
    before = """\
        message: no

        # ---- what ----

        exec: {mode: deny}
        tools: {deny: [x]}

        appliesTo: everyone
    """
    after = """\
        appliesTo: everyone

        # ---- what ----

        tools: {deny: [x]}
        exec: {mode: deny}

        message: no
    """
    assert arranged(before) == expected(after)


def test_several_headings_part_a_mapping() -> None:
    before = """\
        # ---- what ----
        # is open

        exec: {mode: deny}

        # why
        tools: {deny: [x]}

        # ---- who ----

        mode: base

        appliesTo: everyone
    """
    after = """\
        # ---- who ----

        appliesTo: everyone

        mode: base

        # ---- what ----
        # is open

        # why
        tools: {deny: [x]}

        exec: {mode: deny}
    """
    assert arranged(before) == expected(after)


def test_the_order_is_the_same_whatever_the_headings() -> None:
    before = """\
        # ---- who ----

        appliesTo: everyone
        message: no

        # ---- what ----

        exec: {mode: deny}
    """
    after = """\
        # ---- who ----

        appliesTo: everyone

        # ---- what ----

        exec: {mode: deny}

        message: no
    """
    assert arranged(before) == expected(after)


def test_blank_lines_stay_between_the_keys_that_they_part() -> None:
    before = """\
        exec: {mode: deny}
        tools: {deny: [x]}


        mode: base
        appliesTo: everyone
    """
    after = """\
        appliesTo: everyone
        mode: base

        tools: {deny: [x]}
        exec: {mode: deny}
    """
    assert arranged(before) == expected(after)


def test_nothing_moves_in_what_is_in_order() -> None:
    text = """\
        # who

        appliesTo: everyone

        # what

        tools: {deny: [x]}
        exec: {mode: deny}
        # tail

        # of all
    """
    assert arranged(text) == expected(text)


def test_comments_above_a_document_speak_of_the_document() -> None:
    before = "# license\n\n# Engineers.\nkind: Policy\n\n# where\n\nspec: {}\n# version\napiVersion: clawforge/v1\n"
    after = "# license\n\n# Engineers.\n\n# version\napiVersion: clawforge/v1\n\nkind: Policy\n\n# where\n\nspec: {}\n"
    assert formatted(before) == after


def test_comments_above_the_first_key_of_an_item_stay_beside_its_dash() -> None:
    start = "apiVersion: clawforge/v1\nkind: DlpRuleSet\nspec:\n  rules:\n"
    before = "    - detect: {detector: x}\n\n      # heading\n\n      # own\n      id: a\n"
    after = "    # heading\n    # own\n    - id: a\n\n      detect: {detector: x}\n"
    assert formatted(start + before) == start + after


def test_blank_lines_that_belong_to_a_text_are_kept_apart_from_others() -> None:
    before = "  # heading\n\n  exec: {mode: deny}\n\n  message: |+\n    x\n\n  # own\n  tools: {deny: [x]}\n"
    start = HEADER + "spec:\n"
    after = "  # own\n  tools: {deny: [x]}\n\n  # heading\n\n  exec: {mode: deny}\n\n  message: |+\n    x\n\n"
    assert formatted(start + before) == start + after
