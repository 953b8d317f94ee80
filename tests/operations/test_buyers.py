"""What is known of a buyer: told whole, erased without a trace but for what the law keeps, nobody else's."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import schema
from bot.clock import SetClock
from bot.database import Database
from bot.errors import BuyerError
from bot.mailroom import inbox, outbox
from bot.mailroom.tables import conversations
from bot.operations.buyers import Belongings, Buyer, find
from bot.operations.erase import Erased, erase, overwriting
from bot.operations.export import Exported, export
from bot.operations.holdings import HOLDINGS, NOBODYS, Fate
from bot.settings import ShopRules
from bot.shop import tables as shop
from bot.shop.identity import Identity, Verdict
from tests.mailroom.letters import letter
from tests.operations.conftest import Live


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _find(database: Database, named: object) -> Buyer:
    with database.begin() as connection:
        return find(connection, str(named))


def _erase(database: Database, named: object, clock: SetClock, files: Path) -> Erased:
    with overwriting(database) as connection:
        done = erase(connection, find(connection, str(named)), files, clock.now())
    for path in done.files:
        path.unlink()
    return done


def _everything(database: Database) -> dict[str, list[str]]:
    with database.begin() as connection:
        return {
            name: sorted(repr(row) for row in connection.execute(sa.select(table)).all())
            for name, table in schema.every_table().tables.items()
        }


def _rows_of(database: Database, named: str) -> dict[str, list[str]]:
    with database.begin() as connection:
        own = Belongings(connection, find(connection, named))
        return {table: [repr(row) for row in own.rows(table)] for table in HOLDINGS}


# --- The list of tables ---


def test_of_every_table_it_is_said_what_it_holds_of_a_buyer() -> None:
    """A table that is new here holds somebody's words until its author says what becomes of them."""
    assert {*HOLDINGS, *NOBODYS} == set(schema.every_table().tables)
    assert set(HOLDINGS) & set(NOBODYS) == set()


def test_what_is_said_of_a_table_fits_it() -> None:
    before: list[str] = []
    for name, holding in HOLDINGS.items():
        table = schema.every_table().tables[name]
        column, parent = holding.through
        assert column in table.c
        assert parent in (*before, name, "customers", "conversations")
        assert {*holding.empty, *holding.inward} <= set(table.c.keys()), name
        before.append(name)


# --- Who is meant ---


def test_a_buyer_is_found_by_the_customers_number_or_a_conversation(database: Database, live: Live) -> None:
    life = live("PAPAYA")
    expected = Buyer(life.customer_id, "CU-PAPAYA", (life.conversation_id,))
    for named in (
        "CU-PAPAYA",
        "customer:CU-PAPAYA",
        life.conversation_id,
        f" conversation:{life.conversation_id} ",
    ):
        assert _find(database, named) == expected


def test_a_stranger_is_one_conversation(database: Database, live: Live, clock: SetClock) -> None:
    live("PAPAYA")
    with database.begin() as connection:
        talk = inbox.accept(connection, letter(sender="who"), language="en", now=clock.now()).conversation_id
    assert _find(database, talk) == Buyer(None, None, (talk,))


@pytest.mark.parametrize(
    "named",
    ["", " ", "0", "-1", "99", "9" * 12, "9" * 400, str(2**63), str(2**64 + 1), "1.0", "1e3", "٣", "nobody",
     "a:b:c", "conversation:", "customer:", "conversation:CU-PAPAYA", "'; DROP TABLE inbox; --", "x" * 3_000,
     "order:1"],
    ids=lambda named: repr(named[:20]),
)  # fmt: skip
def test_nobody_is_found_by_what_is_nobodys(database: Database, live: Live, named: str) -> None:
    live("PAPAYA")
    with pytest.raises(BuyerError, match="there is no customer and no conversation"):
        _find(database, named)


def test_a_number_that_is_both_is_asked_about(database: Database, live: Live) -> None:
    life = live("PAPAYA")
    with database.begin() as connection:
        connection.execute(shop.customers.update().values(number=str(life.conversation_id)))
    with pytest.raises(BuyerError, match=r"say customer:\d+ or conversation:\d+"):
        _find(database, life.conversation_id)
    assert _find(database, f"customer:{life.conversation_id}").customer_id == life.customer_id


# --- Export ---


def _export(database: Database, named: object, tmp_path: Path, clock: SetClock) -> tuple[Exported, Path]:
    target = tmp_path / "buyer.zip"
    with database.begin() as connection:
        return export(connection, find(connection, str(named)), tmp_path / "files", target, clock), target


