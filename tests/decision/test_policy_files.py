"""A policy file is read into one frozen value, and each way of breaking it is answered by one clear sentence."""

from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from weilend.core.errors import NotFoundError, PolicyError
from weilend.core.values import FeatureRow, FraudVerdict
from weilend.decision.compiler import compile_policy
from weilend.decision.policy import Policy, dump_policy, load_policy, restore_policy

SMALL = """
name = "small"
version = 1
owner = "tests"
product = "small"
en = "small"
zh = "小"
[inputs]
history_months = { unit = "months", lo = 0, hi = 36, en = "history", zh = "历史" }
sales_fen_12m = { unit = "fen", lo = 0, hi = 1000000, en = "sales", zh = "销售" }
pd_ppm = { unit = "ppm", en = "pd", zh = "违约概率" }
[parameters]
step_fen = { unit = "fen", lo = 1, hi = 100, base = 10, about = "step" }
rate_ppm = { unit = "ppm", lo = 0, hi = 1000000, about = "rate" }
[ceiling]
step = "step_fen"
[floor_rate]
formula = "rate_ppm"
[[grades]]
name = "A"
when = "pd_ppm < 30000"
values = { cap_fen = 500 }
[[limits]]
name = "cap"
formula = "sales_fen_12m"
en = "cap"
zh = "上限"
[[rules]]
id = "thin"
class = "referral"
when = "history_months < 12"
en = "only {history_months}"
zh = "仅{history_months}"
"""

KEYS = "docs/methodology/decision.md shows every key of a policy"
INPUTS = "the inputs are: history_months, sales_fen_12m, pd_ppm"

#: What is replaced, by what, and the whole sentence that must answer it.
BROKEN = {
    "not TOML": ("version = 1", "version =", "broken.toml: is not TOML: Invalid value (at line 3, column 10). "
        "Hint: correct that line; https://toml.io shows the form"),
    "missing field": ('owner = "tests"\n', "", f"broken.toml: object missing required field `owner`. Hint: {KEYS}"),
    "misspelt key": ('id = "thin"', 'id = "thin"\nunknwon = "pass"',
        f"broken.toml: rules[0]: object contains unknown field `unknwon`. Hint: {KEYS}"),
    "wrong type": ("version = 1", 'version = "one"', f"broken.toml: version: expected `int`, got `str`. Hint: {KEYS}"),
    "float": ("base = 10", "base = 0.5", f"broken.toml: parameters[...].base: "
        f"expected `int | null`, got `float`. Hint: {KEYS}"),
    "no such class": ('"referral"', '"maybe"', f"broken.toml: rules[0].class: invalid enum value 'maybe'. Hint: {KEYS}"),
    "rule twice": ("[[rules]]", '[[rules]]\nid = "thin"\nclass = "referral"\nwhen = "true"\nen = "x"\nzh = "x"\n[[rules]]',
        "broken.toml: rule 'thin': is there twice. Hint: give each rule its own"),
    "range upside down": ("lo = 0, hi = 36", "lo = 36, hi = 0",
        "broken.toml: input 'history_months': its range 36..0 is upside down. Hint: give lo <= hi"),
    "base out of range": ("base = 10", "base = 1000",
        "broken.toml: parameter 'step_fen': 1000 is outside 1..100. Hint: correct the value, or widen its range"),
    "reason names nothing": ("only {history_months}", "only {history}",
        "broken.toml: rule 'thin': its reason names {history}, which is not there. Hint: name an input or parameter"),
    "case of nothing": ("[[rules]]", '[[case]]\nname = "c"\noutcome = "refer"\nreasons = []\nvalues = { moon = 1 }\n[[rules]]',
        f"broken.toml: case 'c': there is no input 'moon'. Hint: {INPUTS}"),
    "case that leaves out": ("[[rules]]", '[[case]]\nname = "c"\noutcome = "refer"\nreasons = []\n[[rules]]',
        "broken.toml: case 'c': it does not say 'history_months'. "
        "Hint: give it in the case or in [base], or list it in unknown"),
    "cases file missing": ('zh = "小"', 'zh = "小"\ncases = "cases.toml"',
        "broken.toml: cases: there is no file 'cases.toml' beside it. Hint: name a file relative to the policy"),
    "cases twice": ('zh = "小"', 'zh = "小"\ncases = "cases.toml"\nbase = {}',
        "broken.toml: cases: the policy names a file of cases and has cases of its own. Hint: keep them in one place"),
    # from here on only compiling can see it
    "no such feature": ("history_months", "moon_months",
        "broken.toml: input 'moon_months': there is no such feature. "
        "Hint: the facts are pd_ppm, points, outside_count, fraud_status; `features list` shows the rest"),
    "wrong unit": ('unit = "months"', 'unit = "days"',
        "broken.toml: input 'history_months': its unit is 'months', not 'days'. Hint: state the unit of the feature"),
    "product leaves out": ("rate_ppm", "price_ppm",
        "broken.toml: parameter 'price_ppm': the product does not give it. Hint: add it to small.toml"),
    "both give": ("hi = 1000000, about", "hi = 1000000, base = 1, about",
        "broken.toml: parameter 'rate_ppm': policy and product both give it. Hint: drop `base` here, or it there"),
    "amount for a condition": ("history_months < 12", "history_months + 12",
        "broken.toml: rule 'thin', when: 'history_months + 12' is integer, not boolean. "
        "Hint: write a condition, such as history_months < 12"),
    "condition for an amount": ('formula = "sales_fen_12m"', 'formula = "sales_fen_12m > 0"',
        "broken.toml: limit 'cap', formula: 'sales_fen_12m > 0' is boolean, not integer. "
        "Hint: write an amount, such as mul_rate(sales_fen_12m, 250000)"),
}  # fmt: skip


