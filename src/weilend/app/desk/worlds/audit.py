"""In: a world on disk. Out: `WorldAudit`: is it hard enough, does anything tell, is it near what is known. Used: by `weilend
sim audit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from weilend.app.desk.home import Home, open_home
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.spines import fold_spine
from weilend.app.desk.worlds.making import WorldMade, make_world
from weilend.core.errors import NotFoundError
from weilend.core.records import KINDS
from weilend.economy.audit.difficulty import Difficulty, measure_difficulty
from weilend.economy.audit.marginals import Marginal, Seen, measure
from weilend.economy.audit.rejects import Asked, Rejects, study_rejects
from weilend.economy.audit.tells import Finding, scan_ids, scan_kind
from weilend.economy.firms import Ints
from weilend.economy.fraud import PATTERNS
from weilend.economy.loan_records import PRODUCTS
from weilend.economy.plan import make_plan as make_world_plan
from weilend.engine import BookView
from weilend.engine.occurrences import count_occurrences
from weilend.features.compute import finish
from weilend.features.plans import make_plan
from weilend.features.sets import LIBRARY
from weilend.features.spines import all_applications

#: The offer by which applicants are compared.
STANDARD = "limit_100_rate_15"
#: Honest subjects whose records a pattern's are held against.
_HONEST_SUBJECTS = 400


class WorldAudit(msgspec.Struct, frozen=True, kw_only=True):
    """What an auditor found in a world.

    >>> WorldAudit.__struct_fields__[:2]
    ('made', 'difficulty')
    """

    made: WorldMade
    difficulty: Difficulty
    rejects: Rejects | None
    findings: tuple[Finding, ...]
    marginals: tuple[Marginal, ...]

    @property
    def telling(self) -> tuple[Finding, ...]:
        """Fields that tell more than they may."""
        return tuple(one for one in self.findings if one.tells)

    @property
    def passes(self) -> bool:
        """Whether the world is hard enough and nothing tells."""
        return self.difficulty.fits and not self.telling


def audit_drawn(
    world_seeds: Sequence[int], *, businesses: int, months: int, seed: int, workers: int = 2, tell: Tell = say_nothing
) -> list[WorldAudit]:
    """Make one world for each seed of constants, audit it, and throw it away; each process has a world of its own."""
    audits: list[WorldAudit] = []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for audit in pool.map(partial(_audit_one, businesses, months, seed), world_seeds):
            audits.append(audit)
            tell("audit worlds", len(audits), len(world_seeds))
    return audits


def _audit_one(businesses: int, months: int, seed: int, world_seed: int) -> WorldAudit:
    pa.set_cpu_count(1)  # each process has its core
    with TemporaryDirectory() as name:
        plan = make_world_plan(businesses=businesses, months=months, seed=seed, world_seed=world_seed)
        make_world(plan, Path(name) / "world", workers=1)
        return audit_world(Path(name) / "world")


def audit_world(folder: Path, *, threads: int = 1) -> WorldAudit:
    """Audit the world in a folder; `NotFoundError` where there is none."""
    path = folder / "world.json"
    if not path.is_file():
        raise NotFoundError(f"no world in {folder}", hint="make one with: weilend sim world --out FOLDER")
    made = msgspec.json.decode(path.read_bytes(), type=WorldMade)
    home, truth = open_home(folder / "home", create=False), read_truth(folder)
    view = home.book.view()
    asked, rows = _asked(home, view, truth["applications"])
    oracle = truth["applications"][f"pd_ppm_{STANDARD}"].to_numpy()[rows].astype(np.float64)
    return WorldAudit(
        made=made,
        difficulty=measure_difficulty(
            asked.names, asked.signs, asked.seen, asked.bad, asked.firm, oracle, seed=made.seed, threads=threads
        ),
        rejects=study_rejects(asked, seed=made.seed, threads=threads),
        findings=(*_fraud_findings(view, truth), *_id_findings(truth)),
        marginals=measure(Seen(lambda kind, columns: view.read(kind, columns=columns), truth, made.months)),
    )


def read_truth(folder: Path) -> dict[str, pa.Table]:
    """Return the tables of the truth of a world."""
    return {path.stem: pq.read_table(path) for path in sorted((folder / "truth").glob("*.parquet"))}


def _asked(home: Home, view: BookView, asks: pa.Table) -> tuple[Asked, Ints]:
    """Return the applicants with every feature of the library, all sources together, and their places in the truth."""
    plan, tables, ids, firms = make_plan(LIBRARY), [], [], []
    for product in PRODUCTS:
        spine = all_applications(view, product)
        tables.append(finish(LIBRARY, spine, fold_spine(home, plan, spine, view), home.calendar))
        ids += [row[0] for row in spine.linked["application_id"]]
        firms += list(spine.subjects)
    rows = pc.index_in(pa.array(ids), value_set=asks["application_id"].combine_chunks()).to_numpy()
    approved, taken, bad = (asks[name].to_numpy()[rows] for name in ("approved_of_old", "taken_of_old", f"bad_{STANDARD}"))
    asked = Asked(
        names=[feature.name for feature in LIBRARY.features],
        signs=[feature.sign for feature in LIBRARY.features],
        values=np.concatenate([table.values for table in tables]),
        known=np.concatenate([table.known for table in tables]),
        firm=np.unique(firms, return_inverse=True)[1],
        month=asks["month"].to_numpy()[rows],
        approved=approved,
        taken=taken,
        bad=bad,
    )
    return asked, rows


def _fraud_findings(view: BookView, truth: dict[str, pa.Table]) -> list[Finding]:
    """Return what single fields tell of the records of each pattern, among all records of who commits it and of honest others.

    Subjects are drawn whole, and how often an id occurs is counted over the whole book: whom firms trade with was not drawn.
    """
    found: list[Finding] = []
    marks = truth["records"]
    everybody = {
        "business_id": truth["firms"]["business_id"],
        "shop_id": view.read("shop_snapshot", columns=["shop_id"])["shop_id"],
    }
    for kind in sorted(set(marks["kind"].to_pylist())):
        here, whose = marks.filter(pc.equal(marks["kind"], kind)), KINDS[kind].subjects[0]
        guilty = pc.unique(here["subject_id"])
        others = np.setdiff1d(pc.unique(everybody[whose]).to_numpy(zero_copy_only=False), guilty.to_numpy(zero_copy_only=False))
        others = np.random.default_rng(1).choice(others, min(_HONEST_SUBJECTS, len(others)), replace=False)
        table = view.read(kind, subjects=[*guilty.to_pylist(), *others.tolist()])
        often = {
            name: count_occurrences(view, kind, name, table[name])
            for name in table.column_names
            if pa.types.is_string(table.schema.field(name).type) and name not in ("key", "record_id")
        }
        place = pc.index_in(table["record_id"], value_set=here["record_id"].combine_chunks()).combine_chunks()
        pattern = here["pattern"].combine_chunks().take(place)
        honest = pc.is_null(pattern).to_numpy(zero_copy_only=False)
        subject = table[whose].combine_chunks().dictionary_encode()
        codes, is_other = subject.indices.to_numpy(), np.isin(subject.dictionary.to_numpy(zero_copy_only=False), others)
        for name in PATTERNS:
            made = pc.fill_null(pc.equal(pattern, name), fill_value=False).to_numpy(zero_copy_only=False)
            commits = np.isin(np.arange(len(is_other)), codes[made])
            chosen = np.flatnonzero((commits | is_other)[codes] & (made | honest))
            part, ceilings = table.take(pa.array(chosen)), PATTERNS[name].ceilings
            counts = {column: count[chosen] for column, count in often.items()}
            found += scan_kind(kind, part, made[chosen], codes[chosen], name, ceilings, counts)
    return found


def _id_findings(truth: dict[str, pa.Table]) -> list[Finding]:
    """Return what the order of ids tells of outcomes and of fraud."""
    asks, firms = truth["applications"], truth["firms"]
    bad, fraud = asks[f"bad_{STANDARD}"].to_numpy(), pc.is_valid(asks["pattern"]).to_numpy(zero_copy_only=False)
    ids, names = [asks["application_id"], asks["business_id"]], ["application_id", "business_id"]
    strong = firms["unseen_milli"].to_numpy() > 0
    return [
        *scan_ids("bad applicants", ids, names, bad),
        *scan_ids("fraud", ids, names, fraud),
        *scan_ids("unseen trait", [firms["business_id"]], ["business_id"], strong),
    ]
