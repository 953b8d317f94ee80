"""Every error that crossdesk raises on purpose.

::

    CrossdeskError
    ├── ConfigurationError      a person must change a setting or a file
    │   └── NotYAMLError        a file of settings is no YAML
    ├── SchemaError             the database is older or newer than the code
    ├── TryLaterError           the outside or the database is away for now
    │   ├── RowsBusyError       somebody else holds what this needs in the database
    │   └── LostLeaseError      another process does this now
    ├── NeverError              this will not work however often it is tried
    ├── OperatorError           the outside refuses until a person acts (credentials, rights)
    ├── UnknownOutcomeError     nobody can tell whether the outside acted
    ├── LostClaimError          another worker holds the conversation now
    ├── TurnTimeoutError        a turn took too long
    ├── ModelError              the model is missing or does not load
    │   └── GateError           something stands against releasing it
    ├── WordsError              words cannot be changed or released like this
    │   ├── StaleWordsError     somebody else changed them meanwhile
    │   └── FindingsError       the script checker has something against them
    ├── RulesError              shop.yml cannot be changed or released like this
    │   ├── StaleRulesError     somebody else changed it meanwhile, or its file
    │   └── FaultsError         something in it is wrong
    ├── MailError               a row of the mailroom cannot be tried again or given up now
    ├── BackupError             an archive cannot be made, or must not be restored
    ├── BuyerError              what is known of a buyer cannot be told or erased
    ├── ReviewError             what a message means cannot be said like this
    │   ├── StaleReviewError    somebody else decided meanwhile
    │   └── ErasedError         the message is no longer there
    ├── ShopError               the store's data does not allow it
    │   └── PolicyError         the store's policy does not allow it
    └── DeskError               a person's act that is not allowed
        ├── SignInError         wrong login or password, or too many tries
        ├── UnknownCaseError    there is no such case
        ├── CaseTakenError      somebody else was faster
        ├── NotOwnerError       only the case's owner may do that
        └── ForbiddenError      the rank does not allow it
"""

from __future__ import annotations


class CrossdeskError(Exception):
    """Something went wrong in crossdesk."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").splitlines()[0])


class ConfigurationError(CrossdeskError):
    """A setting or a file must be changed by a person."""


class NotYAMLError(ConfigurationError):
    """This file of settings is no YAML."""

    def __init__(self, message: str | None = None, *, says: str = "", line: int | None = None) -> None:
        super().__init__(message)
        #: The reason alone, and the line where it is known, from 1.
        self.says, self.line = says, line


class SchemaError(CrossdeskError):
    """The database does not have the schema that this version needs."""


class TryLaterError(CrossdeskError):
    """Not now: try again later."""

    def __init__(
        self, message: str | None = None, *, retry_after: float | None = None, whole_account: bool = False
    ) -> None:
        super().__init__(message)
        #: Seconds that the other side asked us to wait, if it said so.
        self.retry_after = retry_after
        #: Whether it takes nothing at all from this account until then.
        self.whole_account = whole_account


class RowsBusyError(TryLaterError):
    """Somebody else holds what this needs in the database."""


class LostLeaseError(TryLaterError):
    """Another process does this now."""


class NeverError(CrossdeskError):
    """This will not work however often it is tried."""


class OperatorError(CrossdeskError):
    """The other side refuses until a person acts."""


class UnknownOutcomeError(CrossdeskError):
    """Nobody can tell whether the other side acted."""


class LostClaimError(CrossdeskError):
    """Another worker holds this conversation now."""


class TurnTimeoutError(CrossdeskError):
    """The turn took too long."""


class ModelError(CrossdeskError):
    """The model is missing or does not load."""


class GateError(ModelError):
    """Something stands against the release of this model."""

    def __init__(self, message: str | None = None, *, gates: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        #: What stands against it, for a person to read.
        self.gates = gates


class WordsError(CrossdeskError):
    """These words cannot be changed or released like this."""


class StaleWordsError(WordsError):
    """Somebody else changed these words while you looked: look again."""


class RulesError(CrossdeskError):
    """These rules cannot be changed or released like this."""


class StaleRulesError(RulesError):
    """Somebody else changed these rules, or their file, while you looked: look again."""


class FaultsError(RulesError):
    """Something in these rules is wrong."""

    def __init__(self, message: str | None = None, *, faults: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        #: What is wrong, a line each.
        self.faults = faults


class FindingsError(WordsError):
    """The script checker has something against these words."""

    def __init__(self, message: str | None = None, *, findings: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        #: What it found, a line each.
        self.findings = findings


class MailError(CrossdeskError):
    """This row cannot be tried again or given up now."""


class BackupError(CrossdeskError):
    """The archive cannot be made, or must not be restored."""


class BuyerError(CrossdeskError):
    """What is known of this buyer cannot be told or erased now."""


class ReviewError(CrossdeskError):
    """What a message means cannot be said like this."""


class StaleReviewError(ReviewError):
    """Somebody else decided on these messages while you looked: look again."""


class ErasedError(ReviewError):
    """These messages are no longer there: their buyer was erased, or they were too old. Nothing was done."""


class ShopError(CrossdeskError):
    """The store's data does not allow this."""

    def __init__(self, message: str | None = None, *, code: str = "shop") -> None:
        super().__init__(message)
        #: One of ``bot.shop.values.Refusal``'s values: what a flow branches on.
        self.code = code


class PolicyError(ShopError):
    """The store's policy does not allow this."""


class NotAcceptedError(ShopError):
    """The system in which the store's orders live does not do this: a person must."""


class DeskError(CrossdeskError):
    """This act is not possible at the desk."""


class SignInError(DeskError):
    """The login or the password is wrong."""

    def __init__(self, message: str | None = None, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        #: Seconds until a try counts again; ``None`` if the next one may follow at once.
        self.retry_after = retry_after


class UnknownCaseError(DeskError):
    """There is no such case."""


class UnknownRequestError(DeskError):
    """There is no such request."""


class DecidedError(DeskError):
    """Somebody has decided on this request already, or its time has run out."""


class CaseTakenError(DeskError):
    """Somebody else has this case."""

    def __init__(self, message: str | None = None, *, owner: str | None = None) -> None:
        super().__init__(message)
        #: The name of who has it; ``None`` if nobody does (it is closed).
        self.owner = owner


class NotOwnerError(DeskError):
    """Only the owner of the case may do this."""


class ForbiddenError(DeskError):
    """Your rank does not allow this."""
