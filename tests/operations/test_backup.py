"""Backup and restoration: the whole store comes back as it was; what is hostile touches nothing."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import schema
from bot.clock import SetClock
from bot.database import Database
from bot.errors import BackupError, TryLaterError
from bot.mailroom import inbox
from bot.messages import Attachment
from bot.operations import archive, snapshot
from bot.operations.backup import back_up
from bot.operations.restore import restore
from bot.settings import ROOT, Settings
from bot.shop.seed import seed
from tests.conftest import NOON
from tests.mailroom.letters import letter
from tests.peers.postgres import Server, programs


@dataclasses.dataclass
class Store:
    """A store in a folder of its own: database, files and its own folder."""

    settings: Settings
    database: Database

    def back_up(self, target: Path) -> Any:
        return back_up(self.settings, self.database, target, SetClock(NOON))

    def restore(self, source: Path, **more: Any) -> Any:
        return restore(self.settings, self.database, source, **more)

    def contents(self) -> dict[str, Any]:
        """Every row of every table, every file: all that a restoration must bring back."""
        with self.database.begin() as connection:
            tables = {
                table.name: sorted(map(repr, connection.execute(sa.select(table)).all()))
                for table in schema.every_table().tables.values()
            }
        return {**tables, "files": tree(self.settings.files), "store": tree(self.settings.store)}


def tree(folder: Path) -> dict[str, bytes]:
    """The plain files below a folder, but for caches and what was moved aside."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.relative_to(folder).parts[0] != "cache"
        and not path.relative_to(folder).parts[0].startswith(archive.ASIDE)
    }


Make = Callable[[str], Store]


@pytest.fixture
def make(settings: Settings, tmp_path: Path, empty_file: Path) -> Make:
    def made(name: str) -> Store:
        place = tmp_path / name
        own = dataclasses.replace(
            settings,
            files=place / "files",
            store=place / "store",
            database_url=f"sqlite:///{place / 'crossdesk.sqlite'}",
        )
        return Store(own, Database(own.database_url))

    return made


@pytest.fixture
def store(make: Make, empty_file: Path, tmp_path: Path) -> Store:
    """A store with products, customers, orders, a conversation, models and rules of its own."""
    (tmp_path / "old").mkdir()
    shutil.copy(empty_file, tmp_path / "old" / "crossdesk.sqlite")
    one = make("old")
    with one.database.begin() as connection:
        seed(connection, 1, NOON.date(), customers=60, orders=120)
        for number in range(5):
            inbox.accept(connection, letter(f"Hello {number} ✓"), language="en", now=NOON)
    for name, data in {
        "files/models/one.tar.gz": os.urandom(300_000),
        "files/models/current.json": b'{"name": "one.tar.gz", "fingerprint": "x"}',
        "files/attachments/12/photo ü.jpg": b"JPEG",
        "files/secret.key": b"k" * 64,
        "files/cache/vectors.sqlite": b"can be made again",
        "store/shop.yml": b"store: {name: Tea}\n",
        "store/nlu/own.yml": b"nlu: []\n",
    }.items():
        path = tmp_path / "old" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "old" / "files" / "secret.key").chmod(0o600)
    return one


@pytest.fixture
def saved(store: Store, tmp_path: Path) -> Path:
    target = tmp_path / "backup.zip"
    store.back_up(target)
    return target


# --- There and back ---


def test_a_store_comes_back_as_it_was(store: Store, saved: Path, make: Make) -> None:
    new = make("new")
    done = new.restore(saved)
    assert new.contents() == store.contents()
    assert len(new.contents()["orders"]) == 120
    assert (done.aside, done.needs_upgrade) == ((), False)
    schema.require_current(new.database)
    assert not (new.settings.files / "cache").exists()
    # Nothing of the restoration itself stays behind.
    assert [path for path in new.settings.files.parent.rglob("*") if path.name.startswith(".")] == []


