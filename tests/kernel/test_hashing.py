"""One value, one text, one hash."""

import math
import uuid
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.kernel.hashing import RUACH_NAMESPACE, canonical_json, inputs_hash, uuid5


@dataclass(frozen=True)
class Point:
    x: float
    y: Fraction


def test_keys_are_sorted_and_floats_short():
    assert canonical_json({"b": 0.1, "a": [2.0, -0.0, None, True]}) == b'{"a":[2,0,null,true],"b":0.1}'


def test_values_without_a_json_form_have_one():
    assert canonical_json([math.nan, math.inf, -math.inf]) == b'["NaN","Infinity","-Infinity"]'
    assert canonical_json(Point(1.5, Fraction(30000, 1001))) == b'{"x":1.5,"y":"30000/1001"}'


def test_a_value_without_a_canonical_form_is_refused():
    with pytest.raises(TypeError, match="object"):
        canonical_json({"a": object()})


def test_the_hash_is_the_sha256_of_the_canonical_text():
    assert inputs_hash({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@given(st.dictionaries(st.text(), st.floats() | st.integers() | st.text()))
def test_the_order_of_keys_never_matters(value):
    assert inputs_hash(value) == inputs_hash(dict(reversed(value.items())))


@given(st.text())
def test_uuid5_is_the_standard_one(name):
    assert uuid5(name) == str(uuid.uuid5(uuid.UUID(RUACH_NAMESPACE), name))
