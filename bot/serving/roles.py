"""The roles that a serving process may have; any number of processes may have each."""

from __future__ import annotations

import enum


class Role(str, enum.Enum):
    """A part of the service that can run on a machine of its own."""

    #: Doors that only one process may be connected to at a time: a poll, a mailbox, a socket.
    CHANNELS = "channels"
    #: The pages, and doors to which the outside comes.
    WEB = "web"
    #: Workers, which take the turns.
    WORKER = "worker"
    #: Takes what lies in the outbox to the channels.
    DELIVERY = "delivery"
    #: What is to happen at its time, clocks of cases, the watchdog, house-keeping.
    TIMERS = "timers"


#: What a process does that is not told otherwise.
EVERYTHING = frozenset(Role)
