"""In: ciphertext and wrapped keys. Out: the same, until a key is shredded. Used: by the desk alone, which encrypts and decrypts.

The store never sees a clear value or a usable key. What is sealed stays under the audit chain when its key is gone: the chain
covers the ciphertext.
"""

from __future__ import annotations

from sqlalchemy import Engine, select, update

from weilend.core.errors import CheckError
from weilend.core.ids import bytes_hash
from weilend.store.audit import insert_audited
from weilend.store.database import reading, writing
from weilend.store.schema import SEALED, SUBJECT_KEY


class Vault:
    """Sealed values and the keys of their subjects.

    >>> import tempfile
    >>> from weilend.store import Store
    >>> with tempfile.TemporaryDirectory() as home, Store.open(f"{home}/store.db") as store:
    ...     vault = Vault(store.engine)
    ...     kept = vault.put_key("E1", b"wrapped"), vault.put_key("E1", b"another")
    ...     new = [vault.put_sealed("E1", b"ciphertext", at=0) for _ in range(2)]
    ...     vault.shred("E1", at=9)
    ...     kept, new, vault.key("E1"), vault.erased(), vault.sealed("E1"), store.verify_chain()
    ((b'wrapped', b'wrapped'), [True, False], None, {'E1': 9}, (b'ciphertext',), ())
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def key(self, subject: str) -> bytes | None:
        """Return the wrapped key of a subject, None where there is none or it was shredded."""
        with reading(self._engine) as connection:
            found: bytes | None = connection.execute(
                select(SUBJECT_KEY.c.wrapped).where(SUBJECT_KEY.c.subject == subject)
            ).scalar_one_or_none()
        return found

    def put_key(self, subject: str, wrapped: bytes) -> bytes | None:
        """Keep a wrapped key where the subject has none, and return the one that is kept: of two writers the first one's.

        None for a subject who was erased.
        """
        with writing(self._engine) as connection:
            row = connection.execute(select(SUBJECT_KEY.c.wrapped).where(SUBJECT_KEY.c.subject == subject)).first()
            if row is None:
                connection.execute(SUBJECT_KEY.insert(), {"subject": subject, "wrapped": wrapped, "erased_at": None})
                return wrapped
            known: bytes | None = row.wrapped
            return known

    def shred(self, subject: str, at: int) -> None:
        """Destroy the key of a subject and remember when; a second time only empties the log again."""
        with writing(self._engine) as connection:
            known = connection.execute(select(SUBJECT_KEY.c.erased_at).where(SUBJECT_KEY.c.subject == subject)).first()
            if known is None:
                connection.execute(SUBJECT_KEY.insert(), {"subject": subject, "wrapped": None, "erased_at": at})
            elif known.erased_at is None:
                change = update(SUBJECT_KEY).where(SUBJECT_KEY.c.subject == subject)
                connection.execute(change.values(wrapped=None, erased_at=at))
        self._forget_the_log()

    def erased(self) -> dict[str, int]:
        """Return the subjects who were erased, and when (UTC seconds)."""
        query = select(SUBJECT_KEY.c.subject, SUBJECT_KEY.c.erased_at).where(SUBJECT_KEY.c.erased_at.is_not(None))
        with reading(self._engine) as connection:
            return {row.subject: row.erased_at for row in connection.execute(query)}

    def put_sealed(self, subject: str, content: bytes, at: int) -> bool:
        """Keep ciphertext of a subject; returns whether it is new."""
        sealed_id = bytes_hash(content)
        with writing(self._engine) as connection:
            if connection.execute(select(SEALED.c.at).where(SEALED.c.sealed_id == sealed_id)).first():
                return False
            row = {"sealed_id": sealed_id, "subject": subject, "content": content, "at": at}
            insert_audited(connection, SEALED, [row], at)
        return True

    def sealed(self, subject: str) -> tuple[bytes, ...]:
        """Return all ciphertext of a subject."""
        query = select(SEALED.c.content).where(SEALED.c.subject == subject).order_by(SEALED.c.at, SEALED.c.sealed_id)
        with reading(self._engine) as connection:
            return tuple(connection.execute(query).scalars())

    def _forget_the_log(self) -> None:
        """Empty the write-ahead log, which still holds the page with the key; raises `CheckError` where a reader hinders it."""
        if self._engine.dialect.name != "sqlite":
            return
        connection = self._engine.raw_connection()
        try:
            hindered = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            connection.close()
        if hindered:
            raise CheckError("the key is shredded but still in the log, which others read", hint="end them and erase again")
