"""Ratio and copies as hospitals write them."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.io.her2_text import read_category, read_copies, read_ratio

COPIES = [
    # text, ratio, kind, value, relation
    ("3.2", "1.1", "number", "3.2", "="),
    (" 3.2 ", None, "number", "3.2", "="),
    ("3,2", None, "number", "3.2", "="),
    ("<4.0", "1.8", "bound", "4.0", "<"),
    (">6", "3", "bound", "6", ">"),
    ("> 20", None, "bound", "20", ">"),
    ("≥ 6.0", None, "bound", "6.0", ">="),
    ("10+", None, "bound", "10", ">="),
    ("3.2 signals/cell", None, "number", "3.2", "="),
    ("HER2 4.5 copies per nucleus", None, "number", "4.5", "="),
    ("~5", None, "number", "5", "="),
    ("21", "10.3", "number", "21", "="),
    ("12.45", "4.7", "number", "12.45", "="),
    ("15", "4.05", "number", "15", "="),
    ("105", "1.5", "total", "105", "="),
    ("816", "16.3", "total", "816", "="),
    ("42", "1.3", "total", "42", "="),
    ("114", None, "total", "114", "="),
    ("25", None, "number", "25", "="),
    ("not amplified", None, "category", None, "="),
    ("NA", None, "missing", None, "="),
    ("", None, "missing", None, "="),
    ("2-3", None, "unreadable", None, "="),
    ("polysomy 17", None, "unreadable", None, "="),
    ("see report", None, "unreadable", None, "="),
]


@pytest.mark.parametrize(("text", "ratio", "kind", "value", "relation"), COPIES)
def test_copies(text, ratio, kind, value, relation):
    read = read_copies(text, None if ratio is None else Decimal(ratio))
    assert (read.kind, read.relation) == (kind, relation)
    assert read.value == (None if value is None else Decimal(value))
    assert read.usable == (kind in {"number", "bound"})
    if kind not in {"number", "missing"}:
        assert text in read.note


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1.1", "number", "1.1"),
        ("HER2/CEP17 ratio 1.2", "number", "1.2"),
        ("1.1:1", "number", "1.1"),
        ("1.1 : 1.0", "number", "1.1"),
        ("105/60", "number", "1.75"),
        ("> 2.2", "bound", "2.2"),
        ("amplified", "category", None),
        ("105", "unreadable", None),
        (None, "missing", None),
    ],
)
def test_ratio(text, kind, value):
    read = read_ratio(text)
    assert (read.kind, read.value) == (kind, None if value is None else Decimal(value))


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Positive", "positive"),
        ("amplified", "positive"),
        ("NEGATIVE", "negative"),
        ("not amplified", "negative"),
        ("non-amplified", "negative"),
        ("unamplified", "negative"),
        ("no amplification", "negative"),
        ("Equivocal", "equivocal"),
        ("borderline", "equivocal"),
        ("low level amplification", "positive"),
        ("pending", None),
        ("NA", None),
    ],
)
def test_category(text, category):
    assert read_category(text).category == category


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_read_without_an_error(text):
    for read in (read_copies(text), read_ratio(text), read_category(text)):
        assert (read.value is not None) == (read.kind in {"number", "bound", "total"})
        assert (read.category is not None) == (read.kind == "category")


@settings(deadline=None)
@given(st.decimals(0, 20, places=2))
def test_plain_numbers_come_back(value):
    assert read_copies(str(value)).value == value
