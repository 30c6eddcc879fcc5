"""In: outcomes and what champion and challenger said of them. Out: evidence, as a file that people read. Used: to promote.

Evidence is the verdict of `models/judgement` with the names of whom it speaks of. It is checked again when it is used: the verdict
must follow from the numbers beside it, the challenger be the one that is promoted, the champion the one that decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from weilend.app.desk.releases import SHORT
from weilend.core.errors import CheckError, InputError
from weilend.core.ids import canonical_json
from weilend.models.judgement.bootstrap import Contender, compare, draw
from weilend.models.judgement.champion import Verdict, judge_challenger
from weilend.models.judgement.gates import Finding, load_gates, measure_stability, read_grades
from weilend.models.master_scale import grade_table, load_scale
from weilend.models.prediction import Prediction
from weilend.models.table import Integers

CHALLENGER, CHAMPION = "challenger", "champion"
DRAWS = 1_000
_HINT = "judge it with: weilend model evidence NAME"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of a challenger (a version) on some rows, against a champion ("" where there is none), and how.

    >>> Evidence(challenger="v2", champion="v1", rows=9, bads=2, how="out of fold", verdict=judge_challenger([], [])).rows
    9
    """

    challenger: str
    champion: str
    rows: int
    bads: int
    how: str
    verdict: Verdict


def judge_pair(
    bad: Integers, group: Integers, challenger: Prediction, champion: Prediction | None,
    moved: tuple[Integers, Integers] | None = None, *, seed: int = 1,
) -> Verdict:  # fmt: skip
    """Return the verdict on a challenger from rows that neither has learned from: paired differences, and its gates.

    `moved` are the challenger's points on the rows that it learned from and on those who ask now: these must not lie apart.

    >>> import numpy as np
    >>> bad, points = np.array([1, 0] * 30), np.array([500, 600] * 30)
    >>> said = Prediction(points, np.array([900_000, 100_000] * 30))
    >>> coin = Prediction(np.array([550, 551, 551, 550] * 15), np.full(60, 500_000))
    >>> judge_pair(bad, np.arange(60), said, coin).verdict
    'replace'
    """
    gates = load_gates()
    findings = [read_grades(gates["grade_too_low"], grade_table(bad, challenger.pd_ppm, load_scale()))]
    if moved is not None:
        shift = measure_stability(*moved, seed=seed, draws=DRAWS)
        findings.append(gates["points_psi"].read(shift.lo_ppm, shift.hi_ppm))
    if champion is None:
        return judge_challenger([], findings)
    contenders = [Contender(CHALLENGER, challenger), Contender(CHAMPION, champion)]
    return judge_challenger(compare(draw(bad, group, contenders, seed=seed, draws=DRAWS), CHALLENGER, CHAMPION), findings)


def check_evidence(evidence: Evidence | None, version: str, champion: str) -> None:
    """Refuse to promote without evidence that speaks for a version against the champion; raises `CheckError` in one sentence.

    Where there is no champion, gates that were read and are not red are enough.

    >>> check_evidence(None, "v2", "")
    Traceback (most recent call last):
    weilend.core.errors.CheckError: nothing shows that v2 is good enough. Hint: judge it with: weilend model evidence NAME
    """
    if evidence is None:
        raise CheckError(f"nothing shows that {version[:SHORT]} is good enough", hint=_HINT)
    verdict = evidence.verdict
    again = judge_challenger(verdict.differences, verdict.findings)
    wanted = "replace" if champion else "no_evidence"
    against = ", ".join((*verdict.losses, *(f"{gate} is red" for gate in verdict.red))) or "nothing is better beyond chance"
    wrong: Sequence[tuple[bool, str]] = (
        (evidence.challenger != version, f"the evidence speaks of {evidence.challenger[:SHORT]}, not of {version[:SHORT]}"),
        (evidence.champion != champion,
         f"the evidence is against {_named(evidence.champion)}, and {_named(champion)} decides"),
        (again != verdict, "the evidence's verdict does not follow from its numbers"),
        (not verdict.findings and not verdict.differences, "the evidence holds no numbers"),
        (again.verdict != wanted, f"the evidence does not speak for {version[:SHORT]}: {against}"),
    )  # fmt: skip
    said = next((text for holds, text in wrong if holds), "")
    if said:
        raise CheckError(said, hint=_HINT)


def _named(version: str) -> str:
    return version[:SHORT] or "no champion"


def write_evidence(evidence: Evidence, path: Path) -> None:
    """Write evidence as JSON, indented for people.

    >>> from tempfile import TemporaryDirectory
    >>> one = Evidence(challenger="v2", champion="", rows=9, bads=2, how="out of fold", verdict=judge_challenger([], []))
    >>> with TemporaryDirectory() as folder:
    ...     write_evidence(one, Path(folder) / "evidence.json")
    ...     read_evidence(Path(folder) / "evidence.json") == one
    True
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(canonical_json(evidence), indent=1) + b"\n")


def read_evidence(path: Path) -> Evidence:
    """Return the evidence in a file; `InputError` where there is none.

    >>> read_evidence(Path("no-such-file"))
    Traceback (most recent call last):
    weilend.core.errors.InputError: no-such-file is no evidence about a model: ... Hint: judge it with: weilend model evidence NAME
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Evidence)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{path} is no evidence about a model: {error}", hint=_HINT) from None


def tell_findings(findings: Sequence[Finding]) -> str:
    """Return gates in words.

    >>> tell_findings([Finding("points_psi", "green", 0, 4_000)])
    'points_psi green'
    """
    return ", ".join(f"{finding.gate} {finding.state}" for finding in findings)


def tell_verdict(evidence: Evidence) -> str:
    """Return what evidence comes to in words.

    >>> tell_verdict(Evidence(challenger="v2", champion="", rows=9, bads=2, how="out of fold", verdict=judge_challenger([], [])))
    'no evidence against no champion'
    """
    verdict = evidence.verdict
    gates = f"; {tell_findings(verdict.findings)}" if verdict.findings else ""
    return f"{verdict.verdict.replace('_', ' ')} against {_named(evidence.champion)}{gates}"
