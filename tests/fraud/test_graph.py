"""The graph: who is a ring and who is not, edges from files, circles, blocks, names of clusters, odd graphs."""

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from tests.fraud.graph_edges import DAY, business, courier, edge, family, firm, gang, graph_of, market
from weilend.core.errors import BookError, InputError, NotFoundError
from weilend.fraud.graph import Graph, Node, edges_from, explain, find_rings, nightly, publish, query, query_many, read_edges
from weilend.fraud.graph import inquiry as inquiry_module
from weilend.fraud.graph import judge as judge_module
from weilend.fraud.graph.blocks import column_weights, dense_blocks
from weilend.fraud.graph.build import build
from weilend.fraud.graph.circles import find_circles
from weilend.fraud.graph.components import components
from weilend.fraud.graph.judge import SCALE
from weilend.fraud.graph.matching import cluster_matches, match_entities
from weilend.fraud.graph.types import EDGE_TYPES, EdgeType

AT = 100 * DAY


@pytest.fixture(scope="module")
def town():
    """A gang among honest people who share."""
    return graph_of([*gang(), *family(), *market(), *courier()])


def test_a_gang_is_found_while_it_applies(town):
    verdict = query(town, business("g0"), as_of=AT)
    assert verdict.status == "alert"
    assert len(verdict.members) == 7
    assert {"device", "contact", "place"} >= set(verdict.members[0].families) >= {"contact", "place"}
    assert verdict.features["applications_30d_count"] == 7
    assert verdict.features["contact_others_count"] == 7


@pytest.mark.parametrize("name", ["f0", "f2", "m0", "m31", "c0", "c20"])
def test_families_markets_and_couriers_are_not_accused(town, name):
    assert query(town, business(name), as_of=AT).status in ("clear", "watch")


def no_families(monkeypatch):
    """Every sharing counts, of however few kinds."""
    monkeypatch.setattr(judge_module, "SCALE", said_anew(SCALE, one_family_ppm=10**6, least_families=1, circumstances=()))
    monkeypatch.setattr(inquiry_module, "SCALE", said_anew(SCALE, least_families=1))


def kin_forgotten(monkeypatch):
    monkeypatch.setattr(judge_module, "SCALE", said_anew(SCALE, kin_ppm=10**6))


def said_anew(scale, **said):
    return msgspec.structs.replace(scale, **said)


@pytest.mark.parametrize(("plant", "name"), [(no_families, "m0"), (kin_forgotten, "f0")])
def test_without_its_care_the_judge_accuses_them(town, monkeypatch, plant, name):
    plant(monkeypatch)
    assert query(town, business(name), as_of=AT).status == "alert"


def every_tenant_added_up(monkeypatch):
    """Each tenant speaks for himself, as if one roof had not brought them all."""
    weigh = judge_module.weigh

    def added_up(*given):
        found = weigh(*given)
        return said_anew(found, few=np.zeros_like(found.few))

    monkeypatch.setattr(inquiry_module, "weigh", added_up)


@pytest.mark.parametrize("tenants", [2, 12])
def test_one_roof_is_one_explanation_however_many_stand_under_it(tenants, monkeypatch):
    roof = [edge(f"O{one}", "hall", "address", 98) for one in range(tenants)]
    hall = graph_of([*roof, *(row for one in range(tenants) for row in firm(str(one), 99))])
    alone = query(hall, business("0"), as_of=AT).anomaly_ppm
    assert 0 < alone < SCALE.watch_ppm
    assert alone == SCALE.one_family_ppm * EDGE_TYPES["address"].weight_ppm // 10**6 * SCALE.known["applied"] // 10**6
    every_tenant_added_up(monkeypatch)
    assert (query(hall, business("0"), as_of=AT).anomaly_ppm > alone) == (tenants > 2)


def test_a_known_fraud_next_door_weighs_more_than_a_stranger(town):
    alone = [edge("Ox", "dx", "device", 98), edge("Oy", "dx", "device", 98), edge("Ox", "cx", "contact", 98),
             edge("Oy", "cx", "contact", 98), *firm("x", 99), edge("By", "Oy", "owner", 50)]  # fmt: skip
    before = query(graph_of(alone), business("x"), as_of=AT)
    after = query(graph_of([*alone, edge("By", None, "fraud", 99)]), business("x"), as_of=AT)
    assert before.anomaly_ppm < after.anomaly_ppm
    assert after.features["fraud_count"] == 1 > before.features["fraud_count"]


