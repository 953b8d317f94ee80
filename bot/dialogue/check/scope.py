"""What the walk through the flows begins with, and what it lets the bot do without a yes."""

from __future__ import annotations

from collections.abc import Mapping

#: What the bot may do to an order without a yes, and the playbook's word for it.
WITHOUT_YES: Mapping[str, str] = {
    "open_trace": "lost or stuck: a trace is opened with logistics",
    "report_double_charge": "a duplicate charge goes to finance with the evidence",
    # A note for the store's people: nothing of the order changes, and the buyer never sees it.
    "add_remark": "not shipped in time: the warehouse is urged; what a payment shows goes to finance",
}
#: Situations of orders: each begins every wish about an order.
SITUATIONS = (
    "unpaid",
    "unpaid_declined",
    "charged_twice",
    "paid_swappable",
    "packed",
    "oversold",
    "in_transit",
    "stuck",
    "delivered_not_received",
    "returnable_within_authority",
    "returnable_above_authority",
    "returnable_to_keep",
    "out_of_window",
    "cancelled_refunded",
)
#: Intents of which a buyer's message never is.
NEVER_SAID = frozenset(
    {
        "inform",
        "handed_back",
        "case_late",
        "file_alone",
        "request_answered",
        "request_late",
        "notice",
        "feed_settled",
    }
)
