"""Settings: ``shop.yml`` for the store's rules, the environment for the place it runs in."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies
from holidays import list_supported_countries
from pydantic import BaseModel, Extra, Field, ValidationError, validator
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from bot.errors import ConfigurationError

#: The project's root: where config.yml, shop.yml, stories/ and replies/ lie.
ROOT = Path(__file__).resolve().parent.parent

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Right = Literal[
    "claim",
    "reply",
    "note",
    "close",
    "hand_back",
    "discount",
    "refund",
    "take_over",
    "approve",
    "people",
    "train",
    "release",
]

#: Lowest first.
RANKS = ("trainee", "agent", "aftersales", "supervisor", "admin")


class _Rules(BaseModel):
    class Config:
        """A misspelt key is an error, and rules never change while serving."""

        extra = Extra.forbid
        allow_mutation = False


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(
            f"'{name}' is not a time zone of the IANA database (such as Europe/Berlin)"
        ) from error
    return name


def _known_currency(code: str) -> str:
    if code not in list_currencies():
        raise ValueError(f"'{code}' is not a currency: give its ISO 4217 code (such as EUR)")
    return code


def _working_regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"'{text}' is not a regular expression: {error}") from error
    return text


def _time_of_day(text: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00", text):
        raise ValueError(f"'{text}' is not a time of day (such as \"09:30\")")
    return text


def _not_negative(number: int) -> int:
    if number < 0:
        raise ValueError("ensure this value is greater than or equal to 0")
    return number


class StoreRules(_Rules):
    """Who the store is."""

    name: str
    assistant: str
    timezone: str
    currency: str
    vip_from: Decimal = Field(ge=0)
    email: str
    website: str

    _zone = validator("timezone", allow_reuse=True)(_known_zone)
    _currency = validator("currency", allow_reuse=True)(_known_currency)


class OrderNumberPattern(_Rules):
    """How an order number may be typed, and its form in the database."""

    regex: str
    normal: str

    _works = validator("regex", allow_reuse=True)(_working_regex)

    @validator("normal")
    def _names_groups(cls, value: str, values: dict[str, Any]) -> str:  # noqa: N805 (pydantic's way)
        groups = re.compile(values.get("regex", "")).groupindex
        try:
            value.format(**dict.fromkeys(groups, ""))
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(
                f"'{value}' names what the regex has no group for (there are: {', '.join(groups) or 'none'})"
            ) from error
        return value


class PatternRules(_Rules):
    """How the store's numbers look."""

    order_number: tuple[OrderNumberPattern, ...]
    tracking_number: tuple[str, ...]

    _work = validator("tracking_number", each_item=True, allow_reuse=True)(_working_regex)


class IdentityRules(_Rules):
    """When a buyer counts as known."""

    wrong_tries: int = Field(ge=1)
    lock_minutes: int = Field(ge=1)
    valid_hours: int = Field(ge=1)


class UnderstandingRules(_Rules):
    """When the bot gives up and fetches a person."""

    repeats: int = Field(ge=2)
    misunderstandings: int = Field(ge=1)


class DiscountRule(_Rules):
    """The most the bot may concede."""

    amount: Decimal = Field(ge=0)
    currency: str
    percent: Decimal = Field(ge=0, le=100)

    _currency = validator("currency", allow_reuse=True)(_known_currency)


class AuthorityRules(_Rules):
    """What the bot may grant by itself."""

    refund: Decimal = Field(ge=0)
    discount: DiscountRule


class ReturnRules(_Rules):
    """Returns and refunds."""

    window_days: int = Field(ge=0)
    window_days_by_country: Mapping[str, int]
    keep_below: Decimal = Field(ge=0)
    refund_days: Mapping[str, int]
    check_days: int = Field(ge=0)
    address: str

    _days = validator("window_days_by_country", "refund_days", each_item=True, allow_reuse=True)(
        _not_negative
    )


class ShippingRules(_Rules):
    """Parcels."""

    stuck_days: int = Field(ge=1)
    trace_days: int = Field(ge=1)
    free_from: Decimal = Field(ge=0)
    dispatch_hours: int = Field(ge=1)
    delay_days: Mapping[str, int]

    _days = validator("delay_days", each_item=True, allow_reuse=True)(_not_negative)


class PaymentRules(_Rules):
    """Payment."""

    methods: tuple[str, ...]
    card_brands: tuple[str, ...]
    wallets: tuple[str, ...]
    cash_on_delivery: bool
    currencies: tuple[str, ...]
    double_charge_hours: int = Field(ge=1)

    _currencies = validator("currencies", each_item=True, allow_reuse=True)(_known_currency)


