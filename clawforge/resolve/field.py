"""The fields of a policy and how each meets, read from the declarations on the models."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from clawforge.resource.merge import Merge
from clawforge.resource.policy import PolicyRules


@dataclass(frozen=True, slots=True)
class PolicyField:
    """One field: its path as people write it (`paths.readOnly`), where the model holds it, and its
    declaration. `section` is empty for a field that stands directly in the spec."""

    path: str
    section: str
    attribute: str
    merge: Merge

    @property
    def pointer(self) -> str:
        """JSON pointer of the field in a Policy."""
        return "/spec/" + self.path.replace(".", "/")

    def beside(self, name: str) -> str:
        """Path of another field of the same section."""
        return f"{self.section}.{name}"

    def value_in(self, rules: BaseModel) -> Any:
        """What these rules say about the field; None where they are silent."""
        section = getattr(rules, self.section) if self.section else rules
        return None if section is None else getattr(section, self.attribute)


@cache
def policy_fields() -> tuple[PolicyField, ...]:
    """Every field of a policy, in the order of the models."""
    return tuple(field for field in _fields_of(PolicyRules, "", ""))


def _fields_of(model: type[BaseModel], section: str, prefix: str) -> list[PolicyField]:
    fields: list[PolicyField] = []
    for attribute, info in model.model_fields.items():
        path = prefix + (info.alias or attribute)
        declared = [item for item in info.metadata if isinstance(item, Merge)]
        if declared:
            fields.append(PolicyField(path, section, attribute, declared[0]))
            continue
        nested = [part for part in get_args(info.annotation) if isinstance(part, type) and issubclass(part, BaseModel)]
        if section or len(nested) != 1:
            raise TypeError(f"the policy field {path} does not declare how it meets")
        fields.extend(_fields_of(nested[0], attribute, f"{path}."))
    return fields
