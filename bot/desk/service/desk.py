"""The desk over the database."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from argon2 import PasswordHasher

from bot.clock import Clock
from bot.database import Database
from bot.desk.clocks import require_supervisor
from bot.desk.explaining import Explainer
from bot.desk.macros import MacroBook, NoMacros
from bot.desk.service.board import DatabaseBoard
from bot.desk.service.ownership import DatabaseOwnership
from bot.desk.service.people import DatabasePeople
from bot.desk.service.reading import DatabaseReading
from bot.desk.service.requests import DatabaseRequests
from bot.desk.service.writing import DatabaseWriting
from bot.desk.sign_in import SignIn
from bot.settings import ShopRules


class DatabaseDesk(DatabasePeople, DatabaseReading, DatabaseOwnership, DatabaseWriting, DatabaseRequests):
    """Implements ``bot.desk.port.desk.Desk``.

    Args:
        database: where cases and people are.
        rules: ``shop.yml``.
        clock: the time.
        notify: called after an act that put something into the inbox or the outbox, from any thread.
        hasher: argon2's parameters; its own defaults if left out.
        macros: the store's ready texts; none if left out.
        explain: why the bot said something; nobody knows if left out.

    Raises:
        ConfigurationError: the desk cannot work by these rules.
    """

    def __init__(
        self,
        database: Database,
        rules: ShopRules,
        clock: Clock,
        notify: Callable[[], None],
        hasher: PasswordHasher | None = None,
        macros: MacroBook | None = None,
        explain: Explainer | None = None,
    ) -> None:
        require_supervisor(rules)
        super().__init__(database, rules, clock, notify)
        self.board = DatabaseBoard(database, rules, clock)
        self._sign_in = SignIn(database, rules, clock, hasher)
        self._hashing = anyio.CapacityLimiter(2)
        self._macros = macros or NoMacros()
        self._explain = explain

    def govern(self, rules: ShopRules) -> None:
        """Go on by other rules; what is under way ends by those it began with.

        Raises:
            ConfigurationError: the desk cannot work by these rules; those before stay.
        """
        require_supervisor(rules)
        self.rules = self._sign_in.rules = self.board.rules = rules
