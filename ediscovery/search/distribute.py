"""Proximity over groups: AND is lifted out of it, OR stays inside as alternatives."""

from __future__ import annotations

from collections.abc import Callable

from ediscovery.search.tree import And, AnyOf, Condition, Match, Near, Or, WordExpression


def flat(kind: type[And] | type[Or], parts: list[Condition]) -> list[Condition]:
    """AND of ANDs is one AND: parentheses that change nothing do not make another tree."""
    flat: list[Condition] = []
    for part in parts:
        if isinstance(part, kind):
            flat.extend(part.conditions)
        else:
            flat.append(part)
    return flat


def has_and(condition: Condition) -> bool:
    """Whether AND stands anywhere in it."""
    if isinstance(condition, And):
        return True
    return isinstance(condition, Or) and any(has_and(c) for c in condition.conditions)


def _first_match(condition: Condition) -> Match:
    while isinstance(condition, And | Or):
        condition = condition.conditions[0]
    assert isinstance(condition, Match)
    return condition


def expression_of(condition: Condition) -> WordExpression:
    """Alternatives without AND as one word expression."""
    if isinstance(condition, Or):
        return AnyOf(tuple(expression_of(c) for c in condition.conditions))
    assert isinstance(condition, Match)
    return condition.expression


def lift(condition: Condition, join: Callable[[WordExpression], WordExpression]) -> Condition:
    """Distribute a proximity over AND: (a AND b) w/5 c is (a w/5 c) AND (b w/5 c)."""
    if has_and(condition):
        assert isinstance(condition, And | Or)
        parts = [lift(child, join) for child in condition.conditions]
        kind: type[And] | type[Or] = And if isinstance(condition, And) else Or
        return kind(tuple(flat(kind, parts)))
    match = _first_match(condition)
    return Match(match.field, join(expression_of(condition)), match.label)


def near_depth(expression: WordExpression) -> int:
    """How many proximities are nested in each other."""
    if isinstance(expression, Near):
        return 1 + max(near_depth(expression.left), near_depth(expression.right))
    if isinstance(expression, AnyOf):
        return max(near_depth(a) for a in expression.alternatives)
    return 0
