"""Commits for the tests of the store, and a process to be killed while it makes them."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from weilend.core.ids import content_hash
from weilend.core.values import Application, Decision, FeatureRow, FraudVerdict, Offer, Reason, Receipt
from weilend.store import store as rows
from weilend.store.database import writing
from weilend.store.store import Store
from weilend.store.values import Commit, OutboxEntry

AT = 1_577_808_000
RECEIPTS_PER_COMMIT = 3


def make_receipt(name: str, product: str = "enterprise_loan") -> Receipt:
    receipt = Receipt(
        receipt_id="",
        application=Application(
            application_id=f"A-{name}", product=product, business_id=f"E-{name}", as_of=AT, consent_id="own-data"
        ),
        book_seq=7,
        sealed={"policy": "p" * 32},
        features=FeatureRow(
            business_id=f"E-{name}", as_of=AT, feature_set="f" * 32, values={"sales_fen_12m": 5, "unknown": None}
        ),
        fraud=FraudVerdict("not_assessed"),
        score=None,
        decision=Decision(
            policy_id="p" * 32, outcome="refer", grade=None, ceiling_fen=None, floor_rate_ppm=None, limits_fen={"sales": None},
            reasons=(Reason("no_score", "no score", "没有评分"),),
        ),
        offer=Offer(status="not_assessed"),
    )  # fmt: skip
    fields = {name: getattr(receipt, name) for name in receipt.__struct_fields__} | {
        "receipt_id": content_hash([name, product])
    }
    return Receipt(**fields)


def make_commit(request_id: str, payload: bytes = b"{}", count: int = RECEIPTS_PER_COMMIT) -> Commit:
    receipts = tuple(make_receipt(f"{request_id}-{index}") for index in range(count))
    outbox = tuple(
        OutboxEntry(kind="record", key=f"decision/{receipt.receipt_id}", content=b"\x00\xff") for receipt in receipts
    )
    return Commit(request_id=request_id, payload=payload, receipts=receipts, outbox=outbox, at=AT)


class TwoTransactions(Store):
    """Planted bug: what came in is durable before what was decided about it."""

    def commit(self, commit: Commit) -> tuple[Receipt, ...]:
        with writing(self.engine) as connection:
            if rows._payload(connection, commit.request_id) is None:
                rows._write_intake(connection, commit)
        with writing(self.engine) as connection:
            rows._write_receipts(connection, commit)
            rows._write_outbox(connection, commit)
        return commit.receipts


class AnswersFirst(Store):
    """Planted bug: the answer goes out before the commit."""

    def commit(self, commit: Commit) -> tuple[Receipt, ...]:
        acknowledge(commit.request_id)
        return super().commit(commit)


STORES: dict[str, type[Store]] = {"real": Store, "two_transactions": TwoTransactions, "answers_first": AnswersFirst}


def acknowledge(request_id: str) -> None:
    os.write(sys.stdout.fileno(), f"{request_id}\n".encode())


def commit_many(store: Store, first: int, count: int) -> None:
    for number in range(first, first + count):
        store.commit(make_commit(f"R{number}"))
        acknowledge(f"R{number}")


def kill_at(step: int) -> None:
    """Kill this process, with no chance to clean up, at the step-th thing that it asks of the database."""
    seen = [0]

    def count(*_arguments: Any) -> None:
        seen[0] += 1
        if seen[0] == step:
            os.kill(os.getpid(), signal.SIGKILL)

    for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, moment, count)


def kill_at_each(folder: str, kind: str, steps: range) -> None:
    """Commit R0; then, for each step on a copy, fork a child that commits R1 and is killed on the way."""
    with STORES[kind].open(f"{folder}/start.db") as store:
        store.commit(make_commit("R0"))
    for step in steps:
        child = os.fork()
        if child == 0:
            path = shutil.copy(f"{folder}/start.db", f"{folder}/{step}.db")
            with open(f"{folder}/{step}.log", "wb", buffering=0) as log:
                os.dup2(log.fileno(), 1)
                store = STORES[kind].open(path)
                kill_at(step)
                commit_many(store, 1, 1)
            os._exit(0)
        os.waitpid(child, 0)


def kill_at_each_of_opening(folder: str, kind: str, steps: range) -> None:
    """Fork a child for each step; it makes a new store and is killed on the way."""
    for step in steps:
        child = os.fork()
        if child == 0:
            kill_at(step)
            STORES[kind].open(f"{folder}/{step}.db")
            os._exit(0)
        os.waitpid(child, 0)


def open_at_once(folder: str, kind: str, steps: range) -> None:
    """For each step let four children make the same store at the same moment."""
    for step in steps:
        children = [os.fork() for _ in range(4) if os.getpid() == PARENT]
        if os.getpid() != PARENT:
            STORES[kind].open(f"{folder}/{step}.db").put_artifact("policy", b"decline", AT)
            os._exit(0)
        codes = [os.waitpid(child, 0)[1] for child in children]
        os.write(sys.stdout.fileno(), f"{codes}\n".encode())


PARENT = os.getpid()

if __name__ == "__main__":
    mode, path, kind, *numbers = sys.argv[1:]
    if mode == "commit":
        commit_many(STORES[kind].open(path), int(numbers[0]), int(numbers[1]))
    else:
        {"steps": kill_at_each, "opening": kill_at_each_of_opening, "at_once": open_at_once}[mode](
            path, kind, range(*map(int, numbers))
        )
