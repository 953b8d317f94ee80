"""Rasa's action endpoint without a server: actions run here, in the turn."""

from __future__ import annotations

import logging
import time
from functools import lru_cache
from typing import Any

from rasa.core import processor
from rasa.core.actions import action, forms
from rasa.core.actions.action import RemoteAction
from rasa.core.policies import rule_policy
from rasa.core.processor import MessageProcessor
from rasa.shared.core import events, trackers
from rasa.shared.core.events import Event
from rasa.shared.core.slots import Slot
from rasa.utils.endpoints import ClientResponseError, EndpointConfig
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection

from bot.dialogue.turn import current_turn, turn_or_none

log = logging.getLogger(__name__)


class InProcessActions(EndpointConfig):
    """Runs ``rasa_sdk`` actions where Rasa would call an action server.

    Rasa goes on when an action raises and loses its events; the turn must not. The first failure is
    kept in the turn, which is then rolled back.
    """

    def __init__(self, executor: ActionExecutor) -> None:
        # Selective: the domain is large, and only forms with SDK defaults would look at it.
        super().__init__(url="in-process", enable_selective_domain=True)
        self._executor = executor

    #: Rasa's compares what nothing of ours has; this one is only ever itself.
    __hash__ = object.__hash__

    async def request(self, method: str = "post", **call: Any) -> Any:  # noqa: ARG002 (Rasa's signature)
        """Run the action named in the call and give back its events and responses."""
        try:
            return await self._executor.run(call["json"])
        except ActionExecutionRejection as rejection:
            raise ClientResponseError(
                400, "rejected", f'{{"action_name": "{rejection.action_name}"}}'
            ) from rejection
        except Exception as error:
            turn = current_turn()
            turn.failure = turn.failure or error
            raise


def spare_repeated_work() -> None:
    """Have Rasa not do over and over what never changes.

    It validates action results against its own schema, which it checks first, each time: 40 % of a turn that
    runs an action. Ours come from ``rasa_sdk``'s executor in this very process. And it looks through all
    classes of events to find the one of each event it reads. Each tracker, of several in a turn, has copies
    of all slots, made by ``copy`` in the way of all objects. To find one action it makes all that come with
    it. And what it tells its log, which is silent (``engine.quiet``), it copies before, event by event.

    And have events say the turn's own time, which a replay sets.
    """
    events.time = trackers.time = _TurnTime
    RemoteAction._validate_action_result = _from_this_process
    trackers.copy = _Twins
    Slot.__copy__ = _twin
    processor.copy = forms.copy = rule_policy.copy = _ForTheLog
    MessageProcessor._log_slots = staticmethod(lambda _: None)
    if not hasattr(action.default_actions, "cache_info"):
        action.default_actions = lru_cache(maxsize=4)(action.default_actions)
    if not hasattr(Event.resolve_by_type, "cache_info"):
        Event.resolve_by_type = staticmethod(lru_cache(maxsize=None)(Event.resolve_by_type))


class _TurnTime:
    """In the place of the module ``time`` for events: the turn's time, outside of one the machine's."""

    @staticmethod
    def time() -> float:
        turn = turn_or_none()
        return time.time() if turn is None else turn.clock.now().timestamp()


def _twin(slot: Slot) -> Slot:
    """What ``copy.copy`` makes of a slot, five times as quickly."""
    twin = object.__new__(type(slot))
    twin.__dict__.update(slot.__dict__)
    return twin


class _Twins:
    """In the place of the module ``copy`` where slots are all that is copied."""

    copy = staticmethod(_twin)


class _ForTheLog:
    """In the place of the module ``copy`` where all that is copied is for a log that nobody reads."""

    @staticmethod
    def deepcopy(value: Any) -> Any:
        return value


def _from_this_process(_action: RemoteAction, _result: dict[str, Any]) -> bool:
    return True