class StockRules(_Rules):
    """What buyers are told about stock."""

    low: int = Field(ge=0)


RemarkColourName = Literal["yellow", "purple", "blue", "red", "green", "orange", "grey"]


class RemarkRules(_Rules):
    """The colour of a remark on an order, by what it is about."""

    price: RemarkColourName
    before_shipping: RemarkColourName
    after_shipping: RemarkColourName
    special: RemarkColourName
    refund: RemarkColourName


class QueueRules(_Rules):
    """A queue's working hours, in its own time zone."""

    timezone: str
    days: tuple[Day, ...]
    opens: str = Field(alias="from")
    closes: str = Field(alias="to")
    #: ISO 3166 code of the country whose public holidays the queue keeps, if any.
    holidays: str | None = None

    _zone = validator("timezone", allow_reuse=True)(_known_zone)
    _times = validator("opens", "closes", allow_reuse=True)(_time_of_day)

    @validator("holidays")
    def _known_holidays(cls, value: str | None) -> str | None:  # noqa: N805 (pydantic's way)
        if value is not None and value not in list_supported_countries():
            raise ValueError(
                f"nobody knows the holidays of '{value}': give a country's ISO 3166 code (such as DE)"
            )
        return value

    @validator("days")
    def _works_at_all(cls, value: tuple[Day, ...]) -> tuple[Day, ...]:  # noqa: N805 (pydantic's way)
        if not value:
            raise ValueError("a queue must work on one day at least")
        return value


class ClockRules(_Rules):
    """How long a buyer may be left without an answer."""

    claim_minutes: int = Field(ge=1)
    first_answer_minutes: int = Field(ge=1)
    open_question_hours: int = Field(ge=1)


class RankRules(_Rules):
    """What a rank adds to the rights of those below it."""

    may: tuple[Right, ...]
    reply_needs_approval: bool = False
    refund: Decimal = Field(default=Decimal(0), ge=0)
    discount: Decimal = Field(default=Decimal(0), ge=0)


class ServingRules(_Rules):
    """How the service runs."""

    workers: int = Field(ge=1)
    turn_seconds: float = Field(gt=0, le=600)
    turn_tries: int = Field(ge=1)


class ShopRules(_Rules):
    """``shop.yml`` as a whole."""

    store: StoreRules
    languages: tuple[str, ...]
    fallback_language: str
    channels: tuple[str, ...]
    desks: tuple[str, ...]
    patterns: PatternRules
    identity: IdentityRules
    understanding: UnderstandingRules
    authority: AuthorityRules
    returns: ReturnRules
    shipping: ShippingRules
    payment: PaymentRules
    stock: StockRules
    remarks: RemarkRules
    queues: Mapping[str, QueueRules]
    topic_queues: Mapping[str, str]
    intent_queues: Mapping[str, str]
    clocks: ClockRules
    ranks: Mapping[str, RankRules]
    serving: ServingRules

    @validator("languages", each_item=True)
    def _has_words(cls, value: str) -> str:  # noqa: N805 (pydantic's way)
        try:
            Locale.parse(value)
        except (UnknownLocaleError, ValueError) as error:
            raise ValueError(f"'{value}' is not a language: give its ISO 639-1 code (such as en)") from error
        return value

    @validator("fallback_language")
    def _is_spoken(cls, value: str, values: dict[str, Any]) -> str:  # noqa: N805 (pydantic's way)
        if value not in values.get("languages", (value,)):
            raise ValueError(f"'{value}' is not among `languages`")
        return value

    @validator("ranks")
    def _rank_exists(cls, value: Mapping[str, RankRules]) -> Mapping[str, RankRules]:  # noqa: N805
        for rank in value:
            if rank not in RANKS:
                raise ValueError(f"there is no rank '{rank}' (there are: {', '.join(RANKS)})")
        return value

    @validator("topic_queues", "intent_queues")
    def _queue_exists(cls, value: Mapping[str, str], values: dict[str, Any]) -> Mapping[str, str]:  # noqa: N805
        for key, queue in value.items():
            if queue not in values.get("queues", {queue: None}):
                raise ValueError(f"{key} goes to the queue '{queue}', which `queues` does not describe")
        return value

    def queue_for(self, intent: str) -> str:
        """The queue that takes a case about this intent; the topic is the intent's prefix."""
        topic = intent.split("_", 1)[0]
        return self.intent_queues.get(intent) or self.topic_queues.get(topic) or self.topic_queues["other"]


