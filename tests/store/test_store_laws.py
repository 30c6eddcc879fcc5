from __future__ import annotations

import tempfile

from hypothesis import given, settings
from hypothesis import strategies as st
from store_examples import make_commit

from weilend.core.errors import InputError
from weilend.core.values import Receipt
from weilend.store.store import Store

REQUESTS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([b"", b"x", b"y"]), st.integers(0, 2)), max_size=8)


@settings(max_examples=15, deadline=None)
@given(requests=REQUESTS)
def test_a_request_happens_once_whatever_is_sent_again(requests: list[tuple[str, bytes, int]]) -> None:
    first: dict[str, tuple[bytes, tuple[Receipt, ...]]] = {}
    with tempfile.TemporaryDirectory() as home, Store.open(f"{home}/store.db") as store:
        for name, payload, count in requests:
            commit = make_commit(name, payload, count)
            known = first.setdefault(name, (payload, commit.receipts))
            try:
                answer = store.commit(commit)
            except InputError:
                assert payload != known[0]
            else:
                assert (payload, answer) == known
        assert list(store.receipts()) == [receipt for _, receipts in first.values() for receipt in receipts]
        assert len(store.pending_outbox(100)) == sum(len(receipts) for _, receipts in first.values())
        assert store.verify_chain() == ()
