"""Every code of the problems of finding and reading files, with what people need to know about it."""

from __future__ import annotations

from clawforge.diagnostic import Severity
from clawforge.load.hints import HINTS
from clawforge.problem_code import ProblemCode


def _yaml(code: str, what: str, why: str) -> ProblemCode:
    return ProblemCode(code, what, why, HINTS[code])


CODES: tuple[ProblemCode, ...] = (
    ProblemCode(
        "file-name",
        "A file whose name holds characters that do not print, or bytes that are not UTF-8.",
        "Such a name cannot be written in a message, a plan or a review without misleading.",
        "Rename it.",
    ),
    ProblemCode(
        "include-matches-nothing",
        "A glob of `include` in clawforge.yaml that takes in no file.",
        "The files that it was meant for are not checked, planned or applied, and nobody would notice.",
        "Mend the spelling, or remove it. Only names that end in .yaml or .yml are taken in.",
        Severity.WARNING,
    ),
    ProblemCode(
        "invalid-value",
        "A value that its field does not accept: a misspelt choice, a wrong character in a name, a number out of "
        "range, a pattern that RE2 does not know.",
        "What is not understood cannot be enforced, and is never guessed.",
        "The message names what the field accepts; the reference of the kind lists it.",
    ),
    ProblemCode(
        "missing-field",
        "A resource without a field that it must have, such as `appliesTo` or the reason of a Waiver.",
        "There is no safe default: leaving it out would mean everybody, or nobody, or for ever.",
        "Add the field.",
    ),
    ProblemCode(
        "nested-project",
        "A folder of the project that holds a clawforge.yaml of its own.",
        "Two projects would own the same resources.",
        "Leave the folder out with `exclude`, or remove its clawforge.yaml.",
    ),
    ProblemCode(
        "no-project-file",
        "A directory without clawforge.yaml.",
        "Without `org` and `source` nobody knows for whom the files speak and what an apply may delete.",
        "Run `clawforge init`, or give the directory that holds clawforge.yaml.",
    ),
    ProblemCode(
        "not-a-resource",
        "A document that is no mapping.",
        "Every YAML file of the project is read; what is no resource there is probably a mistake.",
        "Write a resource, or leave the file out with `exclude` in clawforge.yaml.",
    ),
    ProblemCode(
        "project-file",
        "A clawforge.yaml, or the configuration of a reconciler, with no document or with several.",
        "There is one project, and it is said once.",
        "Keep one document; that of a project has apiVersion, kind, org and source.",
    ),
    ProblemCode(
        "project-too-large",
        "Files that have more bytes together than are read.",
        "A limit keeps a stray folder from filling the memory of a pipeline.",
        "Narrow the project with `include` or `exclude`.",
    ),
    ProblemCode(
        "special-file",
        "A pipe, a socket, a device or a folder with the name of a YAML file.",
        "Reading one may never end.",
        "Remove it, or leave it out with `exclude`.",
    ),
    ProblemCode(
        "symlink",
        "A symbolic link, which is not followed. An error if it leads out of the project, else a warning.",
        "A link could bring in files that nobody reviewed.",
        "Put the file itself into the project, or leave the link out with `exclude`.",
    ),
    ProblemCode(
        "too-deep",
        "Folders inside one another beyond the limit.",
        "A limit keeps a strange tree from stopping a pipeline.",
        "Leave the folder out with `exclude`.",
    ),
    ProblemCode(
        "too-many-files",
        "More files or names than are looked at.",
        "A limit keeps a stray folder, such as one of packages, from stopping a pipeline.",
        "Narrow the project with `include` or `exclude`.",
    ),
    ProblemCode(
        "too-many-problems",
        "A resource with more problems than are shown.",
        "The first of them usually explain the others.",
        "Mend those first.",
    ),
    ProblemCode(
        "unknown-field",
        "A field that the kind does not have.",
        "A misspelt field would be read as if it had been left out: `alow` allows nothing and denies nothing.",
        "The message suggests the nearest name; the reference of the kind lists all.",
    ),
    ProblemCode(
        "unknown-kind",
        "A `kind` that does not exist.",
        "What is not understood cannot be enforced.",
        "Write one of the kinds of the reference.",
    ),
    ProblemCode(
        "unreadable",
        "A file or folder that the system does not let us read.",
        "What was not read was not checked.",
        "Give yourself the right to read it, or leave it out with `exclude`.",
    ),
    ProblemCode(
        "wrong-api-version",
        "An `apiVersion` other than `clawforge/v1`.",
        "Another version may mean something else by the same words.",
        "Write `apiVersion: clawforge/v1`.",
    ),
    ProblemCode(
        "wrong-type",
        "A value of another type than its field has, such as a text where a list belongs, or no value at all.",
        "Guessing the type is how `no` becomes false and 010 becomes 8.",
        "Write what the message asks for; put a text that looks like a number in quotes.",
    ),
    _yaml(
        "yaml-alias",
        "A YAML alias, or a text that begins with an unquoted `*`.",
        "Reviewers see `*name` and not what it stands for; a few aliases of aliases fill the memory.",
    ),
    _yaml(
        "yaml-anchor",
        "A YAML anchor, or a text that begins with an unquoted `&`.",
        "An anchor is of use only to aliases, which are not allowed.",
    ),
    _yaml("yaml-binary", "A file with zero bytes.", "It is no YAML."),
    _yaml("yaml-complex-key", "A mapping or a list as a key.", "JSON, in which resources travel, has no such keys."),
    _yaml(
        "yaml-control-character",
        "A character that does not print, written as it is or as an escape.",
        "It can move the cursor of a terminal or hide text from a reviewer.",
    ),
    _yaml(
        "yaml-directive",
        "A line that begins with `%`, other than `%YAML 1.2`.",
        "Other versions of YAML read other things in the same text.",
    ),
    _yaml(
        "yaml-duplicate-key",
        "A key that its mapping already has.",
        "Some programs take the first value and some the last: two readers would see two policies.",
    ),
    _yaml(
        "yaml-integer-range",
        "An integer beyond 2^53-1 either way.",
        "Not every program can hold it: it would arrive as another number.",
    ),
    ProblemCode(
        "yaml-invisible-character",
        "A character that nobody sees, anywhere in a file: zero-width, directional, filler or tag characters.",
        "What a reviewer cannot see can reorder a line, hide instructions, or make two names differ that look alike.",
        "Remove it, or write it as an escape in double quotes.",
        Severity.WARNING,
    ),
    _yaml(
        "yaml-key-not-string",
        "A key that is a number, a truth value or nothing.",
        "JSON, in which resources travel, has only texts as keys.",
    ),
    _yaml(
        "yaml-line-separator",
        "A character that ends a line for some programs and not for others.",
        "What looks like the rest of a comment could be a key.",
    ),
    _yaml("yaml-merge-key", "The merge key `<<`.", "Reviewers see neither what is merged nor what wins."),
    _yaml("yaml-not-utf8", "Bytes that are not UTF-8.", "Other encodings read differently on different machines."),
    _yaml(
        "yaml-number-not-finite",
        "An infinity, something that is no number, or a number too large to hold.",
        "JSON, in which resources travel, cannot write it.",
    ),
    _yaml(
        "yaml-question-mark",
        "A `?` directly before a key.",
        "YAML 1.2 reads a word that begins with it, and older programs an explicit key.",
    ),
    _yaml("yaml-scalar-too-long", "A text longer than is read.", "No field takes so much."),
    ProblemCode(
        "yaml-surrogate",
        "An escape that is half of a surrogate pair, or beyond Unicode.",
        "It is no character, and UTF-8 cannot write it.",
        "Write the character itself, or one escape with eight digits such as \\U0001F600.",
    ),
    ProblemCode(
        "yaml-syntax",
        "Text that is not valid YAML.",
        "What cannot be read cannot be checked; nothing after it in the file was.",
        "Check quotes, brackets and indentation at the place; the message says what was expected.",
    ),
    _yaml(
        "yaml-tab",
        "A tab for indentation, or inside of an unquoted text.",
        "How wide a tab is, each editor decides for itself.",
    ),
    _yaml(
        "yaml-tag",
        "A YAML tag, or a text that begins with an unquoted `!`.",
        "Tags change what a value is, and in other programs even run code.",
    ),
    _yaml(
        "yaml-too-deep",
        "Mappings and lists inside one another beyond the limit.",
        "A limit keeps a hostile file from exhausting the program that reads it.",
    ),
    _yaml(
        "yaml-too-large",
        "A file with more bytes than are read.",
        "A limit keeps a hostile or misplaced file from exhausting the program that reads it.",
    ),
    _yaml(
        "yaml-too-many-documents",
        "More documents in one file than are read.",
        "A limit keeps a hostile file from exhausting the program that reads it.",
    ),
    _yaml(
        "yaml-too-many-nodes",
        "More values in one file than are read.",
        "A limit keeps a hostile file from exhausting the program that reads it.",
    ),
    _yaml(
        "yaml-too-many-problems",
        "A file with more problems than are shown; the rest of it was not read.",
        "The first of them usually explain the others.",
    ),
)
"""Sorted by code. A name that is declared twice is the lint rule `duplicate-resource`."""