def test_an_export_holds_all_that_is_theirs_and_nothing_of_others(
    database: Database, live: Live, tmp_path: Path, clock: SetClock
) -> None:
    life = live("PAPAYA")
    live("GUAVA")
    done, target = _export(database, life.number, tmp_path, clock)
    with zipfile.ZipFile(target) as packed:
        held = {name: packed.read(name) for name in packed.namelist()}
    tables = {name: json.loads(held[f"{name}.json"]) for name in HOLDINGS}
    # Of everything that a buyer can leave there is something, or this test proves nothing.
    assert {name: len(rows) for name, rows in tables.items() if not rows} == {}
    assert done.rows == {name: len(rows) for name, rows in tables.items()}
    assert held["files/attachments/PAPAYA/photo.jpg"] == b"a picture of PAPAYA"
    assert tables["inbox"][0]["text"].startswith("I am PAPAYA")
    assert tables["customers"][0]["consents_to_notices"] is True
    whole = b"".join(held.values()).decode()
    assert "GUAVA" not in whole
    for inward in ("Sue Supervisor", "Ana Agent", 'claim_worker":', 'fingerprint":'):
        assert inward not in whole
    about = json.loads(held["about.json"])
    assert set(about["tables"]) == set(HOLDINGS)
    assert target.stat().st_mode & 0o777 == 0o600


def test_an_export_never_replaces_a_file(
    database: Database, live: Live, tmp_path: Path, clock: SetClock
) -> None:
    live("PAPAYA")
    (tmp_path / "buyer.zip").write_text("mine", encoding="utf-8")
    with pytest.raises(BuyerError, match="is there already"):
        _export(database, "CU-PAPAYA", tmp_path, clock)
    assert (tmp_path / "buyer.zip").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "path",
    [
        "../outside.txt",
        "/etc/passwd",
        "attachments/../../outside.txt",
        "",
        ".",
        "attachments",
        "\x01",
        "link",
    ],
)
def test_a_file_outside_of_the_folder_is_never_taken_or_deleted(
    database: Database, live: Live, tmp_path: Path, clock: SetClock, path: str
) -> None:
    life = live("PAPAYA")
    outside = tmp_path / "outside.txt"
    outside.write_text("not theirs", encoding="utf-8")
    (tmp_path / "files" / "link").symlink_to(outside)
    evil = {"attachments": [{"name": "x", "media_type": "x", "size": 1, "path": path}]}
    with database.begin() as connection:
        connection.execute(inbox.inbox.update().values(data=evil))
    done, target = _export(database, life.number, tmp_path, clock)
    assert done.files == 0
    with zipfile.ZipFile(target) as packed:
        assert [name for name in packed.namelist() if name.startswith("files/")] == []
    assert _erase(database, life.number, clock, tmp_path / "files").files == ()
    assert outside.exists()


# --- Erasure ---


def test_an_erasure_leaves_no_trace_of_a_buyer_and_every_trace_of_the_others(
    database: Database, live: Live, tmp_path: Path, clock: SetClock
) -> None:
    life, other = live("PAPAYA"), live("GUAVA")
    before, others = _everything(database), _rows_of(database, other.number)
    done = _erase(database, life.number, clock, tmp_path / "files")
    after = _everything(database)
    for table, rows in after.items():
        for row in rows:
            # The numbers by which bookkeeping knows them stay.
            assert "PAPAYA" not in row.replace("CU-PAPAYA", "").replace("CD-PAPAYA", ""), table
    assert _rows_of(database, other.number) == others
    # A group of messages is counted anew, and goes with its last one.
    still = set(NOBODYS) - {"review_groups"}
    assert {name: after[name] for name in still} == {name: before[name] for name in still}
    assert len(after["review_groups"]) == len(before["review_groups"]) - 1
    assert not life.file.exists()
    assert other.file.exists()
    assert done.whole == ()
    assert set(done.rows) == set(HOLDINGS)
    for table, holding in HOLDINGS.items():
        lost = len(before[table]) - len(after[table])
        assert (lost > 0) == (holding.fate is Fate.REMOVED), table


def test_what_the_law_keeps_is_kept_with_its_figures(
    database: Database, live: Live, tmp_path: Path, clock: SetClock
) -> None:
    life = live("PAPAYA")
    _erase(database, life.number, clock, tmp_path / "files")
    with database.begin() as connection:
        customer = connection.execute(sa.select(shop.customers)).one()
        order = connection.execute(sa.select(shop.orders)).one()
        refund = connection.execute(sa.select(shop.refunds)).one()
        approval = connection.execute(sa.select(shop.approvals)).one()
    assert (customer.number, customer.name, customer.email, customer.phone) == ("CU-PAPAYA", "erased", "", "")
    assert (customer.consents_to_notices, customer.consents_to_marketing) == (True, False)
    assert (order.total_minor, order.ship_country, order.ship_street) == (5000, "DE", "")
    assert (refund.amount_minor, refund.state) == (5000, "arrived")
    assert approval.decided_by == "Sue Supervisor"


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_deleted_word_does_not_stay_behind_in_the_file(
    backend: str, database: Database, live: Live, tmp_path: Path, clock: SetClock
) -> None:
    life = live("PAPAYA")
    with database.begin() as connection:
        connection.execute(shop.customers.update().values(number="CU-1"))
        connection.execute(shop.orders.update().values(number="CD-1"))
    _erase(database, "CU-1", clock, tmp_path / "files")
    path = Path(str(database.url.database))
    for one in (path, path.with_name(path.name + "-wal")):
        assert not one.exists() or b"PAPAYA" not in one.read_bytes()
    assert life.mark == "PAPAYA"


