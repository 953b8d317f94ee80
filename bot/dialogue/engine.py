"""The engine: one loaded Rasa model that understands messages and takes turns."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from string import ascii_lowercase
from typing import Any, TypeVar

import structlog
from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.lock_store import LockStore
from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.engine.constants import PLACEHOLDER_MESSAGE
from rasa.shared.core.events import ActionExecuted
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.message import Message
from rasa_sdk.executor import ActionExecutor

from bot.dialogue import actions
from bot.dialogue.endpoint import InProcessActions, spare_repeated_work
from bot.dialogue.graph import DirectGraphRunner
from bot.dialogue.trackers import ConversationTrackerStore
from bot.dialogue.turn import Said, Turn, Understanding, current_turn, taking
from bot.errors import ModelError
from bot.memory import uncollected
from bot.messages import Button
from nlu.classifier import RememberingIntentClassifier
from nlu.clauses import parts
from nlu.featurizer import EnglishVectors, SentenceVectors, WordingVectors
from nlu.masking import excerpt_of
from nlu.requests import Reading, Request, requests

log = logging.getLogger(__name__)

_Component = TypeVar("_Component")

#: What Rasa calls a message that it did not understand.
FALLBACK_INTENT = "nlu_fallback"
OUT_OF_SCOPE = "out_of_scope"
#: A message with a topic and a product's kind in it, so that every part of the pipeline has work.
_FIRST = "Hello, where is my parcel? I ordered two jackets in blue."
#: What it takes to tell the intent of a stretch of text, in the pipeline's order.
_READERS: tuple[type[Any], ...] = (
    *(SentenceVectors, EnglishVectors, WordingVectors),
    RememberingIntentClassifier,
)


def topic_of(intent: str) -> str:
    """The topic that an intent's name begins with; ``other`` for what is out of scope or not understood."""
    return "other" if intent in (FALLBACK_INTENT, OUT_OF_SCOPE) else intent.split("_", 1)[0]


def typed_text(text: str) -> str:
    """What a buyer typed, without what Rasa would take for the beginning of a button's payload.

    Rasa looks for the slash after every kind of white space there is, no-break spaces among it.
    """
    return re.sub(r"^[\s/]+", "", text)


class _TurnReplies(NaturalLanguageGenerator):
    """Picks a reply by the turn's language and channel."""

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **values: Any
    ) -> dict[str, Any]:
        turn = current_turn()
        known = {name: value for name, value in tracker.current_slot_values().items() if value is not None}
        turn.replied.append(utter_action)
        try:
            reply = turn.replies.say(
                utter_action,
                turn.words.language,
                {**known, **values},
                channel=output_channel,
                heard=turn.hears(utter_action),
            )
        except Exception as error:
            turn.failure = turn.failure or error
            raise
        return {
            "text": reply.text,
            "buttons": [{"title": button.title, "payload": button.payload} for button in reply.buttons],
            "language": reply.language,
        }


class _Said(CollectingOutputChannel):
    """Collects what is said, whole: Rasa's own would cut a text at its paragraphs."""

    def __init__(self, channel: str) -> None:
        super().__init__()
        self._channel = channel
        self.said: list[Said] = []

    def name(self) -> str:
        return self._channel

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:  # noqa: ARG002
        buttons = tuple(Button(button["title"], button["payload"]) for button in message.get("buttons") or ())
        language = (message.get("custom") or message).get("language", "en")
        self.said.append(Said(message.get("text") or "", buttons, language))


class EndlessTurnError(RuntimeError):
    """The policies never came to listen."""


def _endless(*_args: Any) -> None:
    turn = current_turn()
    turn.failure = turn.failure or EndlessTurnError()


def _nothing_unseen(_parse_data: Mapping[str, Any]) -> None:
    """The domain lists all that the model knows, by training."""


class _NoLocks(LockStore):
    """Our claim already gives a conversation one turn at a time."""

    @contextmanager
    def lock(self, *_args: Any, **_more: Any) -> Any:
        yield


