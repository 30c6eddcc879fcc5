"""What a list says of a subject: dates, clocks, meanings, wearing off, disputes; and that the index is what its arithmetic says."""

import subprocess
import sys
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from tests.fraud.conftest import HOME, entry
from weilend.core.errors import CheckError, InputError, NotFoundError
from weilend.fraud.lists import Lists
from weilend.fraud.lists.layout import choose_bits, false_accept_rate, hot_bytes, make_groups
from weilend.fraud.lists.meanings import ACTS, CHECKS, IN_FORCE, LISTS, MEANINGS, NAMES

DAY = 86_400


def test_a_hit_needs_to_be_known_and_to_hold(world):
    world.say(entry("a", happened_at=100, known_at=200, valid_until_on=HOME.day_of(DAY * 10)))
    end = HOME.end_of(HOME.day_of(DAY * 10))
    answers = [world.lists.find("phone", "a", as_of=at).meaning for at in (150, 199, 200, end, end + 1)]
    assert answers == ["none", "none", "deny", "deny", "none"]


def test_only_the_same_kind_of_subject_is_hit(world):
    world.say(entry("a"))
    assert world.lists.find("account", "a", as_of=999).meaning == "none"
    with pytest.raises(InputError, match="no kind of subject 'telephone'"):
        world.lists.find("telephone", "a", as_of=0)


def test_a_back_test_sees_the_list_as_it_was(world):
    world.say(entry("a", known_at=100))
    seq_before = world.book.view().seq
    world.say(entry("a", act="removed", known_at=500))
    lists = world.lists
    assert [lists.find("phone", "a", as_of=at).meaning for at in (499, 500)] == ["deny", "none"]
    assert lists.find("phone", "a", as_of=500, seq=seq_before).meaning == "deny"
    assert lists.find("phone", "a", as_of=500, seq=0).meaning == "none"


def test_one_removal_leaves_the_entries_of_others(world):
    world.say(entry("a", key="court"), entry("a", key="own", source="own reviewers"))
    world.say(entry("a", key="own", act="removed", known_at=200))
    (hit,) = world.lists.find("phone", "a", as_of=300).hits
    assert world.lists.explain("phone", "a", hit).key == "court"


def test_deny_is_stronger_than_watch_and_watch_than_allow(world):
    world.say(entry("a", list_name="allow"), entry("b", list_name="allow"), entry("b", list_name="lawsuit"))
    world.say(entry("c", list_name="allow"), entry("c", list_name="lawsuit"), entry("c", list_name="dishonest_debtor"))
    verdicts = {name: world.lists.find("phone", name, as_of=300) for name in "abcd"}
    assert [verdicts[name].meaning for name in "abcd"] == ["allow", "watch", "deny", "none"]
    assert [hit.meaning for hit in verdicts["c"].hits] == ["deny", "watch", "allow"]
    spared = {(name, check) for name in "abcd" for check in CHECKS if verdicts[name].spares(check)}
    assert spared == {("a", "step_up")}
    with pytest.raises(InputError, match="no check 'bureau'"):
        verdicts["a"].spares("bureau")


def test_severity_wears_off_and_a_dispute_is_told(world):
    world.say(entry("a", list_name="recycled_phone", severity=80, happened_at=0, known_at=0))
    world.say(entry("a", list_name="recycled_phone", severity=80, happened_at=0, known_at=9, act="disputed"))
    half = LISTS["recycled_phone"].half_life_days * DAY
    lists = world.lists
    assert [lists.find("phone", "a", as_of=at).severity for at in (5, half, 2 * half + 1)] == [80, 40, 20]
    assert [lists.find("phone", "a", as_of=at).hits[0].is_disputed for at in (5, 9)] == [False, True]


def test_a_proposal_hits_nobody_before_it_is_confirmed(world):
    world.say(entry("a", act="proposed"))
    assert world.lists.find("phone", "a", as_of=300).meaning == "none"
    world.say(entry("a", act="added", known_at=200))
    assert [world.lists.find("phone", "a", as_of=at).meaning for at in (199, 200)] == ["none", "deny"]