def test_an_archive_is_its_owners_alone_and_so_is_what_comes_of_it(
    store: Store, saved: Path, make: Make
) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    new = make("new")
    new.restore(saved)
    for path in (new.settings.files / "secret.key", new.settings.files.parent / "crossdesk.sqlite"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_manifest_tells_what_it_was_made_of(saved: Path) -> None:
    told = json.loads(zipfile.ZipFile(saved).read("manifest.json"))
    assert told["made_at"] == NOON.isoformat()
    assert told["database"] == {"backend": "sqlite", "revision": schema.newest()}
    assert "files/cache/vectors.sqlite" not in told["members"]
    photo = told["members"]["files/attachments/12/photo ü.jpg"]
    assert photo == {"size": 4, "sha256": hashlib.sha256(b"JPEG").hexdigest(), "mode": photo["mode"]}


def test_a_backup_of_a_store_that_serves_is_whole_and_disturbs_nobody(
    store: Store, make: Make, tmp_path: Path
) -> None:
    stop, written, failed = threading.Event(), [], []

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                with store.database.begin() as connection:
                    # Two rows in one unit of work: a copy has both or neither.
                    for part in ("a", "b"):
                        one = letter("Hello", sender=f"pair {number}", message_id=f"pair {number} {part}")
                        inbox.accept(connection, one, language="en", now=NOON)
                written.append(number)
            except Exception as error:
                failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            store.back_up(tmp_path / f"{number}.zip")
    finally:
        stop.set()
        writer.join()
    assert failed == []
    assert len(written) > 5
    for number in range(5):
        new = make(f"new {number}")
        new.restore(tmp_path / f"{number}.zip")
        with new.database.begin() as connection:
            pairs = connection.exec_driver_sql(
                "SELECT count(*) FROM inbox WHERE message_id LIKE 'pair %' GROUP BY conversation_id"
            ).scalars()
            assert set(pairs.all()) <= {2}
        new.database.close()


def test_an_older_backup_comes_back_and_says_what_is_to_be_done(
    store: Store, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.back_up(tmp_path / "old.zip")
    monkeypatch.setattr(schema, "newest", lambda: "9999")
    assert make("new").restore(tmp_path / "old.zip").needs_upgrade


def test_a_file_that_vanishes_meanwhile_is_told(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def vanish(path: Path, *more: Any, **named: Any) -> Any:
        if path.name == "one.tar.gz":
            path.unlink(missing_ok=True)
        return opened(path, *more, **named)

    monkeypatch.setattr(Path, "open", vanish)
    made = store.back_up(tmp_path / "backup.zip")
    assert made.left_out == ("files/models/one.tar.gz (removed meanwhile)",)


def test_what_is_no_plain_file_is_left_out_and_told(store: Store, tmp_path: Path) -> None:
    (store.settings.store / "link.yml").symlink_to("/etc/passwd")
    os.mkfifo(store.settings.files / "pipe")
    made = store.back_up(tmp_path / "backup.zip")
    assert sorted(line.rpartition("/")[2] for line in made.left_out) == [
        "link.yml (no plain file)",
        "pipe (no plain file)",
    ]
    assert not any("link" in name or "pipe" in name for name in made.manifest.members)


def test_a_store_whose_parts_lie_in_one_another_comes_back(
    settings: Settings, empty_file: Path, tmp_path: Path
) -> None:
    def nested(name: str) -> Store:
        files = tmp_path / name
        own = dataclasses.replace(
            settings, files=files, store=files / "store", database_url=f"sqlite:///{files / 'db.sqlite'}"
        )
        return Store(own, Database(own.database_url))

    (tmp_path / "one" / "store").mkdir(parents=True)
    shutil.copy(empty_file, tmp_path / "one" / "db.sqlite")
    (tmp_path / "one" / "store" / "shop.yml").write_bytes(b"# ours\n")
    (tmp_path / "one" / "a.txt").write_bytes(b"a")
    one = nested("one")
    made = one.back_up(tmp_path / "nested.zip")
    assert set(made.manifest.members) == {"database.sqlite", "files/a.txt", "store/shop.yml"}
    two = nested("two")
    two.restore(tmp_path / "nested.zip")
    (two.settings.files / "a.txt").write_bytes(b"changed")
    two.database.close()
    two.restore(tmp_path / "nested.zip", force=True)
    assert (two.settings.files / "a.txt").read_bytes() == b"a"
    assert (two.settings.store / "shop.yml").read_bytes() == b"# ours\n"
    schema.require_current(two.database)


# --- What is not backed up ---


def test_a_backup_never_replaces_a_file(store: Store, saved: Path) -> None:
    before = saved.read_bytes()
    with pytest.raises(BackupError, match="is there already: give another name"):
        store.back_up(saved)
    assert saved.read_bytes() == before


def test_a_backup_needs_a_place(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"there is no folder .*nowhere: make it first"):
        store.back_up(tmp_path / "nowhere" / "backup.zip")
    with pytest.raises(BackupError, match="lies in what is backed up"):
        store.back_up(store.settings.files / "models" / "backup.zip")


def test_nothing_is_no_backup(make: Make, tmp_path: Path) -> None:
    new = make("new")
    with pytest.raises(BackupError, match="nothing is to be backed up"):
        new.back_up(tmp_path / "backup.zip")
    assert list(tmp_path.glob("**/backup.zip")) == []
    assert not (tmp_path / "new" / "crossdesk.sqlite").exists()


def _on_a_full_disk(store: Store, *arguments: str) -> str:
    """Run a command for which every file ends after so many bytes; returns its one line."""
    code = (
        "import resource, sys; from bot.cli import run\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "CROSSDESK_DATABASE_URL": store.settings.database_url,
            "CROSSDESK_FILES": str(store.settings.files),
            "CROSSDESK_STORE": str(store.settings.store),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2, ran.stderr
    (line,) = ran.stderr.splitlines()
    assert line.startswith("crossdesk: ")
    return line


def test_a_full_disk_leaves_no_half_archive(store: Store, tmp_path: Path) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    _on_a_full_disk(store, "backup", str(tmp_path / "backup.zip"))
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_disk_that_fills_while_restoring_leaves_what_was_there(store: Store, saved: Path) -> None:
    with store.database.begin() as connection:
        inbox.accept(connection, letter("written after the backup"), language="en", now=NOON)
    before = store.contents()
    store.database.close()
    assert "File too large" in _on_a_full_disk(store, "restore", "--force", str(saved))
    assert store.contents() == before
    assert not any(path.name.startswith(archive.STAGED) for path in store.settings.files.parent.rglob("*"))


def test_a_disk_that_fills_while_exporting_leaves_no_half_export(store: Store, tmp_path: Path) -> None:
    photo = store.settings.files / "attachments" / "12" / "photo ü.jpg"
    photo.write_bytes(os.urandom(400_000))
    sent = letter("look", attachments=(Attachment("x", "image/jpeg", 1, "attachments/12/photo ü.jpg"),))
    with store.database.begin() as connection:
        talk = inbox.accept(connection, sent, language="en", now=NOON).conversation_id
    _on_a_full_disk(store, "buyer", "export", str(talk), str(tmp_path / "theirs.zip"))
    assert [path.name for path in tmp_path.iterdir() if "theirs" in path.name] == []


def test_a_locked_database_says_try_later(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0.1}))
    store.database.close()
    path = store.settings.files.parent / "crossdesk.sqlite"
    with connect(path, isolation_level=None) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TryLaterError):
            store.back_up(tmp_path / "backup.zip")
    other.close()
    assert not (tmp_path / "backup.zip").exists()


# --- What is not restored ---


def _repacked(saved: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """An archive with something changed, its manifest as it was unless that was changed."""
    with zipfile.ZipFile(saved) as packed:
        held = {name: packed.read(name) for name in packed.namelist()}
    change(held)
    with zipfile.ZipFile(target, "w") as packed:
        for name, data in held.items():
            packed.writestr(name, data)
    return target


def _adding(name: str, data: bytes = b"evil") -> Callable[[dict[str, bytes]], None]:
    """Adds a file as a knowing enemy would: in the manifest, too."""

    def change(held: dict[str, bytes]) -> None:
        told = json.loads(held["manifest.json"])
        digest = hashlib.sha256(data).hexdigest()
        told["members"][name] = {"size": len(data), "sha256": digest, "mode": "600"}
        held["manifest.json"] = json.dumps(told).encode()
        held[name] = data

    return change


def _manifest(**values: Any) -> Callable[[dict[str, bytes]], None]:
    def change(held: dict[str, bytes]) -> None:
        held["manifest.json"] = json.dumps({**json.loads(held["manifest.json"]), **values}).encode()

    return change


def _set(name: str, data: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda held: held.update({name: data})


def _without(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda held: held.pop(name) and None


HOSTILE = {
    "a path that climbs": _adding("files/../../evil"),
    "a path from the root": _adding("/etc/cron.d/evil"),
    "a path that climbs from the store": _adding("store/.."),
    "an empty part": _adding("files//evil"),
    "a dot": _adding("files/./evil"),
    "a backslash": _adding("files\\..\\evil"),
    "a drive": _adding("files/C:/evil"),
    "a line end": _adding("files/a\nb"),
    "another top folder": _adding("bin/evil"),
    "a second database": _adding("database.dump"),
    "a file beside the folders": _adding("evil"),
    "a name that is too long": _adding("files/" + "x" * 300),
    "where a restoration stages": _adding("files/.restoring-x/evil"),
    "a file that is a folder too": _adding("files/secret.key/evil"),
    "a file that the manifest lacks": _set("files/evil", b"evil"),
    "a file that the archive lacks": _without("store/shop.yml"),
    "no database": _without("database.sqlite"),
    "other bytes": _set("store/shop.yml", b"store: {name: Evil}"),
    "fewer bytes": _set("store/shop.yml", b""),
    "more bytes": _set("files/secret.key", b"k" * 100_000),
    "no manifest": _without("manifest.json"),
    "a manifest of something else": _set("manifest.json", b'{"format": "tar"}'),
    "a manifest that is none": _set("manifest.json", b"[1, 2"),
    "a manifest that is a number": _set("manifest.json", b"7"),
    "a manifest too deep": _set("manifest.json", b"[" * 100_000),
    "members that are none": _manifest(members=[1]),
    "a negative size": _manifest(members={"database.sqlite": {"size": -1, "sha256": "", "mode": "600"}}),
    "a newer form": _manifest(version=99),
    "another database": _manifest(database={"backend": "oracle", "revision": "0001"}),
    "a newer revision": _manifest(database={"backend": "sqlite", "revision": "9999"}),
    "a moment that is none": _manifest(made_at="soon"),
    "a database that is none": _adding("database.sqlite", b"Dear Sir or Madam, " * 100),
    "an empty database": _adding("database.sqlite", b""),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_a_damaged_or_hostile_archive_touches_nothing(
    saved: Path, make: Make, tmp_path: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    evil = _repacked(saved, tmp_path / "evil.zip", change)
    new = make("new")
    before = sorted(path for path in tmp_path.rglob("*"))
    with pytest.raises((BackupError, OSError)):
        new.restore(evil)
    after = [path for path in sorted(tmp_path.rglob("*")) if path not in before]
    # Empty folders of the new store at most.
    assert [path for path in after if not (path.is_dir() and path.is_relative_to(tmp_path / "new"))] == []


def test_a_link_in_an_archive_is_refused(saved: Path, make: Make, tmp_path: Path) -> None:
    evil = tmp_path / "evil.zip"
    _repacked(saved, evil, lambda _: None)
    with zipfile.ZipFile(saved) as packed:
        held = {name: packed.read(name) for name in packed.namelist()}
    _adding("files/link", b"/etc/passwd")(held)
    with zipfile.ZipFile(evil, "w") as packed:
        for name, data in held.items():
            info = zipfile.ZipInfo(name)
            if name == "files/link":
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            packed.writestr(info, data)
    with pytest.raises(BackupError, match="no plain file"):
        make("new").restore(evil)


def test_the_same_name_twice_is_refused(saved: Path, make: Make, tmp_path: Path) -> None:
    evil = shutil.copy(saved, tmp_path / "evil.zip")
    with zipfile.ZipFile(evil, "a") as packed, pytest.warns(UserWarning, match="Duplicate"):
        packed.writestr("store/shop.yml", b"store: {name: Evil}")
    with pytest.raises(BackupError, match="not what its manifest says"):
        make("new").restore(Path(evil))


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_an_archive_that_was_cut_off_touches_nothing(
    saved: Path, make: Make, tmp_path: Path, part: float
) -> None:
    cut = tmp_path / "cut.zip"
    cut.write_bytes(saved.read_bytes()[: int(saved.stat().st_size * part)])
    new = make("new")
    with pytest.raises(BackupError, match=r"is no backup of crossdesk, or was cut off"):
        new.restore(cut)
    assert not new.settings.files.exists()


@pytest.mark.parametrize("seed_number", range(12))
def test_a_flipped_byte_is_found_or_does_no_harm(
    store: Store, saved: Path, make: Make, tmp_path: Path, seed_number: int
) -> None:
    import random

    data = bytearray(saved.read_bytes())
    place = random.Random(seed_number).randrange(len(data))
    data[place] ^= 0x5A
    evil = tmp_path / "evil.zip"
    evil.write_bytes(data)
    new = make("new")
    try:
        new.restore(evil)
    except BackupError:
        return
    # Somewhere in the packing that nobody reads: what came out is what went in.
    assert new.contents() == store.contents()


def test_a_file_that_is_no_archive_is_told(make: Make, tmp_path: Path) -> None:
    (tmp_path / "letter.zip").write_text("Dear Sir or Madam", encoding="utf-8")
    with pytest.raises(BackupError, match="is no backup of crossdesk"):
        make("new").restore(tmp_path / "letter.zip")


# --- What is there already ---


def test_what_is_there_is_not_replaced_unasked(store: Store, saved: Path, make: Make) -> None:
    before = store.contents()
    with pytest.raises(BackupError, match="there is a database already: --force"):
        store.restore(saved)
    new = make("new")
    new.settings.store.mkdir(parents=True)
    (new.settings.store / "shop.yml").write_text("# mine", encoding="utf-8")
    with pytest.raises(BackupError, match=r"store is not empty: --force"):
        new.restore(saved)
    assert store.contents() == before
    assert tree(new.settings.store) == {"shop.yml": b"# mine"}


def test_what_is_replaced_on_demand_is_kept_aside(store: Store, saved: Path) -> None:
    before = store.contents()
    with store.database.begin() as connection:
        inbox.accept(connection, letter("written after the backup"), language="en", now=NOON)
    (store.settings.files / "models" / "two.tar.gz").write_bytes(b"trained after the backup")
    (store.settings.files / "cache" / "more").write_bytes(b"stays")
    store.database.close()
    done = store.restore(saved, force=True)
    assert store.contents() == before
    assert (store.settings.files / "cache" / "more").read_bytes() == b"stays"
    database, files = (
        next(path for path in done.aside if path.is_file()),
        next(path for path in done.aside if (path / "models").is_dir()),
    )
    assert (files / "models" / "two.tar.gz").read_bytes() == b"trained after the backup"
    with sqlite3.connect(database) as old:
        found = old.execute("SELECT count(*) FROM inbox WHERE text LIKE 'written after%'").fetchone()
    old.close()
    assert found == (1,)
    # No companion of the old file lies beside the new one.
    assert {path.name for path in database.parent.glob("crossdesk.sqlite*")} <= {
        "crossdesk.sqlite", "crossdesk.sqlite-wal", "crossdesk.sqlite-shm", database.name,
    }  # fmt: skip


def test_a_database_in_use_is_never_replaced(store: Store, saved: Path) -> None:
    before = store.contents()
    with store.database.begin() as connection:
        connection.execute(sa.text("SELECT 1 FROM inbox")).first()
    # An idle connection, as a service that waits has it.
    other = Database(store.settings.database_url)
    with pytest.raises(BackupError, match=r"is in use .*: stop the service first"):
        restore(store.settings, other, saved, force=True)
    assert store.contents() == before


@pytest.mark.parametrize("broken", range(1, 9))
def test_a_restoration_that_fails_half_way_is_taken_back(
    store: Store, saved: Path, monkeypatch: pytest.MonkeyPatch, broken: int
) -> None:
    with store.database.begin() as connection:
        inbox.accept(connection, letter("written after the backup"), language="en", now=NOON)
    before = store.contents()
    store.database.close()
    moved, rename = [0], Path.rename

    def fail(path: Path, target: Path) -> Any:
        moved[0] += 1
        if moved[0] == broken:
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="No space"):
        store.restore(saved, force=True)
    monkeypatch.undo()
    assert store.contents() == before
    assert not any(
        path.name.startswith((archive.STAGED, archive.ASIDE))
        for path in store.settings.files.parent.rglob("*")
    )


def test_a_disk_without_room_is_told_before_anything_is_unpacked(
    saved: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 0))  # type: ignore[attr-defined]
    new = make("new")
    with pytest.raises(BackupError, match=r"has 0 MB free, the backup needs"):
        new.restore(saved)
    assert not new.settings.files.exists()


def test_a_folder_that_cannot_be_made_is_told(saved: Path, make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    new = make("new")
    blocked = dataclasses.replace(new.settings, store=tmp_path / "file" / "store")
    with pytest.raises(OSError, match="Not a directory"):
        restore(blocked, new.database, saved)
    assert tree(new.settings.files) == {}
    assert not (tmp_path / "new" / "crossdesk.sqlite").exists()


def test_an_sqlite_backup_does_not_go_into_postgresql(saved: Path, make: Make) -> None:
    new = make("new")
    other = Database("postgresql://crossdesk:hunter2@127.0.0.1:1/crossdesk")
    with pytest.raises(BackupError, match=r"holds a database of sqlite, .* names one of postgresql"):
        restore(new.settings, other, saved)


# --- PostgreSQL's programs ---


def test_a_missing_program_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    database = Database("postgresql://crossdesk:hunter2@127.0.0.1:1/crossdesk")
    with pytest.raises(BackupError, match="pg_dump is not on the PATH: install"):
        snapshot.copy(database, tmp_path / "dump")


def test_a_postgresql_store_comes_back_as_it_was(
    postgres: Server, empty_database: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{programs()}{os.pathsep}{os.environ['PATH']}")

    def made(name: str, database: str) -> Store:
        own = dataclasses.replace(
            settings,
            files=tmp_path / name / "files",
            store=tmp_path / name / "store",
            database_url=postgres.url(database),
        )
        return Store(own, Database(own.database_url))

    one = made("one", postgres.create(empty_database))
    one.settings.files.mkdir(parents=True)
    (one.settings.files / "secret.key").write_bytes(b"k" * 40)
    with one.database.begin() as connection:
        seed(connection, 1, NOON.date(), customers=30, orders=60)
    made_of = one.back_up(tmp_path / "one.zip")
    assert made_of.manifest.backend == "postgresql"
    two = made("two", postgres.create())
    two.restore(tmp_path / "one.zip")
    assert two.contents() == one.contents()
    schema.require_current(two.database)
    # Over what is there: refused, refused while somebody uses it, then replaced whole.
    with pytest.raises(BackupError, match="there is a database already"):
        two.restore(tmp_path / "one.zip")
    with two.database.begin() as connection:
        connection.execute(sa.text("DELETE FROM approvals"))
    user = Database(two.settings.database_url)
    with user.engine.connect(), pytest.raises(BackupError, match=r"use the database: stop the service first"):
        two.restore(tmp_path / "one.zip", force=True)
    user.close()
    two.restore(tmp_path / "one.zip", force=True)
    assert two.contents() == one.contents()
    # A damaged dump changes nothing.
    with two.database.begin() as connection:
        connection.execute(sa.text("UPDATE customers SET name = 'changed'"))
    before = two.contents()
    two.database.close()
    evil = _repacked(
        tmp_path / "one.zip", tmp_path / "evil.zip", _adding("database.dump", b"PGDMP" + b"x" * 99)
    )
    with pytest.raises(BackupError, match="pg_restore failed: "):
        two.restore(evil, force=True)
    assert two.contents() == before
    for store in (one, two):
        store.database.close()


def test_a_password_is_never_told(postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{programs()}{os.pathsep}{os.environ['PATH']}")
    database = Database("postgresql://crossdesk:hunter2@127.0.0.1:1/crossdesk")
    with pytest.raises(BackupError, match="pg_dump failed: ") as refused:
        snapshot.copy(database, tmp_path / "dump")
    assert "hunter2" not in str(refused.value)