def test_a_forgotten_buyer_can_be_forgotten_again(
    database: Database, live: Live, tmp_path: Path, clock: SetClock
) -> None:
    life = live("PAPAYA")
    _erase(database, life.number, clock, tmp_path / "files")
    once = _everything(database)
    _erase(database, life.number, clock, tmp_path / "files")
    _erase(database, life.conversation_id, clock, tmp_path / "files")
    assert _everything(database) == once


def test_a_forgotten_buyer_who_writes_again_is_a_stranger(
    database: Database, live: Live, tmp_path: Path, clock: SetClock
) -> None:
    life = live("PAPAYA")
    _erase(database, life.number, clock, tmp_path / "files")
    with database.begin() as connection:
        again = inbox.accept(
            connection, letter(sender="visitor-PAPAYA"), language="en", now=clock.now()
        ).conversation_id
    assert again != life.conversation_id
    assert _find(database, again) == Buyer(None, None, (again,))


@pytest.mark.parametrize("contact", ["", "@", "erased", " ", "+49", "PAPAYA@fruit.example"])
def test_nobody_passes_the_identity_check_as_a_forgotten_buyer(
    database: Database, live: Live, tmp_path: Path, clock: SetClock, rules: ShopRules, contact: str
) -> None:
    life = live("PAPAYA")
    with database.begin() as connection:
        connection.execute(shop.orders.update().values(number="CD-123456"))
    _erase(database, life.number, clock, tmp_path / "files")
    with database.begin() as connection:
        result = Identity(connection, rules, clock).check("CD-123456", contact, "web:x")
    assert result.verdict is Verdict.WRONG


@pytest.mark.parametrize("state", ["paid", "in_transit", "unpaid"])
def test_an_order_that_is_not_at_its_end_keeps_where_it_goes(
    database: Database, live: Live, tmp_path: Path, clock: SetClock, state: str
) -> None:
    life = live("PAPAYA", order_state=state)
    done = _erase(database, life.number, clock, tmp_path / "files")
    assert done.whole == ("CD-PAPAYA",)
    with database.begin() as connection:
        assert connection.execute(sa.select(shop.orders.c.ship_street)).scalar_one() == "PAPAYAstraße 5"
        assert connection.execute(sa.select(shop.customers.c.email)).scalar_one() == "PAPAYA@fruit.example"
        assert connection.execute(sa.select(inbox.inbox.c.text)).scalar_one() == ""
        connection.execute(shop.orders.update().values(state="delivered"))
    assert _erase(database, life.number, clock, tmp_path / "files").whole == ()
    with database.begin() as connection:
        assert connection.execute(sa.select(shop.orders.c.ship_street)).scalar_one() == ""


def _refused(database: Database, life: Any, clock: SetClock, files: Path, why: str) -> None:
    before = _everything(database)
    with pytest.raises(BuyerError, match=why):
        _erase(database, life.number, clock, files)
    assert _everything(database) == before
    assert life.file.exists()


def test_what_is_under_way_is_not_pulled_away(
    database: Database, live: Live, tmp_path: Path, clock: SetClock
) -> None:
    files = tmp_path / "files"
    _refused(database, live("GUAVA", open_case=True), clock, files, r"a case is open: .*\(case \d+\)")
    life = live("PAPAYA")
    with database.begin() as connection:
        row = outbox.post(connection, life.conversation_id, "Hello", now=clock.now())
    _refused(database, life, clock, files, rf"not delivered yet \(outbox:{row}\)")
    with database.begin() as connection:
        outbox.settle(connection, row, outbox.OutboxState.SENT, now=clock.now())
        inbox.accept(connection, letter(sender="visitor-PAPAYA"), language="en", now=clock.now())
    _refused(database, life, clock, files, "a message waits for its answer")
    with database.begin() as connection:
        connection.execute(
            conversations.update()
            .where(conversations.c.id == life.conversation_id)
            .values(claim_until=clock.now().replace(year=2030), claim_worker="w1")
        )
    _refused(database, life, clock, files, "is under way: try again")


def test_a_buyer_of_ten_thousand_messages_is_forgotten_too(
    database: Database, live: Live, tmp_path: Path, clock: SetClock
) -> None:
    life = live("PAPAYA")
    with database.begin() as connection:
        known = dict(connection.execute(sa.select(inbox.inbox)).one()._mapping)
        known.pop("id")
        connection.execute(
            inbox.inbox.insert(), [{**known, "message_id": f"m{number}"} for number in range(10_000)]
        )
    done = _erase(database, life.number, clock, tmp_path / "files")
    assert done.rows["inbox"] == 10_001
    with database.begin() as connection:
        texts = connection.execute(sa.select(inbox.inbox.c.text).distinct()).scalars().all()
    assert texts == [""]