def test_the_evidence_alone_carries_the_verdict(town):
    verdict = query(town, business("g0"), as_of=AT)
    names = {one.holder.id for one in verdict.evidence}
    edges = [edge(one.holder.id, one.key.id, one.type, one.last_at / DAY) for one in verdict.evidence]
    assert len(edges) <= 3 * (len(names) + 1)
    lives = [one for one in gang() if one[4] in ("owner", "application")]
    assert query(graph_of([*edges, *lives]), business("g0"), as_of=AT).status == "alert"
    assert query(graph_of(lives), business("g0"), as_of=AT).status == "clear"


def test_an_end_and_a_window_end_a_sharing():
    def strength(last, until=None, type_="wifi"):
        shared = [edge("Ox", "k", type_, last, until=until), edge("Oy", "k", type_, 95)]
        return query(graph_of([*shared, *firm("x", 99), *firm("y", 99)]), business("x"), as_of=AT).features["strongest_ppm"]

    assert strength(71) > 0 == strength(69)
    assert strength(1, type_="phone") > 0 == strength(1, until=50, type_="phone")


def test_a_hub_is_counted_and_joins_nobody():
    tenants = [edge(f"O{number}", "hall", "address", 1) for number in range(20_000)]
    verdict = query(graph_of([*tenants, *firm("0", 99)]), business("0"), as_of=AT)
    assert (verdict.status, verdict.features["hubs_count"], verdict.features["parties_2_count"]) == ("clear", 1, 0)


def test_the_neighbourhood_is_bounded_and_says_so():
    crowd = [
        edge(f"O{number}", f"d{key}", "device", 99) for key in range(10) for number in (0, *range(key * 100, key * 100 + 99))
    ]
    verdict = query(graph_of(crowd), Node("owner", "O0"), as_of=AT)
    assert verdict.truncated
    assert verdict.features["parties_2_count"] <= 500


def test_who_is_named_by_no_edge_is_not_assessed(town):
    assert query(town, business("nobody"), as_of=AT).status == "not_assessed"
    assert query(graph_of([]), business("g0"), as_of=AT).status == "not_assessed"
    assert query(town, business("g0"), as_of=0).status == "not_assessed"


def test_a_batch_is_the_same_one_after_the_other(town):
    asked = [(business(f"g{number}"), AT - number * DAY) for number in range(4)]
    assert query_many(town, asked) == tuple(query(town, node, as_of=at) for node, at in asked)


def test_a_night_finds_the_gang_and_nobody_else(town):
    night = nightly(town, as_of=AT)
    found = [{node.id for node in night.members(ring)} for ring in night.rings]
    assert {name[1] for members in found for name in members} == {"g"}
    assert {len(members) for members in found} == {8}
    assert {ring.found_by for ring in night.rings} == {"dense", "lockstep"}


def test_a_household_is_no_ring_and_its_members_are_not_published():
    kin = [*firm("k", 99), edge("Ok", "Og0", "kin", 1), edge("Ok", "room", "wifi", 99)]
    night = nightly(graph_of([*gang(), *kin, *family()]), as_of=AT)
    assert night.rings
    rows = publish(night, book_seq=7, published_at=AT, consent_id="own-data")
    assert {row[:2] for row in rows["subject_id"].to_pylist()} == {"Bg", "Og"}


def test_who_represents_many_makes_no_party_of_them():
    front = [edge(f"Bg{number}", "Ofront", "owner", 1) for number in range(40)]
    assert any(len(ring.members) == 8 for ring in nightly(graph_of([*gang(), *front]), as_of=AT).rings)


def test_a_published_profile_is_known_when_it_is_published(town):
    night = nightly(town, as_of=AT)
    rows = publish(night, book_seq=7, published_at=AT + 60, consent_id="own-data")
    assert {row["subject_kind"] for row in rows.to_pylist()} == {"business", "owner"}
    assert {(row["happened_at"], row["known_at"], row["book_seq"]) for row in rows.to_pylist()} == {(AT, AT + 60, 7)}
    assert set(rows["ring_size_count"].to_pylist()) == {8}
    with pytest.raises(InputError, match="before it"):
        publish(night, book_seq=7, published_at=AT - 1, consent_id="own-data")