@dataclass(frozen=True)
class Settings:
    """Everything a process needs to know before it opens anything."""

    rules: ShopRules
    database_url: str
    #: Models, attachments, caches; shared between hosts.
    files: Path
    #: The store's own files, laid over the shipped ones.
    store: Path
    host: str = "127.0.0.1"
    port: int = 8600

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, root: Path = ROOT) -> Settings:
        """Read ``shop.yml`` (the store's own laid over the shipped one) and the environment.

        Raises:
            ConfigurationError: names the file, the line and what is allowed.
        """
        env = os.environ if environment is None else environment
        files = Path(env.get("CROSSDESK_FILES") or root / "var" / "files").absolute()
        store = Path(env.get("CROSSDESK_STORE") or root / "store").absolute()
        port = env.get("CROSSDESK_PORT") or "8600"
        if not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
            raise ConfigurationError(f"CROSSDESK_PORT is '{port[:20]}': give a port between 0 and 65535")
        return cls(
            rules=read_rules(root / "shop.yml", store / "shop.yml"),
            database_url=env.get("CROSSDESK_DATABASE_URL")
            or f"sqlite:///{root / 'var' / 'crossdesk.sqlite'}",
            files=files,
            store=store,
            host=env.get("CROSSDESK_HOST") or "127.0.0.1",
            port=int(port),
        )


def read_rules(shipped: Path, own: Path | None = None) -> ShopRules:
    """Read the shipped ``shop.yml`` and lay the store's own over it, key by key.

    Raises:
        ConfigurationError: names the file, the line and what is allowed.
    """
    base = _read_yaml(shipped)
    over = _read_yaml(own) if own is not None and own.exists() else CommentedMap()
    try:
        return ShopRules.parse_obj(_laid_over(base, over))
    except ValidationError as error:
        first = error.errors()[0]
        place = tuple(first["loc"])
        (own_depth, own_line), (depth, shipped_line) = _standing_of(over, place), _standing_of(base, place)
        name, line = (own, own_line) if own_depth and own_depth >= depth else (shipped, shipped_line)
        where = f"{name}, line {line}" if line else str(name)
        wrong = (
            _unknown_key(place)
            if first["type"] == "value_error.extra"
            else _SHAPES.get(first["type"], first["msg"])
        )
        raise ConfigurationError(f"{where}: {'.'.join(map(str, place))}: {wrong}") from error


#: What to say where Python's word for a shape would mean nothing to whoever writes YAML.
_SHAPES = {
    "type_error.tuple": "give a list (such as [a, b])",
    "type_error.dict": "give keys and values (such as {a: 1})",
    "type_error.none.not_allowed": "give a value; to keep the shipped one leave the key out",
    "type_error.str": "give a text",
}


def _unknown_key(place: tuple[Any, ...]) -> str:
    """What to say of a key that nothing knows: which ones there are."""
    model: type[BaseModel] = ShopRules
    for key in place[:-1]:
        # Names within a mapping and places in a list belong to no model.
        field = next((field for field in model.__fields__.values() if field.alias == key), None)
        model = model if field is None else field.type_
    known = ", ".join(field.alias for field in model.__fields__.values())
    return f"there is no such key (known are: {known})"


def _read_yaml(path: Path) -> CommentedMap:
    try:
        loaded = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path} is missing") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigurationError(f"{path}{line}: this is not YAML: {error.problem}") from error
    except (YAMLError, UnicodeDecodeError) as error:
        said = str(error).splitlines()[0]
        raise ConfigurationError(f"{path}: this is not YAML: {said}") from error
    except RecursionError as error:
        raise ConfigurationError(f"{path}: this is nested too deeply") from error
    if loaded is None:
        return CommentedMap()
    if not isinstance(loaded, CommentedMap):
        raise ConfigurationError(f"{path}: expected keys and values, found a {type(loaded).__name__}")
    return loaded


def _laid_over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in ((str(key), value) for key, value in over.items()):
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = _laid_over(below, value)
        else:
            merged[key] = value
    return merged


def _standing_of(source: Any, place: tuple[Any, ...]) -> tuple[int, int | None]:
    """How many parts of a key's path stand in a file, and the line (from 1) of the deepest of them."""
    line = None
    for depth, key in enumerate(place):
        # A key may be a number to YAML; to us it is a name.
        written = {str(own): own for own in source} if isinstance(source, CommentedMap) else {}
        if key not in written:
            return depth, line
        line = _line_of(source, written[key]) or line
        source = source[written[key]]
    return len(place), line


def _line_of(source: CommentedMap, key: Any) -> int | None:
    # What comes through a merge (`<<`) stands elsewhere.
    return int(source.lc.key(key)[0]) + 1 if key in (source.lc.data or ()) else None
