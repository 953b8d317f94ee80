"""Settings: ``shop.yml`` for the store's rules, the environment for the place it runs in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Extra, Field, ValidationError, validator
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from bot.errors import ConfigurationError

#: The project's root: where config.yml, shop.yml, stories/ and replies/ lie.
ROOT = Path(__file__).resolve().parent.parent

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


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


class StoreRules(_Rules):
    """Who the store is."""

    name: str
    assistant: str
    timezone: str
    currency: str = Field(regex="^[A-Z]{3}$")
    vip_from: Decimal
    email: str
    website: str

    _zone = validator("timezone", allow_reuse=True)(_known_zone)


class OrderNumberPattern(_Rules):
    """How an order number may be typed, and its form in the database."""

    regex: str
    normal: str


class PatternRules(_Rules):
    """How the store's numbers look."""

    order_number: tuple[OrderNumberPattern, ...]
    tracking_number: tuple[str, ...]


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

    amount: Decimal
    currency: str = Field(regex="^[A-Z]{3}$")
    percent: Decimal


class AuthorityRules(_Rules):
    """What the bot may grant by itself."""

    refund: Decimal
    discount: DiscountRule


class ReturnRules(_Rules):
    """Returns and refunds."""

    window_days: int = Field(ge=0)
    window_days_by_country: Mapping[str, int]
    keep_below: Decimal
    refund_days: Mapping[str, int]
    check_days: int
    address: str


class ShippingRules(_Rules):
    """Parcels."""

    stuck_days: int = Field(ge=1)
    trace_days: int = Field(ge=1)
    free_from: Decimal
    dispatch_hours: int = Field(ge=1)
    delay_days: Mapping[str, int]


class PaymentRules(_Rules):
    """Payment."""

    methods: tuple[str, ...]
    card_brands: tuple[str, ...]
    wallets: tuple[str, ...]
    cash_on_delivery: bool
    currencies: tuple[str, ...]
    double_charge_hours: int = Field(ge=1)


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
    opens: str = Field(alias="from", regex=r"^\d\d:\d\d$")
    closes: str = Field(alias="to", regex=r"^\d\d:\d\d$")
    #: ISO 3166 code of the country whose public holidays the queue keeps, if any.
    holidays: str | None = None

    _zone = validator("timezone", allow_reuse=True)(_known_zone)


class ClockRules(_Rules):
    """How long a buyer may be left without an answer."""

    claim_minutes: int = Field(ge=1)
    first_answer_minutes: int = Field(ge=1)
    open_question_hours: int = Field(ge=1)


class RankRules(_Rules):
    """What a rank adds to the rights of those below it."""

    may: tuple[str, ...]
    reply_needs_approval: bool = False
    refund: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)


class ServingRules(_Rules):
    """How the service runs."""

    workers: int = Field(ge=1)
    turn_seconds: float = Field(gt=0)
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

    @validator("fallback_language")
    def _is_spoken(cls, value: str, values: dict[str, Any]) -> str:  # noqa: N805 (pydantic's way)
        if value not in values.get("languages", (value,)):
            raise ValueError(f"'{value}' is not among `languages`")
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
        if not port.isdigit() or not 0 <= int(port) < 65536:
            raise ConfigurationError(f"CROSSDESK_PORT is '{port}': give a port between 0 and 65535")
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
        source, name = (over, own) if _line_of(over, place) else (base, shipped)
        line = _line_of(source, place)
        where = f"{name}, line {line}" if line else str(name)
        raise ConfigurationError(f"{where}: {'.'.join(map(str, place))}: {first['msg']}") from error


def _read_yaml(path: Path) -> CommentedMap:
    try:
        loaded = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path} is missing") from error
    except (MarkedYAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(
            f"{path}{line}: this is not YAML: {getattr(error, 'problem', error)}"
        ) from error
    if loaded is None:
        return CommentedMap()
    if not isinstance(loaded, CommentedMap):
        raise ConfigurationError(f"{path}: expected keys and values, found a {type(loaded).__name__}")
    return loaded


def _laid_over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = _laid_over(below, value)
        else:
            merged[key] = value
    return merged


def _line_of(source: Any, place: tuple[Any, ...]) -> int | None:
    """The line (from 1) where the deepest known part of a key's path stands, if any of it does."""
    line = None
    for key in place:
        if not isinstance(source, CommentedMap) or key not in source:
            return line
        line = source.lc.key(key)[0] + 1
        source = source[key]
    return line