def test_rings_of_a_file(tmp_path):
    shared = pa.table({"from": list("aabbccd"), "to": list("pdpdpdp"), "type": ["phone", "device"] * 3 + ["phone"]})
    pa.csv.write_csv(shared, tmp_path / "edges.csv")
    pq.write_table(shared.append_column("at", pa.array(range(7))), tmp_path / "edges.parquet")
    for name in ("edges.csv", "edges.parquet"):
        edges = read_edges(tmp_path / name)
        assert find_rings(edges)["members"].to_pylist()[0] == ["a", "b", "c"]
    assert {member.node.id for member in explain(edges, "a").members} == {"b", "c", "d"}
    assert explain(edges, "p").members
    assert find_rings(edges, most=0).num_rows == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("from,till\na,b\n", "no column 'to'"),
        ("from,to\na,\n", "row 1: 'to' is empty"),
        ("from,to,weight\na,b,2\n", "row 1: a weight of 2.0"),
        ("from,to,at\na,b,soon\n", "neither seconds nor a date"),
        ("", "cannot be read"),
        ("from,to,type\n" + "".join(f"a,b,t{number}\n" for number in range(256)), "256 types of edges"),
    ],
)
def test_a_wrong_file_is_refused_in_words(tmp_path, content, says):
    (tmp_path / "edges.csv").write_text(content)
    with pytest.raises(InputError, match=says):
        read_edges(tmp_path / "edges.csv")


def test_odd_files(tmp_path):
    with pytest.raises(NotFoundError):
        read_edges(tmp_path / "none.csv")
    for content in ("from,to\n", "from,to\na,a\n", "from,to\n" + "a,b\n" * 50):  # nothing, a self loop, all equal
        (tmp_path / "edges.csv").write_text(content)
        assert find_rings(read_edges(tmp_path / "edges.csv")).num_rows == 0
    with pytest.raises(NotFoundError, match="no edge names 'zz'"):
        explain(edges_from(pa.table({"from": ["a"], "to": ["b"]})), "zz")
    heavy = edges_from(pa.table({"from": list("ab"), "to": list("pp"), "weight": [1.0, 0.0], "at": ["2025-01-01"] * 2}
                                | {"at": pa.array([20_000, 20_000], pa.int32()).cast(pa.date32())}))  # fmt: skip
    assert [one.weight_ppm for one in heavy.types.values()] == [500_000, 0]


def test_circles_need_money_rounds_and_near_equal_amounts():
    once = np.array([[0, 1, 1, 1000], [1, 2, 2, 990], [2, 3, 3, 1010], [3, 0, 4, 1000]])
    ring = np.concatenate([once, once + np.array([0, 0, 10, 0])])
    none = np.zeros((0, 4), np.int64)
    assert [one.firms for one in find_circles(ring, none, 4)] == [(0, 1, 2, 3)]
    assert find_circles(once, none, 4) == []
    assert find_circles(ring, ring[:, [1, 0, 2, 3]], 4) == []
    assert find_circles(ring * [1, 1, DAY * 40, 1], none, 4) == []
    assert find_circles(np.where(ring == 990, 9000, ring), none, 4) == []


def test_a_planted_block_is_found_behind_camouflage():
    rng = np.random.default_rng(3)
    left, right = rng.integers(0, 300, 900), 300 + (rng.random(900) ** 3 * 300).astype(np.int64)
    block = np.array([(who, key) for who in range(12) for key in range(590, 598)])
    left, right = np.concatenate([left, block[:, 0], np.arange(12)]), np.concatenate([right, block[:, 1], np.full(12, 300)])
    nodes, _ = dense_blocks(left, right, column_weights(right, 600), 600)[0]
    assert set(range(12)) | set(range(590, 598)) <= set(nodes.tolist())
    assert len(nodes) <= 24


def test_components_of_nothing_and_of_loops():
    assert components(np.array([], np.uint32), np.array([], np.uint32), 3).tolist() == [0, 1, 2]
    assert components(np.array([1, 1]), np.array([1, 1]), 2).tolist() == [0, 1]
    assert dense_blocks(np.array([], np.int64), np.array([], np.int64), np.array([], np.int64), 0) == []


def test_who_writes_his_name_differently_is_one(recwarn):
    names = ["深圳市王芳服装有限公司", "深圳王芳服装公司", "陈刚五金", "小卖部", "小卖部", "小卖部"]
    records = pa.table({"id": list("abcdef"), "name": names, "address": ["南山大道12号", "南山大道12号", "北环路9号", "", "", ""],
                        "region": ["440305"] * 6})  # fmt: skip
    found = match_entities(records, most_in_block=2)
    assert [row["left_id"] + row["right_id"] for row in found.pairs.to_pylist()] == ["ab"]
    assert found.left_out == 3
    clusters = cluster_matches(found.pairs, {"a": 5, "b": 3})
    assert len(set(clusters.values())) == 1
    with pytest.raises(InputError, match="no column 'name'"):
        match_entities(records.drop_columns(["name"]))
    with pytest.raises(InputError, match="twice"):
        match_entities(pa.concat_tables([records, records]))


def test_a_graph_of_another_table_of_types_is_refused():
    with pytest.raises(BookError, match="another table"):
        Graph(build([], {}), {"phone": EdgeType(role="key")})
