"""Messages in the review inbox, of the kinds that admins meet."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from bot.clock import SetClock
from bot.settings import Settings
from tests.training.talks import LOST, TORN, Talks
from tests.web.staff import Staff, moment

HOSTILE = "<script>alert('x')</script> =1+1 <img src=x onerror=alert(1)> {{ 7*7 }}"


def misunderstood(staff: Staff, settings: Settings, place: Path) -> Talks:
    """Five who ask for their parcel, one with a gift card, one in Arabic, one who means harm."""
    own = dataclasses.replace(settings, store=place / "store", files=place / "files")
    talks = Talks(staff.database, own, SetClock(moment()))
    ways = (
        "where is my stuff",
        "so where is my stuff",
        "where is my stuff please",
        "where IS my stuff",
        "where is my stuff now",
    )
    for number, way in enumerate(ways):
        talks.say(way, LOST, buyer=f"b{number}")
    talks.say("can I pay with a gift card for the blue lamp", TORN, buyer="eva")
    talks.say("أين طلبي من فضلك", LOST, buyer="amal", language="ar")
    talks.say(HOSTILE, LOST, buyer="mal")
    talks.fill()
    return talks