def test_an_open_reader_sees_what_others_add_and_a_new_generation(world):
    world.say(entry("a"))
    reader = world.lists
    world.say(entry("b", reason="gang"))  # to the log
    assert reader.find("phone", "b", as_of=300).meaning == "deny"
    assert reader.explain("phone", "b", reader.find("phone", "b", as_of=300).hits[0]).reason == "gang"
    assert reader.logged == 1
    before, old = reader.generation.name, reader.find("phone", "a", as_of=300).hits[0]
    world.say(*(entry(f"c{number}", reason="another") for number in range(9)))
    world.shelf.rebuild(world.book)
    assert reader.find("phone", "b", as_of=300).meaning == "deny"
    assert (reader.logged, reader.generation.name != before) == (0, True)
    assert reader.explain("phone", "a", old).subject_id == "a"  # a hit of the generation before
    with pytest.raises(NotFoundError, match="any more"):
        reader.explain("phone", "c1", old)
    assert reader.explain("phone", "b", reader.find("phone", "b", as_of=300).hits[0]).reason == "gang"


def test_many_are_answered_as_one_with_and_without_a_log(world):
    names = [f"s{number}" for number in range(60)]
    rng = np.random.default_rng(5)
    lists = list(LISTS)
    facts = [
        entry(name, list_name=lists[rng.integers(len(lists))], known_at=100 + int(rng.integers(200))) for name in names[:40]
    ]
    world.say(*facts)
    for with_log in (False, True):
        if with_log:
            world.say(*(entry(name, list_name="deny", act="removed", known_at=260) for name in names[:10]), entry("s50"))
        reader, instants = world.lists, rng.integers(90, 400, len(names))
        found = reader.find_many("phone", pa.array(names), as_of=instants)
        alone = [reader.find("phone", name, as_of=int(at)) for name, at in zip(names, instants, strict=True)]
        assert [MEANINGS[code] for code in found.meanings] == [one.meaning for one in alone]
        assert found.severities.tolist() == [one.severity for one in alone]
        assert sum(found.counts().values()) == len(names)
    empty = reader.find_many("phone", pa.array([], pa.string()), as_of=0)
    assert len(empty.meanings) == 0


def test_no_lists_is_not_a_clean_answer(tmp_path):
    with pytest.raises(NotFoundError, match="no lists"):
        Lists(tmp_path / "lists", HOME)


def test_a_subject_with_thousands_of_entries_is_one_subject(world):
    world.say(*(entry("a", key=f"case {number}", case_id=str(number)) for number in range(2_000)), entry("b"))
    part = world.lists.generation.parts["deny"]
    assert (part.rows, part.heads) == (2_001, 2)
    assert len(world.lists.find("phone", "a", as_of=300).hits) == 2_000


def test_fingerprints_that_crowd_together_are_refused():
    with pytest.raises(CheckError, match="almost the same fingerprint"):
        make_groups(np.zeros(256, np.int64), 0, 16, 0)


def test_the_arithmetic_of_an_allow_entry():
    for keys in [10**4, 10**6, 5 * 10**7, 3 * 10**8, 2**32 - 1, *(2**power for power in range(14, 32))]:
        bits = choose_bits(keys)
        assert false_accept_rate(keys, bits) <= 1e-9
        if keys >= 10**4:
            assert hot_bytes(keys, bits) / keys <= 5


def test_every_list_has_a_meaning_and_the_kernel_knows_the_acts():
    assert set(LISTS) == set(NAMES)
    assert {LISTS[name].meaning for name in NAMES} == {"deny", "watch", "allow"}
    assert {ACTS.index(act) for act in IN_FORCE} == {0, 3}  # as kernels.py has them


def test_dates_of_the_calendar(world):
    world.say(entry("a", valid_until_on=date(2020, 2, 29), happened_at=0, known_at=0))
    last = HOME.end_of(date(2020, 2, 29))
    assert world.lists.find("phone", "a", as_of=last).hits[0].until_at == last


def test_nothing_pays_for_numba_before_a_kernel_runs():
    code = """
import sys
import weilend.app.cli.main, weilend.app.desk.fraud.lists, weilend.fraud.lists, weilend.fraud.detectors
assert not {"numba", "sklearn", "pypinyin"} & set(sys.modules), sys.modules.keys()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
