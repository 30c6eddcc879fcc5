"""In: nothing. Out: every error that weilend raises on purpose. Used: in all rooms; the doors turn them into exit codes.

The tree, exit code on the right::

    WeilendError
    ├── InputError            2   what was given is wrong; the text says what, where and what to do
    │   ├── FormulaError          a formula does not parse or does not type-check (carries a caret and a hint)
    │   ├── SourceError           a file is not what it was said to be
    │   ├── SchemaError           a record does not fit the schema of its kind
    │   ├── PolicyError           a policy or product file is malformed
    │   ├── ConsentError          data came without a consent
    │   └── NotFoundError         a name, id or path that does not exist
    └── CheckError            1   the input is fine, the answer is no
        ├── ReplayError           a receipt does not replay to the same bits
        ├── BookError             the record book contradicts itself
        ├── ImmatureLabelError    labels are not known at the as_of that was asked for
        ├── TooFewError           what is known so far is not enough to say it
        └── InfeasibleError       no allocation satisfies the constraints
"""

from __future__ import annotations


class WeilendError(Exception):
    """Root of all errors raised on purpose.

    >>> raise InputError("no such folder: x", hint="check the path")
    Traceback (most recent call last):
    weilend.core.errors.InputError: no such folder: x. Hint: check the path
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message.rstrip('.')}. Hint: {hint}" if hint else message)


class InputError(WeilendError):
    """What was given is wrong: the message says what, the hint what to do next."""

    exit_code = 2


class FormulaError(InputError):
    """A formula does not parse or does not type-check."""


class SourceError(InputError):
    """A raw file is not what it was said to be."""


class SchemaError(InputError):
    """A record does not fit the schema of its kind."""


class PolicyError(InputError):
    """A policy, product or partner file is malformed."""


class ConsentError(InputError):
    """Data came without a consent id."""


class NotFoundError(InputError):
    """A name, an id or a path that does not exist."""


class CheckError(WeilendError):
    """The input is fine and the answer is no."""


class ReplayError(CheckError):
    """A receipt does not replay to the same bits."""


class BookError(CheckError):
    """The record book contradicts itself."""


class ImmatureLabelError(CheckError):
    """Labels are asked for before they are known."""


class TooFewError(CheckError):
    """What is known so far is not enough to learn or to judge from."""


class InfeasibleError(CheckError):
    """No allocation satisfies the constraints."""
