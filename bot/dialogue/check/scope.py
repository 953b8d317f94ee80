"""What the walk through the flows begins with, and what it lets the bot do without a yes."""

from __future__ import annotations

from collections.abc import Mapping

#: What the bot may do to an order without a yes, and the playbook's word for it.
WITHOUT_YES: Mapping[str, str] = {
    "open_trace": "lost or stuck: a trace is opened with logistics",
    "report_double_charge": "a duplicate charge goes to finance with the evidence",
    "add_remark": "not shipped in time: the warehouse is urged; nothing of the order changes",
}
#: What one action may do without a yes, and why.
THERE_WITHOUT_YES: Mapping[tuple[str, str], str] = {
    ("action_invoice", "record_wish"): "the invoice asked for is noted; nothing of the order changes",
    ("action_payment_not_registered", "record_wish"): "money that came goes to finance with the evidence",
    ("action_payment_wrong_amount", "record_wish"): "a wrong sum goes to finance with the evidence",
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
