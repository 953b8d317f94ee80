"""What lies in a ``winmail.dat``: files as some mail programs wrap them (MS-OXTNEF)."""

from __future__ import annotations

import email
import logging
import mimetypes
import resource
import subprocess
import sys
from email.message import EmailMessage, Message

log = logging.getLogger(__name__)

KINDS = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
#: What reading one may cost: seconds of a core, and bytes of memory.
SECONDS, MEMORY = 5, 1 << 30
#: Files that are taken out of one.
MOST = 100


def unpacked(content: bytes) -> list[Message]:
    """The files in it, each as a part of a letter; none if it cannot be read.

    It is read in a process of its own: what reads the format trusts the counts that stand in it, so that a
    few bytes made for it would keep it busy for days.
    """
    try:
        ran = subprocess.run(  # noqa: S603 (this program itself)
            [sys.executable, "-I", "-m", __name__, str(SECONDS)],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS * 4,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("a winmail.dat cannot be read: %s", type(error).__name__)
        return []
    parts = email.message_from_bytes(ran.stdout).get_payload()
    return [one for one in parts if isinstance(one, Message)] if isinstance(parts, list) else []


def _repacked(content: bytes) -> bytes:
    """The same files as a letter's parts."""
    # Only this process needs it.
    from tnefparse import TNEF

    letter = EmailMessage()
    letter.make_mixed()
    found = TNEF(content, do_checksum=False).attachments[:MOST]
    if not found or not all(one.data for one in found):
        raise ValueError("it holds no files, or was cut short")
    for one in found:
        data = one.data if isinstance(one.data, bytes) else b"".join(one.data)
        given = one.long_filename()
        name = given if isinstance(given, str) else "".join(given)
        name = name.replace("\0", "").strip() or "file"
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        main, _, sub = kind.partition("/")
        letter.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return letter.as_bytes()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), int(sys.argv[1])))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    logging.disable()
    sys.stdout.buffer.write(_repacked(sys.stdin.buffer.read()))
