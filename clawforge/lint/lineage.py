"""What policies say together with the policies that they extend."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from clawforge.resource.policy import Policy, parent_names

_MOST_LAYERS = 64
"""Longer chains than people write are passed over: what is said about them is advice."""

Layers = tuple[Policy, ...]


class Lineage:
    """Policies with their parents, as `extends` flattens them: of the fields that do not unite, the last layer that
    speaks is heard.
    """

    def __init__(self, policies: Iterable[Policy]) -> None:
        self._policies = {policy.metadata.name: policy for policy in policies}
        self._layers: dict[str, Layers | None] = {}

    @cached_property
    def extended(self) -> frozenset[str]:
        """Names of the policies that others extend, and whose sections may therefore be meant for those."""
        return frozenset(name for policy in self._policies.values() for name in parent_names(policy.spec))

    def layers(self, policy: Policy) -> Layers | None:
        """The policy's ancestors and then itself, in the order in which they are laid over one another; None where a
        parent is missing, where they go round in a circle, or where there are too many.
        """
        if not policy.spec.extends:
            return (policy,)
        name = policy.metadata.name
        if name not in self._layers:
            self._layers[name] = self._walk(policy)
        return self._layers[name]

    def said(self, policy: Policy, section: str, field: str) -> Any:
        """The value of a field that does not unite, by the names of the model; None where nobody speaks."""
        for layer in reversed(self.layers(policy) or (policy,)):
            value = getattr(getattr(layer.spec, section), field, None)
            if value is not None:
                return value
        return None

    def united(self, policy: Policy, section: str, field: str) -> tuple[str, ...]:
        """The members of a list that unites."""
        layers = self.layers(policy) or (policy,)
        return tuple(item for layer in layers for item in getattr(getattr(layer.spec, section), field, None) or ())

    def inherits(self, policy: Policy, section: str, field: str) -> bool:
        """Whether an ancestor speaks about a field."""
        layers = self.layers(policy)
        return layers is None or any(
            getattr(getattr(layer.spec, section), field, None) is not None for layer in layers[:-1]
        )

    def _walk(self, policy: Policy) -> Layers | None:
        found: list[Policy] = []
        waiting = [policy]
        while waiting:
            current = waiting.pop()
            found.append(current)
            if self._layers.get(current.metadata.name, found) is None:
                return None
            parents = [self._policies.get(name) for name in parent_names(current.spec)]
            known = [parent for parent in parents if parent is not None]
            if len(known) < len(parents) or len(found) > _MOST_LAYERS:
                return None
            waiting.extend(known)
        return tuple(reversed(found))
