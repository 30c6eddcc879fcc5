"""Laws of lists: index, DuckDB and a plain fold agree at any instant and seq; nobody is missed; allow never weakens deny."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fraud.conftest import HOME, World, entry

from weilend.core.records.people import SUBJECTS
from weilend.engine.list_entries import match_entries
from weilend.fraud.lists import build as build_module
from weilend.fraud.lists import generation as generation_module
from weilend.fraud.lists import verdict as verdict_module
from weilend.fraud.lists.build import build
from weilend.fraud.lists.entries import COLUMNS
from weilend.fraud.lists.identity import fingerprint, fingerprints, identities, identity, kind_seed
from weilend.fraud.lists.meanings import CHECKS, LISTS, MEANINGS, NAMES, wear_off

SUBJECT_IDS = ("a", "b", "0" * 32, "f" * 32, "F" * 32)
DAY = 86_400
SETTINGS = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
times = st.integers(0, 40).map(lambda day: day * DAY // 4)


def say(subject, kind, name, act, first, later, days, severity, case):
    until = None if days is None else HOME.day_of(first + days * DAY)
    clocks = {"happened_at": first, "known_at": first + later, "valid_until_on": until}
    said = {"subject_kind": kind, "list_name": name, "act": act, "severity": severity, "case_id": case}
    return entry(subject, key=f"{subject} {kind} {name} {case}", **said, **clocks)


ACTS_SAID = st.sampled_from(("added", "added", "removed", "proposed", "disputed"))
DAYS, SEVERITIES = st.none() | st.integers(0, 9), st.none() | st.integers(0, 100)
subjects, kinds, cases = st.sampled_from(SUBJECT_IDS), st.sampled_from(("phone", "account")), st.sampled_from(("1", "2"))
facts = st.builds(say, subjects, kinds, st.sampled_from(NAMES), ACTS_SAID, times, times, DAYS, SEVERITIES, cases)


def fold(rows, kind, subject, at, seq):
    """The plain fold: of each chain the newest version that was known, where it holds."""
    newest = {}
    for row in sorted(rows, key=lambda row: (row["known_at"], row["seq"])):
        if (row["subject_kind"], row["subject_id"]) == (kind, subject) and row["known_at"] <= at and row["seq"] <= seq:
            newest[row["key"]] = row
    holds = (row for row in newest.values() if row["act"] in ("added", "disputed") and row["happened_at"] <= at)
    return {row["seq"] for row in holds if row["valid_until_on"] is None or HOME.day_of(at) <= row["valid_until_on"]}


def check_agreement(folder, before, after, at, cut):
    world = World(folder)
    world.say(*before)
    if after:
        world.say(*after)
    reader = world.lists
    rows = world.book.view().read("list_entry").to_pylist()
    asked = [(kind, subject) for kind in ("phone", "account") for subject in SUBJECT_IDS]
    for seq in (world.book.view().seq, cut % (world.book.view().seq + 1)):
        table = pa.table({
            "place": range(len(asked)), "subject_kind": [kind for kind, _ in asked], "subject_id": [name for _, name in asked],
            "as_of": [at] * len(asked), "as_of_on": [HOME.day_of(at)] * len(asked),
        })  # fmt: skip
        matched = match_entries(world.book.view(seq), table).to_pylist()
        for place, (kind, subject) in enumerate(asked):
            mine = reader.find(kind, subject, as_of=at, seq=seq)
            expected = fold(rows, kind, subject, at, seq)
            assert {hit.seq for hit in mine.hits} == expected
            assert {row["seq"] for row in matched if row["place"] == place} == expected
        for kind in ("phone", "account"):
            many = reader.find_many(kind, pa.array(SUBJECT_IDS), as_of=at, seq=seq)
            alone = [reader.find(kind, subject, as_of=at, seq=seq) for subject in SUBJECT_IDS]
            assert [MEANINGS[code] for code in many.meanings] == [one.meaning for one in alone]
            assert many.severities.tolist() == [one.severity for one in alone]


@SETTINGS
@given(before=st.lists(facts, min_size=1, max_size=14), after=st.lists(facts, max_size=5), at=times, cut=st.integers(0, 30))
def test_index_and_log_say_what_the_book_and_duckdb_say(tmp_path_factory, before, after, at, cut):
    check_agreement(tmp_path_factory.mktemp("lists"), before, after, at, cut)


def newest_forgotten(monkeypatch):
    """The first version of a chain is taken for the newest."""
    judge = verdict_module.judge
    backwards = lambda versions, as_of, seq: judge([one for one in versions if one.act != 1], as_of, seq)  # noqa: E731
    monkeypatch.setattr("weilend.fraud.lists.lookup.judge", backwards)


def bits_off_by_one(monkeypatch):
    monkeypatch.setattr(generation_module, "REMAINDER_BITS", 31)


def unsorted_rows(monkeypatch):
    monkeypatch.setattr(build_module.np, "lexsort", lambda keys: np.arange(len(keys[0]))[::-1])


def ask_twice(folder):
    for at in (10, 12):
        check_agreement(folder / str(at), said_and_taken_back(), [], at, 3)


@pytest.mark.parametrize("plant", [newest_forgotten, bits_off_by_one, unsorted_rows])
def test_a_planted_bug_is_caught(tmp_path, monkeypatch, plant):
    plant(monkeypatch)
    with pytest.raises((AssertionError, IndexError, AttributeError)):  # a wrong answer, or a look beyond the file
        ask_twice(tmp_path)


def said_and_taken_back():
    acts = ((1, "added"), (5, "removed"), (9, "added"), (12, "removed"))
    those = [(name, kind) for kind in ("phone", "account") for name in SUBJECT_IDS]
    return [entry(name, subject_kind=kind, known_at=at, happened_at=0, act=act) for name, kind in those for at, act in acts]


def test_the_example_of_the_planted_bugs_is_sound(tmp_path):
    ask_twice(tmp_path)


@given(
    st.lists(st.text(max_size=40) | st.from_regex(r"[0-9a-fA-F]{32}", fullmatch=True), max_size=20), st.sampled_from(SUBJECTS)
)
@settings(max_examples=60, deadline=None)
def test_identities_of_columns_are_those_of_texts(texts, kind):
    column = pa.array(["x", *texts], pa.string())[1:]  # with an offset, as slices have
    high, low = identities(column)
    assert list(zip(high.tolist(), low.tolist(), strict=True)) == [identity(text) for text in texts]
    codes = fingerprints(np.uint64(kind_seed(kind)), high, low)
    assert codes.tolist() == [fingerprint(kind, *identity(text)) for text in texts]


def random_batches(rng, count):
    octets = rng.integers(0, 256, (count, 16), np.uint8)
    names = [row.tobytes().hex() for row in octets]
    texts, numbers = ("reason", "case_id", "part", "added_by"), ("severity", "amount_fen")
    said = {"subject_kind": "phone", "list_name": "allow", "act": "added", "source": "s", "consent_id": "c"}
    columns = {name: [value] * count for name, value in said.items()} | {"subject_id": names, "key": names}
    columns |= {"seq": range(1, count + 1), "happened_at": [0] * count, "known_at": [0] * count}
    columns |= {name: pa.nulls(count, pa.string()) for name in texts} | {name: pa.nulls(count, pa.int64()) for name in numbers}
    columns["valid_until_on"] = pa.nulls(count, pa.date32())
    return names, pa.table({name: columns[name] for name in COLUMNS}).to_batches(max_chunksize=7_000)


def test_nobody_on_a_list_is_missed(tmp_path):
    """20,000 random subjects: each is found, by fingerprint alone too, and none of 20,000 strangers is."""
    rng = np.random.default_rng(3)
    names, batches = random_batches(rng, 20_000)
    meta = build(iter(batches), 20_000, tmp_path, HOME)
    assert meta.parts["allow"].heads == 20_000
    generation = generation_module.Generation(tmp_path)
    part = generation.parts["allow"]
    codes = [fingerprint("phone", *identity(name)) for name in names]
    assert all(part.contains(code) for code in codes)
    strangers = rng.integers(0, 2**64, 20_000, dtype=np.uint64).tolist()
    assert not any(part.contains(code) for code in strangers)
    place = part.versions(SUBJECTS.index("phone"), *identity(names[9_999]), codes[9_999])[0].place
    assert generation.entry(place, HOME).subject_id == names[9_999]


@given(st.lists(st.sampled_from(NAMES), max_size=6), st.booleans())
def test_an_allow_hit_never_spares_more_than_the_step_up(lists, known):
    versions = [
        generation_module.Version(1, 1, number, 0, number, 0, 10, 0, 0, NAMES.index(name), 0, 50)
        for number, name in enumerate(lists)
    ]
    verdict = verdict_module.judge(versions, 5 if known else -1, 99)
    meanings = {LISTS[name].meaning for name in lists} if known else set()
    strongest = max(meanings, key=MEANINGS.index, default="none")
    assert verdict.meaning == strongest
    assert [check for check in CHECKS if verdict.spares(check)] == (["step_up"] if strongest == "allow" else [])


@given(st.integers(0, 100), st.integers(-10, 10**9), st.integers(0, 10**8))
def test_severity_never_grows(severity, age, half):
    assert 0 <= wear_off(severity, age + 1, half) <= wear_off(severity, age, half) <= severity
