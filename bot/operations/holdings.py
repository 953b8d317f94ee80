"""What each table holds of a buyer, and what becomes of it: exported, erased, kept by law, removed by age.

A table that stands in neither list fails a test: whoever adds one says here what happens to it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.desk.case_records import card_as_json
from bot.desk.values.cases import CaseCard

#: What stands in the place of a name.
ERASED = "erased"


class Fate(str, enum.Enum):
    """What an erasure does with a buyer's rows."""

    #: They go.
    REMOVED = "removed"
    #: They stay, for figures and for what refers to them, with nothing personal left in them.
    EMPTIED = "emptied"
    #: They stay as what the law makes the store keep, with what is personal taken out where that is possible.
    KEPT = "kept"


@dataclass(frozen=True)
class Holding:
    """What one table holds of a buyer."""

    fate: Fate
    #: Told to whoever erases.
    why: str
    #: A column, and the table in whose buyer's rows it must point.
    through: tuple[str, str]
    #: What an erasure writes instead of what is personal.
    empty: Mapping[str, Any] = field(default_factory=dict)
    #: Columns that are not the buyer's to have: the store's own people, and how the program works.
    inward: frozenset[str] = frozenset()


#: In an order in which a table comes after those it belongs to.
HOLDINGS: Mapping[str, Holding] = {
    "customers": Holding(
        Fate.KEPT,
        "consents and the number that orders refer to",
        ("id", "customers"),
        {
            "name": ERASED,
            **dict.fromkeys(("email", "phone", "street", "city", "region", "postcode"), ""),
        },
    ),
    "identity_codes": Holding(
        Fate.REMOVED,
        "that a one-time code was sent",
        ("customer_id", "customers"),
        inward=frozenset({"code", "asker", "address"}),
    ),
    "coupons": Holding(Fate.KEPT, "what was granted", ("customer_id", "customers")),
    "orders": Holding(
        Fate.KEPT,
        "bookkeeping: what was sold, for how much, where to",
        ("customer_id", "customers"),
        {
            "ship_name": ERASED,
            **dict.fromkeys(("email", "ship_street", "ship_city", "ship_postcode", "ship_phone"), ""),
        },
    ),
    "order_lines": Holding(Fate.KEPT, "bookkeeping: what was sold", ("order_id", "orders")),
    "payments": Holding(Fate.KEPT, "bookkeeping: what was paid", ("order_id", "orders")),
    "shipments": Holding(Fate.KEPT, "bookkeeping: what was sent", ("order_id", "orders"), {"proof": ""}),
    "shipment_events": Holding(
        Fate.KEPT, "when a parcel was where", ("shipment_id", "shipments"), {"place": "", "text": ""}
    ),
    "traces": Holding(
        Fate.KEPT, "when a parcel was looked for", ("shipment_id", "shipments"), {"outcome": None}
    ),
    "returns": Holding(Fate.KEPT, "bookkeeping: what came back", ("order_id", "orders")),
    "return_lines": Holding(Fate.KEPT, "bookkeeping: what came back", ("return_id", "returns")),
    "refunds": Holding(Fate.KEPT, "bookkeeping: what was given back", ("order_id", "orders")),
    "approvals": Holding(
        Fate.KEPT, "who allowed a refund", ("order_id", "orders"), inward=frozenset({"decided_by"})
    ),
    "remarks": Holding(
        Fate.KEPT,
        "when an order was remarked on",
        ("order_id", "orders"),
        {"text": ERASED},
        frozenset({"author"}),
    ),
    "shop_actions": Holding(
        Fate.KEPT,
        "that nothing is refunded twice",
        ("order_id", "orders"),
        inward=frozenset({"key", "fingerprint"}),
    ),
    "feed": Holding(
        Fate.EMPTIED,
        "that the store's own system was told of what was done to an order",
        ("order_id", "orders"),
        {"body": {}, "held": [], "conversation_id": None},
        frozenset({"key", "turn_id", "not_before", "attempts"}),
    ),
    "conversations": Holding(
        Fate.EMPTIED,
        "that somebody wrote, and when",
        ("id", "conversations"),
        {"sender_name": None, "customer_id": None},
        frozenset(
            {
                "claim_number",
                "claim_worker",
                "claim_until",
                "turn_order",
                "turn_at",
                "mail_at",
                "next_position",
            }
        ),
    ),
    "trackers": Holding(
        Fate.REMOVED, "what the bot remembers of a conversation", ("conversation_id", "conversations")
    ),
    "turns": Holding(
        Fate.REMOVED,
        "what the bot understood and looked up",
        ("conversation_id", "conversations"),
        # Packed for the program, and a second copy of what stands in the other files.
        inward=frozenset({"tape"}),
    ),
    "review_items": Holding(
        Fate.REMOVED,
        "messages to be looked at, and examples made of them",
        ("conversation_id", "conversations"),
    ),
    "review_labels": Holding(
        Fate.REMOVED,
        "what people said that messages mean",
        ("item_id", "review_items"),
        inward=frozenset({"act_id", "actor"}),
    ),
    "review_marks": Holding(
        Fate.REMOVED,
        "what people said that words of messages name",
        ("item_id", "review_items"),
        inward=frozenset({"act_id", "actor"}),
    ),
    "model_changes": Holding(
        Fate.REMOVED,
        "messages that a newer model would have answered otherwise",
        ("conversation_id", "conversations"),
        inward=frozenset({"comparison_id", "ruled_by"}),
    ),
    "model_shadow_changes": Holding(
        Fate.REMOVED,
        "messages that a model on trial would have answered otherwise",
        ("conversation_id", "conversations"),
        inward=frozenset({"shadow_id"}),
    ),
    "inbox": Holding(
        Fate.EMPTIED,
        "that a message came, and how it ended",
        ("conversation_id", "conversations"),
        {
            "text": "",
            "data": {},
            **dict.fromkeys(("edited_text", "edits", "button", "language_hint", "network")),
        },
        frozenset({"not_before"}),
    ),
    "outbox": Holding(
        Fate.EMPTIED,
        "that a message was sent, and how it ended",
        ("conversation_id", "conversations"),
        {"text": "", "buttons": [], "attachments": [], "error": None, "channel_message_id": None},
        frozenset({"not_before", "key", "deliverer", "sending_until"}),
    ),
    "timers": Holding(Fate.REMOVED, "what was to be done at its time", ("conversation_id", "conversations")),
    "notices": Holding(
        Fate.EMPTIED,
        "that the store wrote first, and when",
        ("conversation_id", "conversations"),
        {"customer_id": None},
        frozenset({"key"}),
    ),
    "opt_outs": Holding(
        Fate.KEPT, "that the buyer wants no messages unasked", ("conversation_id", "conversations")
    ),
    "cases": Holding(
        Fate.EMPTIED,
        "that a person was needed, and when they answered",
        ("conversation_id", "conversations"),
        {"summary": "", "comment": "", "card": card_as_json(CaseCard(wants=""))},
        frozenset({"owner_id", "fence", "level", "offered_to", "direct"}),
    ),
    "intent_labels": Holding(
        Fate.REMOVED, "what a message was really about", ("case_id", "cases"), inward=frozenset({"person_id"})
    ),
    "requests": Holding(
        Fate.EMPTIED,
        "that people were asked something, and when they answered",
        ("conversation_id", "conversations"),
        {"question": "", "answer": "", "order_number": None, "data": {}},
        frozenset({"key", "most_minor", "limit_kind", "level", "decided_by"}),
    ),
    "ladders": Holding(Fate.REMOVED, "how far the buyer has bargained", ("conversation_id", "conversations")),
    "case_events": Holding(
        Fate.EMPTIED,
        "what was done in a case, and when",
        ("case_id", "cases"),
        {"text": ""},
        frozenset({"actor_id", "actor", "key"}),
    ),
    "case_drafts": Holding(
        Fate.EMPTIED,
        "that a reply was proposed",
        ("case_id", "cases"),
        {"text": ""},
        frozenset({"author_id", "fence", "decided_by"}),
    ),
}

