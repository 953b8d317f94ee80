"""What is told apart: two moods, six kinds of threat."""

from __future__ import annotations

from enum import Enum


class Mood(str, Enum):
    """How a buyer writes."""

    #: Also displeased, disappointed, worried, as long as it is said in a civil way.
    CALM = "calm"
    #: Insults, scorn, indignation, sarcasm, shouting, patience at its end.
    ANGRY = "angry"


class Threat(str, Enum):
    """What a person must look at, whatever else the message is about."""

    #: The money is taken back through the bank, the card's issuer or the payment service.
    CHARGEBACK = "chargeback"
    #: Lawyer, court, police, a charge of fraud.
    LAWYER = "lawyer"
    #: An authority or association for consumers, an ombudsman, a regulator.
    CONSUMER_PROTECTION = "consumer_protection"
    #: Press, television, social media, bad reviews held out as a threat.
    PRESS = "press"
    #: Somebody was hurt or made ill, a thing burnt or exploded, or violence is announced.
    INJURY = "injury"
    #: The writer does not want to live, or hurts themselves.
    SELF_HARM = "self_harm"
