"""Runs Rasa's prediction graph node by node.

Rasa hands each prediction to dask, which plans the graph anew and formats the whole tracker for a debug line
that nobody reads. The graph of a loaded model never changes: its order is found once for each target.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.graph import GraphNode
from rasa.engine.runner.dask import DaskGraphRunner

from bot.dialogue.rules import IndexedRulePolicy

#: A node's name, what it does, and the node that provides each of its parameters.
_Step = tuple[str, Callable[..., Any], Mapping[str, str]]
_Component = TypeVar("_Component")


class DirectGraphRunner:
    """A graph runner over nodes that another runner has loaded."""

    def __init__(self, loaded: DaskGraphRunner) -> None:
        self._nodes = loaded._instantiated_nodes
        self._schema = loaded._graph_schema
        self._orders: dict[tuple[str, ...], list[_Step]] = {}

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """The targets' outputs by node name; ``inputs`` stand in for the nodes of these names."""
        wanted = tuple(targets or self._schema.target_names)
        if wanted not in self._orders:
            self._orders[wanted] = self._order(wanted)
        done = dict(inputs or {})
        for name, act, needs in self._orders[wanted]:
            done[name] = act(**{parameter: done[need] for parameter, need in needs.items()})
        return {name: done[name] for name in wanted}

    def component(self, kind: type[_Component]) -> _Component:
        """The component of a kind, as it was loaded.

        Raises:
            LookupError: the model has none.
        """
        for node in self._nodes.values():
            if type(node._component) is kind:
                return node._component
        raise LookupError(f"the model has no {kind.__name__}")

    def _order(self, targets: tuple[str, ...]) -> list[_Step]:
        """The nodes that the targets need, each after those that it needs itself."""
        nodes = self._schema.minimal_graph_schema(list(targets)).nodes
        order: dict[str, _Step] = {}

        def place(name: str) -> None:
            if name in order or name not in nodes:
                return
            needs = nodes[name].needs
            for need in needs.values():
                place(need)
            order[name] = (name, _act(self._nodes[name]), needs)

        for target in targets:
            place(target)
        return list(order.values())


def _act(node: GraphNode) -> Callable[..., Any]:
    """What a node's loaded component does, without the node's own lines and checks around it."""
    component = node._component
    if type(component) is RulePolicy:
        component = IndexedRulePolicy.over(component)
    return partial(node._fn, component)
