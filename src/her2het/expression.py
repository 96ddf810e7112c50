"""Expressions over columns that define groups, such as `not pcr and het` or `age >= 50 and stage in ("II", "III")`.

Three-valued: a comparison with a missing value is missing, and a patient for whom an expression is missing is in no
group because of it. Only names, constants, comparisons, and / or / not and parentheses: nothing is executed.
"""

import ast
from collections.abc import Mapping
from typing import Any

import pandas as pd

from her2het.schema import StudyError, did_you_mean

DEEPEST = 50  # how far parentheses, and, or and not may be nested
SHOWN = 8  # how many values of a text column a message names
_COMPARE = {ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}


def parse(text: str, place: str) -> ast.expr:
    """The syntax tree. :raises StudyError: where the text is not such an expression"""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as e:
        raise StudyError(f"{place}: {_cut(text)} cannot be read ({e.msg}). Write such as 'not pcr and het'.") from None
    except (RecursionError, MemoryError):
        raise StudyError(_too_deep(place, text)) from None
    except ValueError as e:  # a null character
        raise StudyError(f"{place}: {_cut(text)} cannot be read ({e}). Write such as 'not pcr and het'.") from None
    for node in ast.walk(tree):
        allowed = (ast.BoolOp, ast.UnaryOp, ast.Compare, ast.Name, ast.Constant, ast.Tuple, ast.List, ast.Load)
        operators = (ast.And, ast.Or, ast.Not, ast.USub, ast.In, ast.NotIn, *_COMPARE)
        if not isinstance(node, (*allowed, *operators)):
            raise StudyError(
                f"{place}: {text!r} uses {type(node).__name__}, which groups do not know. "
                "Use columns, constants, comparisons, in, and, or, not."
            )
    if _depth(tree) > DEEPEST:
        raise StudyError(_too_deep(place, text))
    return tree


def _too_deep(place: str, text: str) -> str:
    return f"{place}: {_cut(text)} is nested more than {DEEPEST} deep. Write it flatter, or add a column to the table."


def _cut(text: str) -> str:
    return repr(text) if len(text) <= 120 else f"{text[:60]!r} …"


def _depth(tree: ast.AST) -> int:
    deepest, level = 0, [tree]
    while level:
        deepest += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return deepest


def columns(tree: ast.expr) -> tuple[str, ...]:
    """The columns that an expression reads, in the order of their first use."""
    return tuple(dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)))


def evaluate(text: str, frame: pd.DataFrame, place: str) -> pd.Series:
    """The expression for each row: True, False, or missing (boolean dtype).

    :raises StudyError: where it names a column that the frame lacks, or compares what cannot be compared
    """
    tree = parse(text, place)
    for name in columns(tree):
        if name not in frame.columns:
            has = ", ".join(map(str, frame.columns))
            raise StudyError(f"{place}: column {name!r} of {text!r} is not among {has}. Correct the name.")
    try:
        value = _value(tree, frame, {})
    except (TypeError, ValueError) as e:
        raise StudyError(f"{place}: {text!r} cannot be worked out ({e}). Compare like with like.") from None
    return _flag(value, frame, text, place)


def _flag(value: Any, frame: pd.DataFrame, text: str, place: str) -> pd.Series:
    if isinstance(value, bool):
        return pd.Series(value, index=frame.index, dtype="boolean")
    if isinstance(value, pd.Series) and pd.api.types.is_bool_dtype(value.dtype):
        return value.astype("boolean")
    raise StudyError(f"{place}: {text!r} is not yes or no. Compare it with something, such as age >= 50.")


def _value(node: ast.expr, frame: pd.DataFrame, names: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return frame[node.id]
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple | ast.List):
        return [_value(e, frame, names) for e in node.elts]
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, frame, names)
        return -inner if isinstance(node.op, ast.USub) else ~_truth(inner)
    if isinstance(node, ast.BoolOp):
        parts = [_truth(_value(v, frame, names)) for v in node.values]
        result = parts[0]
        for part in parts[1:]:
            result = (result & part) if isinstance(node.op, ast.And) else (result | part)
        return result
    if isinstance(node, ast.Compare):
        left = _value(node.left, frame, names)
        result: Any = None
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = _value(right_node, frame, names)
            one = _compare(op, left, right)
            result = one if result is None else result & one
            left = right
        return result
    raise TypeError(f"{type(node).__name__} is not known")


def _truth(value: Any) -> pd.Series:
    if isinstance(value, pd.Series) and pd.api.types.is_bool_dtype(value.dtype):
        return value.astype("boolean")
    raise TypeError("'and', 'or' and 'not' need yes/no values")


def _compare(op: ast.cmpop, left: Any, right: Any) -> pd.Series:
    if not isinstance(left, pd.Series):
        left, right, op = right, left, _swap(op)
    if not isinstance(left, pd.Series):
        raise TypeError("a comparison needs a column")
    missing = left.isna() | (right.isna() if isinstance(right, pd.Series) else False)
    if isinstance(op, ast.In | ast.NotIn):
        if not isinstance(right, list):
            raise TypeError(f'after in, a list is needed, such as {left.name} in ("a", "b")')
        if any(isinstance(value, pd.Series | list) for value in right):
            raise TypeError("a list after in holds values, not columns or lists")
        _check_values(left, right)
        found = left.astype(object).isin(right).astype("boolean")
        return (~found if isinstance(op, ast.NotIn) else found).mask(missing)
    if isinstance(right, list):
        raise TypeError('a list goes with in, as in stage in ("II", "III")')
    if not isinstance(right, pd.Series):
        _check_values(left, [right], ordered=not isinstance(op, ast.Eq | ast.NotEq))
    return getattr(left, _COMPARE[type(op)])(right).astype("boolean").mask(missing)


def _check_values(column: pd.Series, values: list[Any], *, ordered: bool = False) -> None:
    """Refuse values that a column cannot have, or that no row has: the comparison would be false for everybody.

    Of a list of texts one has to be there; after < and > a text need not be.
    :raises TypeError: where values are of another kind than the column
    :raises ValueError: where no row, or no level of a category, has the value
    """
    name = str(column.name)
    if pd.api.types.is_bool_dtype(column.dtype):
        for value in values:
            if not isinstance(value, bool) and value not in (0, 1):
                raise TypeError(f"{name} is yes or no, never {value!r}: write {name} or not {name}")
        return
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = [str(level) for level in column.cat.categories]
        for value in values:
            if value not in levels:
                raise ValueError(f"{value!r} is not a level of {name}; levels are {', '.join(levels)}")
        return
    if pd.api.types.is_numeric_dtype(column.dtype):
        for value in values:
            if not isinstance(value, int | float):
                raise TypeError(f"{name} holds numbers, {value!r} is none")
        return
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{name} holds text, {value!r} is not text")
    present = list(dict.fromkeys(column.dropna().astype(str)))
    if present and not ordered and not set(values) & set(present):
        hint = did_you_mean(values[0], present) if values else ""
        has = ", ".join(map(repr, present[:SHOWN])) + " …" * (len(present) > SHOWN)
        raise ValueError(
            f"no row has {' or '.join(map(repr, values)) or 'any of ()'} in {name}, which has {has}.{hint}"
        )


def _swap(op: ast.cmpop) -> ast.cmpop:
    turned = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}
    return turned.get(type(op), type(op))()
