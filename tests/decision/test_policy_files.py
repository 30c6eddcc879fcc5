"""A policy file is read into one frozen value, and each way of breaking it is answered by one clear sentence."""

import shutil
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from weilend.core.errors import NotFoundError, PolicyError
from weilend.core.values import FeatureRow, FraudVerdict
from weilend.decision.compiler import compile_policy
from weilend.decision.parts import Policy
from weilend.decision.policy import dump_policy, load_policy, policy_names, restore_policy

LOAN = Path(__file__).parent / "files" / "invoice_example.toml"
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
cap = "240000"
convention = "nominal"
[[floor_rate.terms]]
months = 12
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
topic = "activity"
when = "history_months < 12"
en = "only {history_months}"
zh = "仅{history_months}"
"""

KEYS = "docs/methodology/decision.md shows every key of a policy"
INPUTS = "the inputs are: history_months, sales_fen_12m, pd_ppm"
CASE = '[[case]]\nname = "c"\noutcome = "refer"\nreasons = []\n'
TEST = '[[experiments]]\nname = "t"\nsalt = "s"\narms = [{ name = "a", share_ppm = 1000000 }]\n'
SOURCE = """[sources.bureau]
en = "bureau"
zh = "征信"
kinds = ["bureau_report"]
cost_fen = 1
timeout_ms = 1
max_age_days = 1
purpose = "bureau_query"
missing = "refer"
"""
FROM_BUREAU = 'pd_ppm = { unit = "ppm", source = "bureau",'

#: What is replaced, by what, and the whole sentence that must answer it.
BROKEN = {
    "not TOML": ("version = 1", "version =", "broken.toml: is not TOML: Invalid value (at line 3, column 10). "
        "Hint: correct that line; https://toml.io shows the form"),
    "missing field": ('owner = "tests"\n', "", f"broken.toml: object missing required field `owner`. Hint: {KEYS}"),
    "misspelt key": ('id = "thin"', 'id = "thin"\nunknwon = "pass"',
        f"broken.toml:32: rule 'thin': object contains unknown field `unknwon`. Hint: {KEYS}"),
    "misspelt section": ("[[rules]]", "[[rule]]", f"broken.toml: object contains unknown field `rule`. Hint: {KEYS}"),
    "missing field of a rule": ('topic = "activity"\n', "",
        f"broken.toml:32: rule 'thin': object missing required field `topic`. Hint: {KEYS}"),
    "wrong type": ("version = 1", 'version = "one"', f"broken.toml:3: version: expected `int`, got `str`. Hint: {KEYS}"),
    "no version": ("version = 1", "version = 0", f"broken.toml:3: version: expected `int` >= 1. Hint: {KEYS}"),
    "unknown language": ("version = 1", "version = 1\nlanguage = 3",
        f"broken.toml:4: language: invalid enum value 3. Hint: {KEYS}"),
    "float": ("base = 10", "base = 0.5",
        f"broken.toml:13: parameter 'step_fen', base: expected `int | null`, got `float`. Hint: {KEYS}"),
    "no such class": ('"referral"', '"maybe"', f"broken.toml:34: rule 'thin', class: invalid enum value 'maybe'. Hint: {KEYS}"),
    "a rule without id": ('id = "thin"\n', "", "broken.toml:32: rules: a rule has no id. Hint: write id = \"…\" first"),
    "a table for a list": ("[[rules]]", "[rules]", "broken.toml:32: rules: has another form. Hint: write [[rules]] for each rule"),
    "rule twice": ("[[rules]]", '[[rules]]\nid = "thin"\nclass = "referral"\nwhen = "true"\nen = "x"\nzh = "x"\n[[rules]]',
        "broken.toml:38: rule 'thin': is there twice, first at broken.toml:32. Hint: give each rule its own"),
    "name twice": ("values = { cap_fen = 500 }", "values = { rate_ppm = 500 }",
        "broken.toml:23: grade 'A': the name 'rate_ppm' is there twice. Hint: give each name to one thing"),
    "a name of a step": ("values = { cap_fen = 500 }", "values = { limit_cap = 500 }",
        "broken.toml:29: limit 'cap', formula: a step needs the name 'limit_cap', which is taken. "
        "Hint: rename what has this name"),
    "no name": ("step_fen =", "Step =", "broken.toml:13: parameter 'Step': 'Step' is no name for it. "
        "Hint: begin with a small letter; then small letters, digits and _"),
    "range upside down": ("lo = 0, hi = 36", "lo = 36, hi = 0",
        "broken.toml:9: input 'history_months': its range 36..0 is upside down. Hint: give lo <= hi"),
    "base out of range": ("base = 10", "base = 1000",
        "broken.toml:13: parameter 'step_fen': 1000 is outside 1..100. Hint: correct the value, or widen its range"),
    "reason names nothing": ("only {history_months}", "only {history}",
        "broken.toml:32: rule 'thin': its reason names {history}, which is not there. Hint: name an input or parameter"),
    "no reason": ('"only {history_months}"', '" "',
        "broken.toml:32: rule 'thin': its reason is empty. Hint: write it in English (en) and Chinese (zh)"),
    "forbidden input": ("[parameters]", 'owner_sex = { unit = "count", en = "sex", zh = "业主" }\n[parameters]',
        "broken.toml:12: input 'owner_sex': no policy may read sex: women and men borrow on the same terms (women's rights law "
        "of 2022, article 2; ECOA, 15 USC 1691). Hint: take it out (forbidden.toml)"),
    "no such source": ('unit = "ppm", en', 'unit = "ppm", source = "bureau", en',
        "broken.toml:11: input 'pd_ppm': there is no source 'bureau'. Hint: the sources are: none"),
    "a source of nothing": ("[inputs]", SOURCE + "[inputs]", "broken.toml:8: source 'bureau': no input comes from it. "
        'Hint: write source = "bureau" at its inputs, or take it out'),
    "a source without a consent's purpose": ("[inputs]", SOURCE.replace("bureau_query", "curiosity") + "[inputs]",
        "broken.toml:15: source 'bureau', purpose: no consent has the purpose 'curiosity'. Hint: there is: credit_decision, "
        "bureau_query, anti_fraud, monitoring, collection, model_building, marketing, sharing"),
    "a clean missing bureau": ("[inputs]\n", SOURCE.replace('"refer"', '"degrade"') + '[inputs]\noutside_count = '
        '{ unit = "count", source = "bureau", en = "o", zh = "外" }\n',
        "broken.toml:16: source 'bureau', missing: nothing says what follows when it is missing. "
        'Hint: name bureau_status in a limit or a rule, or write missing = "refer"'),
    "matrix of nothing": ("[ceiling]", '[matrix.m]\nwords = [["a", "b"], ["b", "c"]]\n'
        'rows = { input = "moon", below = [1] }\ncolumns = { input = "pd_ppm", below = [1] }\n[ceiling]',
        f"broken.toml:17: matrix 'm', rows: there is no input 'moon'. Hint: {INPUTS}"),
    "matrix with holes": ("[ceiling]", '[matrix.m]\nwords = [["a", "b"], ["b"]]\n'
        'rows = { input = "history_months", below = [1] }\ncolumns = { input = "pd_ppm", below = [1] }\n[ceiling]',
        "broken.toml:16: matrix 'm', words: do not fit rows and columns. Hint: give 2 rows of 2 words: one more than bounds"),
    "matrix upside down": ("[ceiling]", '[matrix.m]\nwords = [["a", "b"], ["b", "c"], ["c", "d"]]\n'
        'rows = { input = "history_months", below = [9, 3] }\ncolumns = { input = "pd_ppm", below = [1] }\n[ceiling]',
        "broken.toml:17: matrix 'm', rows: its bounds do not rise. Hint: give each bound once, the least first"),
    "arms that leave some out": ("[ceiling]", TEST.replace("1000000", "999999") + "[ceiling]",
        "broken.toml:15: experiment 't': the shares of its arms add up to 999999. Hint: they must add up to 1000000"),
    "an experiment on persons": ("[ceiling]", TEST + 'when = "history_months > 3"\n[ceiling]',
        "broken.toml:19: experiment 't', when: no field 'history_months'. Hint: the fields are: grade"),
    "no terms": ("[[floor_rate.terms]]\nmonths = 12\n", "",
        f"broken.toml:17: floor_rate: object missing required field `terms`. Hint: {KEYS}"),
    "a term of no months": ("months = 12", "months = 0",
        f"broken.toml:22: floor_rate, terms, [0], months: expected `int` >= 1. Hint: {KEYS}"),
    "a cap that depends": ('cap = "240000"', 'cap = "pd_ppm"',
        "broken.toml:19: floor_rate, cap: no field 'pd_ppm'. Hint: the fields are: rate_ppm, step_fen"),
    "a price below zero": ('formula = "rate_ppm"', 'formula = "rate_ppm - 60000"',
        "broken.toml:18: floor_rate, formula: it can be negative. Hint: keep it at or above zero with greatest(…, 0)"),
    "no such convention": ('"nominal"', '"monthly"', f"broken.toml:20: floor_rate, convention: invalid enum value 'monthly'. "
        f"Hint: {KEYS}"),
    "case of nothing": ("[[rules]]", CASE + "values = { moon = 1 }\n[[rules]]",
        f"broken.toml:32: case 'c': there is no input 'moon'. Hint: {INPUTS}"),
    "case without a source": ("[[rules]]", CASE + 'missing = ["moon"]\n[[rules]]',
        "broken.toml:32: case 'c': there is no source 'moon'. Hint: the sources are: none"),
    "case that leaves out": ("[[rules]]", CASE + "[[rules]]",
        "broken.toml:32: case 'c': it does not say 'history_months'. "
        "Hint: give it in the case or in [base], or list it in unknown"),
    "cases file missing": ('zh = "小"', 'zh = "小"\ncases = "cases.toml"',
        "broken.toml:8: cases: there is no file 'cases.toml' beside it. Hint: name a file relative to the policy"),
    "cases twice": ('zh = "小"', 'zh = "小"\ncases = "cases.toml"\nbase = {}',
        "broken.toml:8: cases: the policy names a file of cases and has cases of its own. Hint: keep them in one place"),
    "included file missing": ('zh = "小"', 'zh = "小"\ninclude = ["moon.toml"]',
        "moon.toml: there is no such file. Hint: name a file relative to the policy"),
    "include no list": ('zh = "小"', 'zh = "小"\ninclude = "moon.toml"',
        'broken.toml:8: include: is no list of files. Hint: write include = ["common/base.toml"]'),
    # from here on only compiling can see it
    "no such feature": ("history_months", "moon_months",
        "broken.toml:9: input 'moon_months': there is no such feature. "
        "Hint: the facts are pd_ppm, points, outside_count, owner_pd_ppm, owner_points, business_pd_ppm, business_points, "
        "fraud_status, fraud_grade, exposure_fen, group_exposure_fen, open_loans_count; `features list` shows the rest"),
    "wrong unit": ('unit = "months"', 'unit = "days"',
        "broken.toml:9: input 'history_months': its unit is 'months', not 'days'. Hint: state the unit of the feature"),
    "product leaves out": ("rate_ppm", "price_ppm",
        "broken.toml:14: parameter 'price_ppm': the product does not give it. Hint: add it to small.toml"),
    "both give": ("hi = 1000000, about", "hi = 1000000, base = 1, about",
        "broken.toml:14: parameter 'rate_ppm': policy and product both give it. Hint: drop `base` here, or it there"),
    "amount for a condition": ("history_months < 12", "history_months + 12",
        "broken.toml:36: rule 'thin', when: 'history_months + 12' is integer, not boolean. "
        "Hint: write a condition, such as history_months < 12"),
    "condition for an amount": ('formula = "sales_fen_12m"', 'formula = "sales_fen_12m > 0"',
        "broken.toml:29: limit 'cap', formula: 'sales_fen_12m > 0' is boolean, not integer. "
        "Hint: write an amount, such as mul_rate(sales_fen_12m, 250000)"),
}  # fmt: skip


def compiled(path: Path, fields) -> Policy:
    policy = load_policy(path)
    compile_policy(policy, fields, {"rate_ppm": 50_000}, schedule="equal_instalment")
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
    with pytest.raises(PolicyError, match=r"^broken\.toml:36: rule 'thin', when: .*Hint: "):
        compiled(write(tmp_path, SMALL.replace("history_months < 12", formula)), fields)


def test_an_overflow_is_found_before_any_decision(tmp_path, fields):
    power = " * ".join(["sales_fen_12m"] * 4)
    text = SMALL.replace('formula = "sales_fen_12m"', f'formula = "{power}"')
    with pytest.raises(PolicyError, match=r"^broken\.toml:29: limit 'cap', formula: "):
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
    with pytest.raises(NotFoundError, match=r"there is: .*enterprise_loan"):
        load_policy(name)


def test_identity_follows_content_not_layout_or_cases(tmp_path):
    plain = load_policy(write(tmp_path, SMALL))
    same = load_policy(write(tmp_path, "# a comment\n" + SMALL.replace("lo = 0, hi = 36", "hi = 36,  lo = 0")))
    more = load_policy(write(tmp_path, SMALL + '\n[[case]]\nname = "c"\noutcome = "refer"\nreasons = []\n'
                                               'unknown = ["history_months", "sales_fen_12m", "pd_ppm"]\n'))  # fmt: skip
    other = load_policy(write(tmp_path, SMALL.replace("history_months < 12", "history_months < 13")))
    assert plain.identity == same.identity == more.identity != other.identity


def test_a_shipped_policy_and_its_copy_are_the_same(tmp_path):
    folder = Path(str(files("weilend.decision") / "policies"))
    shutil.copytree(folder, tmp_path / "copy")
    for name in policy_names():
        copy, shipped = load_policy(tmp_path / "copy" / f"{name}.toml"), load_policy(name)
        assert msgspec.structs.asdict(copy) == msgspec.structs.asdict(shipped)


def test_a_policy_that_was_kept_decides_as_before(fields, parameters):
    """Also where many inputs are refused at once: the order of a file's tables is gone, the order of reasons must not be."""
    policy = load_policy(LOAN)
    kept = restore_policy(dump_policy(policy))
    assert (kept.identity, kept.cases) == (policy.identity, ())
    stale = FeatureRow(business_id="E1", as_of=0, feature_set="f", values=policy.base_case)
    evaluators = [compile_policy(one, fields, parameters, schedule="interest_first") for one in (policy, kept)]
    answers = [evaluator.decide(stale, FraudVerdict("clear"), None, as_of=10**9) for evaluator in evaluators]
    assert answers[0] == answers[1]
    assert len(answers[0].reasons) > 10


@pytest.mark.parametrize("dumped", [b"", b"{}", b"[1]", b'{"name": 1}'])
def test_a_kept_policy_that_was_spoilt_is_said(dumped):
    with pytest.raises(PolicyError, match="the kept policy: cannot be read"):
        restore_policy(dumped)
