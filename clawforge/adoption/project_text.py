"""Resources as the files of a whole project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from clawforge.adoption.places import place_of
from clawforge.layout.new_document import document_text
from clawforge.load.project_file import ProjectFile
from clawforge.load.tree import PROJECT_FILE
from clawforge.resource.meta import Resource
from clawforge.resource.registry import canonical_resource

_MOST_DOCUMENTS = 1000
_MOST_CHARACTERS = 1_000_000
"""Of one file, well below what the loader reads."""

SEPARATOR = "---\n"


def project_texts(file: ProjectFile, resources: Iterable[Resource]) -> dict[str, str]:
    """Text by project-relative path: the project file, and every resource once, in the order of their addresses.

    The same resources always give the same texts. Raises InputError as `places.place_of`.
    """
    texts = {PROJECT_FILE: project_file_text(file)}
    parts: dict[str, int] = {}
    counts: dict[str, int] = {}
    for resource in sorted(resources, key=lambda item: item.address):
        text = resource_text(resource)
        path = place_of(resource.ref, parts.get(resource.kind, 1))
        present = texts.get(path)
        if present is not None and _is_full(present, text, counts[path]):
            parts[resource.kind] = parts.get(resource.kind, 1) + 1
            path, present = place_of(resource.ref, parts[resource.kind]), None
        texts[path] = text if present is None else present + SEPARATOR + text
        counts[path] = counts.get(path, 0) + 1
    return texts


def resource_text(resource: Resource) -> str:
    """One resource as a document of its own, without what is left to the defaults."""
    return document_text(_without_empty_spec(canonical_resource(resource)))


def project_file_text(file: ProjectFile) -> str:
    """The text of clawforge.yaml."""
    return document_text(file.model_dump(mode="json", by_alias=True, exclude_defaults=True))


def _without_empty_spec(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key != "spec" or item}


def _is_full(present: str, text: str, documents: int) -> bool:
    return documents >= _MOST_DOCUMENTS or len(present) + len(text) > _MOST_CHARACTERS