#: Tables in which nothing is a buyer's, and why.
NOBODYS: Mapping[str, str] = {
    "products": "the catalogue",
    "product_names": "the catalogue",
    "variants": "the catalogue",
    "exchange_rates": "public figures",
    "shop_reads": "when the store's data were loaded",
    "people": "the store's own people",
    "people_accounts": "the store's own people",
    "people_groups": "the store's own people",
    "people_events": "the store's own people",
    "desk_sessions": "the store's own people",
    "sign_in_tries": "tries to sign in at the desk; they go by age",
    "model_acts": "the store's own people",
    "word_drafts": "the store's own words",
    "word_acts": "the store's own people",
    "model_shadows": "that a model was tried in shadow, and figures; no buyer's words",
    "rule_drafts": "the store's own rules",
    "rule_acts": "the store's own people",
    "model_comparisons": "that two models were compared; no buyer's words",
    "review_groups": "figures on messages that mean the same; they hold none of their words",
    "review_acts": "what the store's own people decided; no buyer's words",
    "review_places": "up to where turns were looked at",
    "model_trials": "what the store's own people try the model with; gone within minutes",
    "turn_weeks": "figures on what was asked by week; they hold nobody's words",
    "learned_intents": "the store's own intents",
    "leases": "which process does what",
    "doors": "which process has which door open",
    "unclaimed_files": "files that belong to no message; they go by age",
    "places": "where channels stand in what the outside offers",
    "desk_places": "where cases are shown to people; no words of a buyer",
    "marks": "which folder belongs to the store",
    "identity_tries": "digests that cannot be read back; they go by age",
}