def compiled(path: Path, fields) -> Policy:
    policy = load_policy(path)
    compile_policy(policy, fields, {"rate_ppm": 50_000})
    return policy


def write(folder: Path, text: str) -> Path:
    path = folder / "broken.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_small_policy_is_sound(tmp_path, fields):
    assert compiled(write(tmp_path, SMALL), fields).rules[0].unknown == "refer"


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_policy_gives_one_clear_error(name, tmp_path, fields):
    old, new, sentence = BROKEN[name]
    assert old in SMALL
    with pytest.raises(PolicyError) as error:
        compiled(write(tmp_path, SMALL.replace(old, new)), fields)
    assert str(error.value) == sentence
    assert error.value.exit_code == 2


@pytest.mark.parametrize("formula", ["histroy_months < 12", "history_months <", "history_months < 'x'", "now() > 3"])
def test_a_bad_formula_is_a_policy_error_that_says_where(formula, tmp_path, fields):
    with pytest.raises(PolicyError, match=r"^broken\.toml: rule 'thin', when: .*Hint: "):
        compiled(write(tmp_path, SMALL.replace("history_months < 12", formula)), fields)


def test_an_overflow_is_found_before_any_decision(tmp_path, fields):
    power = " * ".join(["sales_fen_12m"] * 4)
    text = SMALL.replace('formula = "sales_fen_12m"', f'formula = "{power}"')
    with pytest.raises(PolicyError, match=r"^broken\.toml: limit 'cap', formula: "):
        compiled(write(tmp_path, text), fields)


def test_a_name_is_not_known_before_it_is_computed(tmp_path, fields):
    with pytest.raises(PolicyError, match=r"grade 'A', when: .*ceiling_fen"):
        compiled(write(tmp_path, SMALL.replace("pd_ppm < 30000", "ceiling_fen < 30000")), fields)


def test_not_text_is_said(tmp_path):
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyError, match="is not UTF-8 text"):
        load_policy(tmp_path / "bytes.toml")


@pytest.mark.parametrize("name", ["moon", "moon.toml", "cases/enterprise_loan", "../policies/enterprise_loan", ""])
def test_what_is_not_there_is_said(name):
    with pytest.raises(NotFoundError, match="there is: enterprise_loan"):
        load_policy(name)


def test_identity_follows_content_not_layout_or_cases(tmp_path):
    plain = load_policy(write(tmp_path, SMALL))
    same = load_policy(write(tmp_path, "# a comment\n" + SMALL.replace("lo = 0, hi = 36", "hi = 36,  lo = 0")))
    more = load_policy(write(tmp_path, SMALL + '\n[[case]]\nname = "c"\noutcome = "refer"\nreasons = []\n'
                                               'unknown = ["history_months", "sales_fen_12m", "pd_ppm"]\n'))  # fmt: skip
    other = load_policy(write(tmp_path, SMALL.replace("history_months < 12", "history_months < 13")))
    assert plain.identity == same.identity == more.identity != other.identity


def test_a_shipped_policy_and_its_copy_are_the_same(tmp_path):
    folder = files("weilend.decision") / "policies"
    (tmp_path / "cases").mkdir()
    for name in ("enterprise_loan.toml", "cases/enterprise_loan.toml"):
        (tmp_path / name).write_text((folder / name).read_text(encoding="utf-8"), encoding="utf-8")
    copy, shipped = load_policy(tmp_path / "enterprise_loan.toml"), load_policy("enterprise_loan")
    assert msgspec.structs.asdict(copy) == msgspec.structs.asdict(shipped)


def test_a_policy_that_was_kept_decides_as_before(fields, parameters):
    """Also where many inputs are refused at once: the order of a file's tables is gone, the order of reasons must not be."""
    policy = load_policy("enterprise_loan")
    kept = restore_policy(dump_policy(policy))
    assert (kept.identity, kept.cases) == (policy.identity, ())
    stale = FeatureRow(business_id="E1", as_of=0, feature_set="f", values=policy.base_case)
    evaluators = [compile_policy(one, fields, parameters) for one in (policy, kept)]
    answers = [evaluator.decide(stale, FraudVerdict("clear"), None, as_of=10**9) for evaluator in evaluators]
    assert answers[0] == answers[1]
    assert len(answers[0].reasons) > 10


@pytest.mark.parametrize("dumped", [b"", b"{}", b"[1]", b'{"name": 1}'])
def test_a_kept_policy_that_was_spoilt_is_said(dumped):
    with pytest.raises(PolicyError, match="the kept policy: cannot be read"):
        restore_policy(dumped)
