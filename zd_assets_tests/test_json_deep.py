"""Any item comes through, however deep it nests: read, kept, protected, counted and rebuilt."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.catalog.chat import CHATS
from zd_assets.lake.format import compare
from zd_assets.lake.lake import Lake
from zd_assets.schema import json_deep
from zd_assets.schema.convert import convert
from zd_assets.schema.drift import drift_of, dumps, loads
from zd_assets.schema.json_text import split_array, split_object
from zd_assets.schema.keys import item_times_us
from zd_assets.schema.privacy import Privacy
from zd_assets.schema.rebuild import rebuild
from zd_assets.zendesk.client import Client
from zd_assets_tests.helpers.local_server import Answer, serving
from zd_assets_tests.helpers.odd_items import PATIENT
from zd_assets_tests.helpers.runs import fetch
from zd_assets_tests.helpers.truth import days, lake_items

DEPTHS = [600, 980, 1_000, 20_000]


def array(depth: int) -> str:
    return "[" * depth + '"in"' + "]" * depth


def object_(depth: int) -> str:
    return '{"a":' * depth + "7" + "}" * depth


def chat(**attributes: str) -> str:
    known = {"id": '"x"', "update_timestamp": '"2026-01-01T00:00:00Z"', **attributes}
    return "{" + ",".join(f'"{name}":{value}' for name, value in known.items()) + "}"


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_deep_item_is_kept_whole_under_its_key_and_time(depth: int) -> None:
    deep = chat(history=array(depth), news=object_(depth), tags=f'["a",{array(depth)}]', name='"n"')
    items = [chat(name='"before"'), deep, array(depth)]
    page = f'{{"chats":[{",".join(items)}],"count":3}}'.encode()
    texts = split_array(split_object(page)["chats"])
    assert texts == [item.encode() for item in items]

    table = convert(CHATS, split_object(page)["chats"])
    first, row, last = table.to_pylist()
    assert (first["id"], row["id"]) == ("x", "x")
    assert item_times_us(CHATS, table)[1].tolist() == [True, True, False]
    assert row["tags"] == ["a", None]
    # Any JSON parser takes `_extra`.
    assert json.loads(row["_extra"])["history#json"] == array(depth)
    item = rebuild(CHATS, row)
    assert json_deep.serialize(item["history"]) == array(depth)
    assert json_deep.serialize(item["news"]) == object_(depth)
    assert json_deep.serialize(item["tags"][1]) == array(depth)
    assert item["name"] == "n"
    assert json_deep.serialize(rebuild(CHATS, last)) == array(depth)
    assert drift_of(table) == {"history": 1, "news": 1, "tags[]": 1, "name": 2, "[]": 1}


@pytest.mark.parametrize("depth", [980, 5_000])
def test_what_is_private_is_dropped_and_hashed_in_and_below_deep_items(depth: int) -> None:
    nested = "[" * depth + '{"msg":"secret","name":"ada"}' + "]" * depth
    item = chat(history=nested, session=object_(depth), visitor='{"email":"ada@example.com"}')
    privacy = Privacy(
        drop=("chats.history.msg",),
        hash=("chats.history.name", "chats.session", "chats.visitor.email"),
        hash_key="k",
    )
    for _ in range(2):
        kept = privacy.apply(CHATS, f"[{item}]".encode()).decode()
        assert "secret" not in kept
        assert "ada" not in kept
        assert '{"a":{"a":' not in kept
    [row] = convert(CHATS, kept.encode()).to_pylist()
    assert row["id"] == "x"
    assert len(row["visitor"]["email"]) == 64


def test_a_deep_value_drifts_under_its_own_path() -> None:
    item = chat(tags=array(1_000), news=object_(1_000)).encode()
    found = compare(CHATS.columns, [item], [column.name for column in CHATS.columns])
    assert found.drifted == {"tags[]": 1}
    assert found.new == {"news": 1}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


@PATIENT
@given(JSON, st.sampled_from([None, 1]))
def test_the_deep_way_reads_and_writes_as_the_usual_one(value: object, indent: int | None) -> None:
    assert json_deep.parse(json.dumps(value, indent=indent)) == value
    assert json.loads(json_deep.serialize(value)) == value
    assert loads(dumps(value)) == loads(json.dumps(value))


NO_JSON = [
    *("", "[", "]", "[1,]", "[,1]", "[1 2]", "[}", "{,}", "{1:2}", "{[]}", "[1]]", "[[1]", "[1],"),
    *('{"a"}', '{"a":}', '{"a":1,}', '{"a":1:2}', '["a":1]', '{"a":1 "b":2}', '"\n"', '"a'),
    *("1 2", "01", "nul", ":", "1,", "[:1]"),
]


@pytest.mark.parametrize("text", NO_JSON)
def test_the_deep_way_refuses_what_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        json.loads(text)
    with pytest.raises(ValueError, match=r"."):
        json_deep.parse(text)


@pytest.mark.parametrize("end", ["", "]", ',"a"', "}"])
def test_a_deep_text_that_is_no_json_is_refused(end: str) -> None:
    text = ("[" * 5_000 + "]" * 4_999 + end).encode()
    for split in (split_array, split_object):
        if not (split is split_array and end == "]"):
            with pytest.raises(ValueError, match=r"."):
                split(text)


CHATS_OF_A_DAY = {"plain": '[{"msg":"hello"}]', "deep": array(3_000)}


def test_a_day_with_a_deep_chat_is_exported_whole(
    make_client: Callable[..., Client], lake: Lake
) -> None:
    [day] = days("2026-01-01", 1)
    chats = [chat(id=f'"{name}"', history=history) for name, history in CHATS_OF_A_DAY.items()]
    end = day.end_us // 1_000_000

    def answer(path: str, number: int) -> Answer:
        count = len(chats) if number == 0 else 0
        next_page = f"{server.url}/incremental/chats?start_time={end}&start_id=z"
        said = f'"count":{count},"end_time":{end},"end_id":"z","next_page":"{next_page}"'
        return Answer(f'{{"chats":[{",".join(chats[:count])}],{said}}}'.encode())

    with serving(answer) as server:
        fetch(CHATS, [day], make_client(base_url=server.url), lake)
    footer = lake.footer(CHATS, day)
    assert footer.complete
    assert footer.items == 2
    assert footer.drift == {"history": 1}
    kept = {item["id"]: item["history"] for item in lake_items(lake, CHATS, day)}
    assert {name: json_deep.serialize(value) for name, value in kept.items()} == CHATS_OF_A_DAY
