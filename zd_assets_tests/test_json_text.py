"""Parts of JSON texts come out byte for byte."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.schema.json_text import split_array, split_object
from zd_assets_tests.helpers.odd_items import LITERALS, NAMES, NUMBERS, PATIENT, TIMESTAMPS

VALUES = st.sampled_from(
    [*LITERALS, *NUMBERS, *(json.dumps(text) for text in TIMESTAMPS), '",:[]{}\\""', '"\\\\"']
)
SPACE = st.sampled_from(["", " ", "\n\t\r "])
PARTS = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: f"[ {' ,'.join(parts)} ]")
        | st.lists(st.tuples(st.sampled_from(NAMES), inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{name} :{value}" for name, value in pairs) + "}"
        )
    ),
    max_leaves=6,
)


@PATIENT
@given(st.lists(PARTS, max_size=5), SPACE)
def test_elements_come_as_they_were_sent(parts: list[str], space: str) -> None:
    text = f"{space}[{space}" + f"{space},{space}".join(parts) + f"{space}]{space}"
    assert split_array(text.encode()) == [part.encode() for part in parts]


@PATIENT
@given(st.lists(st.tuples(st.sampled_from(NAMES), PARTS), max_size=6), SPACE)
def test_attributes_come_as_they_were_sent_and_the_last_of_a_name_wins(
    members: list[tuple[str, str]], space: str
) -> None:
    inside = f"{space},{space}".join(f"{name}{space}:{space}{value}" for name, value in members)
    text = f"{space}{{{space}{inside}{space}}}{space}"
    assert split_object(text.encode()) == {
        json.loads(name): value.encode() for name, value in members
    }


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (rb'{"\ud83d":"\ud83e"}', {"\ud83d": rb'"\ud83e"'}),
        (rb'{"a":"\ud83d","b":2,"a":3}', {"a": b"3", "b": b"2"}),
        (rb'{"1":"\ud83d","a":1}', {"1": rb'"\ud83d"', "a": b"1"}),
        (rb'{"a":"\\ud83d\ude00"}', {"a": rb'"\\ud83d\ude00"'}),
        (rb'{"a":"\\\ud83d\ude00\ud83d"}', {"a": rb'"\\\ud83d\ude00\ud83d"'}),
        (rb'{"a,":{"b":["\udfff",{}]},"c":[]}', {"a,": rb'{"b":["\udfff",{}]}', "c": b"[]"}),
    ],
)
def test_lone_surrogates_shift_nothing(text: bytes, parts: dict[str, bytes]) -> None:
    assert split_object(text) == parts


@pytest.mark.parametrize("end", [b"", rb'"\ud83d"'])
@pytest.mark.parametrize("begin", [b"[1 ", b"[1,,", b"[}", b"{", b'{"a":', b"[[", b"]", b'["a" '])
def test_what_is_no_json_is_refused_with_and_without_lone_surrogates(
    begin: bytes, end: bytes
) -> None:
    for split in (split_array, split_object):
        with pytest.raises(ValueError, match=r"."):
            split(begin + end)


@pytest.mark.parametrize("text", [b"null", b"5", rb'"\ud83d"'])
def test_what_is_neither_array_nor_object_is_refused(text: bytes) -> None:
    for split in (split_array, split_object):
        with pytest.raises(ValueError, match="Expected"):
            split(text)
    with pytest.raises(ValueError, match="Expected"):
        split_array(rb'{"a":"\ud83d"}')
    with pytest.raises(ValueError, match="Expected"):
        split_object(rb'["\ud83d"]')