class Engine:
    """One loaded model; not thread-safe, one turn at a time."""

    def __init__(self, agent: Agent, model: str) -> None:
        self._agent = agent
        #: The model file's name, as turns record it.
        self.model = model
        # Rasa's web server makes uvloop the default, which catches what a deadline raises and waits on.
        self._loop = asyncio.SelectorEventLoop()

    @classmethod
    @uncollected()
    def load(cls, model: Path) -> Engine:
        """Load a trained model.

        Raises:
            ModelError: it is missing, broken, or made by another version.
        """
        quiet()
        spare_repeated_work()
        executor = ActionExecutor()
        for action in actions.every_action():
            executor.register_action(action)
        store = ConversationTrackerStore()
        try:
            agent = Agent.load(
                model_path=str(model),
                action_endpoint=InProcessActions(executor),
                generator=_TurnReplies(),
                tracker_store=store,
                lock_store=_NoLocks(),
            )
        except Exception as error:
            raise ModelError(
                f"the model {model.name} does not load: {type(error).__name__}: {error}"
            ) from error
        if agent.processor is None:
            raise ModelError(f"the model {model.name} does not load")
        # Rasa wraps the store in one that swallows its errors and goes on with a tracker of its own.
        agent.tracker_store = agent.processor.tracker_store = store
        # Rasa stops a turn that never ends and carries on; ours must fail as a whole.
        agent.processor.on_circuit_break = _endless
        agent.processor.graph_runner = DirectGraphRunner(agent.processor.graph_runner)
        # Rasa makes an empty domain for each message, only to find out whether ours is one.
        agent.processor._check_for_unseen_features = _nothing_unseen
        engine = cls(agent, model.name)
        if engine._reads():
            # The lists of words are loaded with the first message: no buyer waits for them.
            engine.understand(_FIRST)
        return engine

    def prepare(self) -> None:
        """Load the encoders, too, which wait for a text whose vectors cannot be looked up: no buyer gives it.

        Not for a process that was forked from one that has loaded them: there they hang.
        """
        if self._reads():
            self.understand(f"{_FIRST} {''.join(secrets.choice(ascii_lowercase) for _ in range(12))}")

    def _reads(self) -> bool:
        try:
            self.component(SentenceVectors)
        except LookupError:
            # Policies alone: nothing is read with them.
            return False
        return True

    def understand(self, text: str, metadata: Mapping[str, Any] | None = None) -> Understanding:
        """Read a message; slow (the encoder), and needs no turn."""
        message = UserMessage(text, metadata=dict(metadata or {}))
        parsed = self._loop.run_until_complete(self._agent.processor.parse_message(message))
        ranking = _ranking(parsed.get("intent_ranking"))
        intent = parsed["intent"]
        whole = Reading(ranking, understood=intent.get("name") != FALLBACK_INTENT)
        return Understanding(
            text=text,
            language=parsed.get("language") or "en",
            language_known=bool(parsed.get("language_known", True)),
            language_tag=parsed.get("language_tag") or "",
            intent=intent.get("name") or FALLBACK_INTENT,
            confidence=float(intent.get("confidence") or 0.0),
            ranking=ranking[:5],
            entities=tuple(parsed.get("entities") or ()),
            requests=self._requests(parsed, whole),
            mood=parsed.get("mood") or "calm",
            threat=parsed.get("threat"),
        )

    def parse_all(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Read many messages at once, much quicker than one by one; Rasa's parse result of each."""
        return [message.as_dict(only_output_properties=True) for message in self.read_all(texts)]

    def read_all(self, texts: Sequence[str]) -> list[Message]:
        """The same as Rasa's messages, with their vectors."""
        target = self._agent.processor.model_metadata.nlu_target
        said = [UserMessage(typed_text(text)) for text in texts]
        runner: DirectGraphRunner = self._agent.processor.graph_runner
        read: list[Message] = runner.run({PLACEHOLDER_MESSAGE: said}, [target])[target]
        return read

    def component(self, kind: type[_Component]) -> _Component:
        """The pipeline's component of a kind.

        Raises:
            LookupError: the model has none.
        """
        runner: DirectGraphRunner = self._agent.processor.graph_runner
        return runner.component(kind)

    def _requests(self, parsed: Mapping[str, Any], whole: Reading) -> tuple[Request, ...]:
        """All that a message asks for; few messages have parts that must be read, too."""
        text = parsed["text"]
        if text.startswith("/"):
            # A button's payload.
            return ()
        found = parts(text)
        if not found:
            return requests(text, whole)
        # Only the intent of a part is of interest: what it names and its mood are those of the whole.
        said = [excerpt_of(parsed, part.start, part.end) for part in found]
        runner: DirectGraphRunner = self._agent.processor.graph_runner
        for kind in _READERS:
            runner.component(kind).process(said)
        return requests(text, whole, found, [Reading(_ranking(one.get("intent_ranking"))) for one in said])

    def take(self, turn: Turn) -> list[Said]:
        """Run policies and actions on the turn's understanding; writes through the turn's connection.

        Raises:
            Exception: whatever an action or a reply raised; roll the turn back.
        """
        read = turn.understanding
        parse_data = {
            "text": read.text,
            "intent": {"name": read.intent, "confidence": read.confidence},
            "entities": [dict(entity) for entity in read.entities],
            "intent_ranking": [{"name": name, "confidence": sure} for name, sure in read.ranking[:3]],
        }
        channel = _Said(turn.conversation.channel)
        message = UserMessage(
            read.text,
            output_channel=channel,
            sender_id=str(turn.conversation.id),
            parse_data=parse_data,
            input_channel=turn.conversation.channel,
            message_id=str(turn.row.id),
        )
        with taking(turn):
            try:
                self._loop.run_until_complete(self._agent.processor.handle_message(message))
            except Exception as error:
                # What failed first says why.
                turn.failure = turn.failure or error
            finally:
                self._drop_unfinished()
        if turn.failure is not None:
            raise turn.failure
        turn.steps = _steps_of(turn.tracker)
        return channel.said

    def close(self) -> None:
        """Let go of the event loop; nothing can be understood afterwards."""
        self._loop.close()

    def _drop_unfinished(self) -> None:
        """End what an interrupted turn left waiting: it must not wake up in the middle of the next one."""
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        if left:
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))


def _ranking(items: Sequence[Mapping[str, Any]] | None) -> tuple[tuple[str, float], ...]:
    """What the classifier holds likely, without the verdict that it is not sure enough."""
    return tuple(
        (item["name"], float(item["confidence"])) for item in items or () if item["name"] != FALLBACK_INTENT
    )


def _steps_of(tracker: DialogueStateTracker) -> list[Mapping[str, Any]]:
    """The actions since the last message with the policy that chose each, in order."""
    steps: list[Mapping[str, Any]] = []
    for event in reversed(tracker.events):
        if event.type_name == "user":
            break
        if isinstance(event, ActionExecuted) and event.action_name != "action_listen":
            steps.append({"action": event.action_name, "policy": event.policy})
    return steps[::-1]


def quiet() -> None:
    """Silence what would log buyers' words (Rasa, at debug level) or drown our own lines."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), cache_logger_on_first_use=True
    )
    for name in ("rasa", "rasa_sdk", "tensorflow", "matplotlib", "apscheduler", "jax", "h5py", "httpx"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
