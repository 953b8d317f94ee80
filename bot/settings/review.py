"""Which messages people look at to make the model better, who must agree, and what a release asks for."""

from __future__ import annotations

from pydantic import Field

from bot.settings.checks import Rules


class SecondPersonRules(Rules):
    """What is learnt only if two people say the same."""

    intents: tuple[str, ...]
    #: From so many messages in one decision on.
    messages: int = Field(ge=1)
    #: Whether it holds for all intents that the store has added.
    new_intents: bool


class ReviewRules(Rules):
    """Which messages the review inbox takes, beside those that were not understood."""

    #: Confidences between 0 and 1.
    unsure_below: float = Field(ge=0, le=1)
    margin_below: float = Field(ge=0, le=1)
    rephrased_minutes: int = Field(ge=1, le=1440)
    left_hours: int = Field(ge=1)
    bad_stars: int = Field(ge=0, le=5)
    drawn_percent: float = Field(ge=0, le=100)
    second_person: SecondPersonRules
    fewest_examples: int = Field(ge=1)


class ReleaseRules(Rules):
    """What stands against the release of a model; a reason overrides it."""

    #: By so many of a hundred test messages may any language be understood worse.
    worse_percent: float = Field(ge=0, le=100)
    #: So many of each shipped file's scripted conversations are played; of the store's own, all.
    scripts_of_each: int = Field(ge=0)
    #: So many of the latest conversations are taken again with both models.
    conversations: int = Field(ge=0, le=10_000)
    #: So many of a hundred of these may change in a way that somebody turned down.
    turned_down_percent: float = Field(ge=0, le=100)
