"""What each field of a model means: the docstrings that stand below the fields in the source.

Read from the source and only when asked: pydantic could collect them too, but would do so whenever a program starts.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache


@cache
def field_docs(owner: type) -> dict[str, str]:
    """The docstring of every attribute by its Python name, inherited ones included; line breaks become spaces."""
    found: dict[str, str] = {}
    for base in reversed(owner.__mro__):
        if base.__module__.startswith("clawforge"):
            found |= _module_docs(base.__module__).get(base.__name__, {})
    return found


@cache
def _module_docs(module: str) -> dict[str, dict[str, str]]:
    """Docstrings of attributes by class."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: dict(_attribute_docs(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _attribute_docs(body: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for statement, following in zip(body.body, body.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign):
            target: ast.expr = statement.target
        elif isinstance(statement, ast.Assign):
            target = statement.targets[0]
        else:
            continue
        match following:
            case ast.Expr(value=ast.Constant(value=str() as text)) if isinstance(target, ast.Name):
                yield target.id, " ".join(text.split())
