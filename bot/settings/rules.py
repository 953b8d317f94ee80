"""``shop.yml`` as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babel import Locale, UnknownLocaleError
from pydantic import validator

from bot.settings.checks import Rules
from bot.settings.desk import (
    RANKS,
    CaseRules,
    ClockRules,
    QueueRules,
    RankRules,
    RemarkRules,
    RequestRules,
    SatisfactionRules,
)
from bot.settings.lanes import LaneRules, ShippingRules
from bot.settings.outside import FeedRules, NoticeRules
from bot.settings.review import ReleaseRules, ReviewRules
from bot.settings.running import AttachmentRules, RetentionRules, ServingRules
from bot.settings.store import IdentityRules, PatternRules, StoreRules, UnderstandingRules
from bot.settings.trade import (
    AuthorityRules,
    BargainRules,
    ChangeRules,
    FaultRules,
    PaymentRules,
    ProtectionRules,
    ReturnRules,
    StockRules,
    WholesaleRules,
)


class ShopRules(Rules):
    """``shop.yml`` as a whole."""

    store: StoreRules
    languages: tuple[str, ...]
    fallback_language: str
    channels: tuple[str, ...]
    #: What each channel's own package wants to know, by the channel's name; it checks that itself.
    channel_options: Mapping[str, Mapping[str, Any]]
    desks: tuple[str, ...]
    #: The same for each desk, by its name.
    desk_options: Mapping[str, Mapping[str, Any]] = {}
    attachments: AttachmentRules
    patterns: PatternRules
    identity: IdentityRules
    understanding: UnderstandingRules
    authority: AuthorityRules
    bargaining: BargainRules
    wholesale: WholesaleRules
    returns: ReturnRules
    faults: FaultRules
    shipping: ShippingRules
    lanes: Mapping[str, LaneRules]
    changes: ChangeRules
    protection: ProtectionRules
    payment: PaymentRules
    stock: StockRules
    remarks: RemarkRules
    queues: Mapping[str, QueueRules]
    topic_queues: Mapping[str, str]
    intent_queues: Mapping[str, str]
    clocks: ClockRules
    cases: CaseRules
    satisfaction: SatisfactionRules
    requests: RequestRules
    notices: NoticeRules
    feed: FeedRules
    ranks: Mapping[str, RankRules]
    review: ReviewRules
    releases: ReleaseRules
    serving: ServingRules
    retention: RetentionRules

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

    @validator("lanes")
    def _one_lane_each(cls, value: Mapping[str, LaneRules]) -> Mapping[str, LaneRules]:  # noqa: N805
        lane_of: dict[str, str] = {}
        for name, lane in value.items():
            for country in lane.countries:
                other = lane_of.setdefault(country, name)
                if other != name:
                    raise ValueError(f"{country} stands in two lanes: {other} and {name}")
        return value

    @validator("ranks")
    def _rank_exists(cls, value: Mapping[str, RankRules]) -> Mapping[str, RankRules]:  # noqa: N805
        for rank in value:
            if rank not in RANKS:
                raise ValueError(f"there is no rank '{rank}' (there are: {', '.join(RANKS)})")
        return value

    @validator("requests")
    def _departments_answer(cls, value: RequestRules, values: dict[str, Any]) -> RequestRules:  # noqa: N805
        for name, queue in value.departments.items():
            if queue not in values.get("queues", {queue: None}):
                raise ValueError(f"{name} answers in the queue '{queue}', which `queues` does not describe")
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
