"""What ``crossdesk doctor`` looks at: whether Telegram knows the token, and how it brings updates."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import User, WebhookInfo

from adapters.telegram.options import Account
from adapters.telegram.wire import Wire
from bot.channels import Examined
from bot.errors import CrossdeskError

#: More updates than this wait only where nobody takes them.
MANY = 100


async def examine(account: Account, wire: Wire) -> Sequence[Examined]:
    """Ask Telegram about one bot; never raises, changes nothing."""
    try:
        async with wire.bot() as bot:
            me = await bot.get_me()
            hook = await bot.get_webhook_info()
    except CrossdeskError as error:
        return [Examined("token", False, f"{account.variable}: {error}")]
    return [_token(account, me), _updates(account, hook)]


def _token(account: Account, me: User) -> Examined:
    if str(me.id) != account.id:
        return Examined("token", False, f"{account.variable}: Telegram says that it is the bot {me.id}")
    return Examined("token", True, f"{account.variable} is @{me.username}")


def _updates(account: Account, hook: WebhookInfo) -> Examined:
    if account.webhook is None:
        if hook.url:
            return Examined(
                "updates", False, "a webhook is set, though none is named: `crossdesk serve` removes it"
            )
        return Examined("updates", True, f"polled; {hook.pending_update_count} wait")
    if hook.url != account.webhook:
        return Examined(
            "updates", False, f"the webhook is not {account.webhook} yet: `crossdesk serve` sets it"
        )
    if hook.last_error_message:
        return Examined(
            "updates", False, f"Telegram could not reach {account.webhook}: {hook.last_error_message[:150]}"
        )
    if hook.pending_update_count > MANY:
        return Examined("updates", False, f"{hook.pending_update_count} updates wait: is `serve` running?")
    return Examined("updates", True, f"brought to {account.webhook}; {hook.pending_update_count} wait")
