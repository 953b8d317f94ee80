from __future__ import annotations

import dataclasses
import itertools
from decimal import Decimal

import pytest

from bot.desk import ranks
from bot.desk.values.people import Person, Rank
from bot.errors import ForbiddenError
from bot.settings import ShopRules


def person(rank: Rank, *queues: str) -> Person:
    return Person(id=1, login="pat", name="Pat", rank=rank, queues=queues)


def test_a_higher_rank_may_all_that_the_lower_ones_may(rules: ShopRules) -> None:
    rights = [ranks.rights(rules, rank) for rank in Rank]
    assert all(lower < higher for lower, higher in itertools.pairwise(rights))


def test_a_trainee_cannot_close(rules: ShopRules) -> None:
    with pytest.raises(ForbiddenError, match=r"\(trainee\).*close"):
        ranks.require(rules, person(Rank.TRAINEE), "close")
    ranks.require(rules, person(Rank.AGENT), "close")


def test_who_no_longer_works_here_may_nothing(rules: ShopRules) -> None:
    gone = dataclasses.replace(person(Rank.ADMIN), active=False)
    with pytest.raises(ForbiddenError, match="no longer"):
        ranks.require(rules, gone, "note")


def test_only_the_trainees_own_rank_needs_a_yes(rules: ShopRules) -> None:
    assert [rank for rank in Rank if ranks.reply_needs_approval(rules, rank)] == [Rank.TRAINEE]
    assert not ranks.may_approve(rules, person(Rank.TRAINEE))
    assert ranks.may_approve(rules, person(Rank.AGENT))


def test_a_person_without_queues_serves_all_but_the_supervisors(rules: ShopRules) -> None:
    agent = person(Rank.AGENT)
    assert {queue for queue in rules.queues if not ranks.serves(rules, agent, queue)} == {"supervisor"}
    assert all(ranks.serves(rules, person(Rank.SUPERVISOR, "order"), queue) for queue in rules.queues)


def test_a_person_with_queues_serves_only_those(rules: ShopRules) -> None:
    agent = person(Rank.AGENT, "order", "payment")
    assert [queue for queue in rules.queues if ranks.serves(rules, agent, queue)] == ["order", "payment"]


def test_limits_grow_with_the_rank(rules: ShopRules) -> None:
    assert ranks.limit(rules, Rank.TRAINEE, "refund") == 0
    assert ranks.limit(rules, Rank.AFTERSALES, "discount") == Decimal("30.00")
    assert ranks.limit(rules, Rank.ADMIN, "refund") == Decimal("5000.00")
