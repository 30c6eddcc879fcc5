"""What a policy accepts although it is not known: it is read, checked, hashed and told, and changes no decision."""

from __future__ import annotations

import json

import msgspec
import pytest

from weilend.core.errors import PolicyError
from weilend.core.records import Field
from weilend.decision import Evaluator, check_policy, compile_policy, dump_policy, restore_policy
from weilend.decision.differences import find_differences
from weilend.decision.example import TEXT, example_policy
from weilend.decision.parts import Accepted
from weilend.decision.policy import read_policy

SALES = {"sales_fen_12m": Field("sales_fen_12m", "integer", 0, 10**13, unit="fen")}
SAID = '[accepted]\nsales_fen_12m = { why = "we know them", when = "pd_ppm < 10000" }\n'


def compiled(text: str) -> Evaluator:
    return compile_policy(read_policy(text, "loan.toml"), SALES, {"funding_rate_ppm": 50_000}, schedule="equal_instalment")


def test_it_is_read_and_decides_nothing():
    plain, said = compiled(TEXT), compiled(TEXT + SAID)
    (accepted,) = said.program.accepted
    assert (accepted.input, accepted.why, accepted.when.text) == ("sales_fen_12m", "we know them", "pd_ppm < 10000")
    assert plain.program.steps == said.program.steps
    assert plain.function.source == said.function.source


def test_it_is_part_of_the_identity_and_leaves_no_trace_where_there_is_none():
    plain, said = read_policy(TEXT, "loan.toml"), read_policy(TEXT + SAID, "loan.toml")
    assert "accepted" not in json.loads(dump_policy(plain))
    assert plain.identity == example_policy().identity != said.identity
    kept = restore_policy(dump_policy(said))
    assert (kept.identity, kept.accepted) == (said.identity, said.accepted)


def test_a_change_of_it_is_told():
    said = read_policy(TEXT + SAID, "loan.toml")
    other = msgspec.structs.replace(said, accepted={"sales_fen_12m": Accepted(why="they told us")})
    assert [one.en for one in find_differences(example_policy(), said)] == [
        "accepted unknown sales_fen_12m is new: pd_ppm < 10000, we know them"
    ]
    assert [one.en for one in find_differences(said, other)] == [
        "accepted unknown sales_fen_12m, reason: we know them → they told us",
        "accepted unknown sales_fen_12m, condition: pd_ppm < 10000 → –",
    ]


def test_to_be_named_in_a_reason_is_no_use():
    inputs = TEXT.replace("[parameters]", 'points = { unit = "points", en = "points", zh = "评分" }\n\n[parameters]')
    idle = inputs.replace("pd_ppm = 20_000", "pd_ppm = 20_000\npoints = 600") + SAID.replace("pd_ppm < 10000", "points > 700")
    assert "points: nothing reads it" in [str(problem) for problem in check_policy(compiled(idle))]


WRONG = {
    "an input that is not there": (SAID.replace("sales_fen_12m =", "sales_12m ="), "there is no input 'sales_12m'"),
    "no reason": ("[accepted]\nsales_fen_12m = {}\n", "object missing required field `why`"),
    "an empty reason": ('[accepted]\nsales_fen_12m = { why = "" }\n', "expected `str` of length >= 1"),
    "a condition that is none": (SAID.replace("pd_ppm < 10000", "pd_ppm"), "'pd_ppm' is integer, not boolean"),
    "a condition over what is computed": (SAID.replace("pd_ppm < 10000", "ceiling_fen > 0"), "ceiling_fen"),
    "a condition over nothing": (SAID.replace("pd_ppm", "pd_bps"), "pd_bps"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_with_file_and_line(what):
    text, said = WRONG[what]
    with pytest.raises(PolicyError) as caught:
        compiled(TEXT + text)
    line = TEXT.count("\n") + 2
    assert str(caught.value).startswith(f"loan.toml:{line}: accepted ")
    assert said in str(caught.value)
