"""A real mail server, Dovecot and Postfix: in a temporary folder, on its own ports, gone after the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from imapclient import IMAPClient
from imapclient.exceptions import LoginError

DOVECOT, POSTFIX = Path("/usr/sbin/dovecot"), Path("/usr/sbin/postfix")
#: How long a server may take to start, in seconds, on a machine with much else to do.
PATIENCE = 60
HOST = "127.0.0.1"
#: Address and password. `ghost` has a place in Postfix's map and none in Dovecot: letters to it come back.
USERS = {
    "help@shop.test": "helppw",
    "sales@shop.test": "salespw",
    "ann@cust.test": "annpw",
    "ben@cust.test": "benpw",
}
GHOST = "ghost@cust.test"

_DOVECOT = """
base_dir = {place}/run
state_dir = {place}/state
instance_name = crossdesk-tests
log_path = {place}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
mail_location = maildir:~/Maildir
first_valid_uid = 1
default_internal_user = dovecot
default_login_user = dovenull
ssl = yes
ssl_cert = <{place}/cert.pem
ssl_key = <{place}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_max_userip_connections = 100
mail_fsync = never
auth_failure_delay = 0
imap_capability = {capability}
passdb {{
  driver = passwd-file
  args = username_format=%u {place}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {place}/users
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = create
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener auth-postfix {{
    mode = 0666
  }}
}}
protocol lmtp {{
  postmaster_address = postmaster@shop.test
}}
"""
_MAIN = """
compatibility_level = 3.6
queue_directory = {place}/spool
data_directory = {place}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.shop.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = shop.test cust.test
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
virtual_mailbox_maps = texthash:{place}/known
default_transport = error:5.4.4 no outside world in this test
relay_transport = error:5.4.4 no relay
smtpd_sasl_type = dovecot
smtpd_sasl_path = {place}/run/auth-postfix
smtpd_sasl_auth_enable = yes
smtpd_tls_cert_file = {place}/cert.pem
smtpd_tls_key_file = {place}/key.pem
smtpd_tls_security_level = may
smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
maillog_file = {place}/postfix.log
maillog_file_prefixes = {place}
recipient_delimiter = +
message_size_limit = 41943040
virtual_mailbox_limit = 0
"""
_MASTER = """
127.0.0.1:{smtp} inet n - n - - smtpd
127.0.0.1:{submission} inet n - n - - smtpd
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
  -o mynetworks=
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
proxymap  unix  -       -       n       -       -       proxymap
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""


def missing() -> str | None:
    """What keeps this machine from running one; None if nothing does."""
    if os.getuid() != 0:
        return "a mail server is started by root"
    absent = [one.name for one in (DOVECOT, POSTFIX, Path("/usr/lib/dovecot/lmtp")) if not one.exists()]
    return f"not installed: {', '.join(absent)}" if absent else None


class PostOffice:
    """One mail server. It must be started by root, as in CI."""

    def __init__(self) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="crossdesk-mail-"))
        # Dovecot's and Postfix's own users look into it.
        self._place.chmod(0o755)
        self.imap, self.imaps, self.lmtp, self.smtp, self.submission = _free_ports(5)
        self.certificate = self._place / "cert.pem"
        self._run(
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=shop.test",
            ),
            *(
                "-addext",
                "subjectAltName=IP:127.0.0.1,DNS:localhost",
                "-keyout",
                "key.pem",
                "-out",
                "cert.pem",
            ),
        )
        self._owner = pwd.getpwnam("mail")
        homes = self._place / "homes"
        homes.mkdir()
        os.chown(homes, self._owner.pw_uid, self._owner.pw_gid)
        self._write_passwords(USERS)
        (self._place / "known").write_text("".join(f"{address} x\n" for address in (*USERS, GHOST)))
        for folder in ("spool", "data"):
            (self._place / folder).mkdir()
        os.chown(self._place / "data", pwd.getpwnam("postfix").pw_uid, -1)
        postfix = self._place / "postfix"
        postfix.mkdir()
        (postfix / "main.cf").write_text(_MAIN.format(**self._values()))
        (postfix / "master.cf").write_text(_MASTER.format(**self._values()))

    def _values(self) -> Mapping[str, object]:
        ports = {name: getattr(self, name) for name in ("imap", "imaps", "lmtp", "smtp", "submission")}
        return {"place": self._place, **ports}

    def start(self, *, capability: str = "") -> None:
        """Start and wait until both answer; Dovecot first, which says to Postfix who may send."""
        self.start_dovecot(capability=capability)
        self.start_postfix()

    def start_postfix(self) -> None:
        """Start the SMTP server and wait until it answers."""
        self._run("postfix", "-c", str(self._place / "postfix"), "start")
        _wait_for(self.submission)

    def stop_postfix(self) -> None:
        """End it; letters that it has taken wait in its queue."""
        self._run("postfix", "-c", str(self._place / "postfix"), "stop")

    def start_dovecot(self, *, capability: str = "") -> None:
        """Start the IMAP server; ``capability`` in place of what it can do."""
        text = _DOVECOT.format(**self._values(), capability=capability)
        if not capability:
            text = text.replace("imap_capability = \n", "")
        (self._place / "dovecot.conf").write_text(text)
        self._run("dovecot", "-c", str(self._place / "dovecot.conf"))
        _wait_for(self.imaps)

    def stop_dovecot(self) -> None:
        """End the IMAP server with all its connections; ``start_dovecot`` brings it back."""
        pid = int((self._place / "run" / "master.pid").read_text())
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + PATIENCE
        while _runs(pid) and time.monotonic() < end:
            time.sleep(0.02)

    def stop(self) -> None:
        """End both, and leave nothing behind."""
        self.stop_postfix()
        self.stop_dovecot()
        shutil.rmtree(self._place, ignore_errors=True)

    def kick(self, address: str) -> None:
        """Cut somebody's connections from the server's side."""
        self._run("doveadm", "-c", str(self._place / "dovecot.conf"), "kick", address)

    def number_anew(self, address: str) -> None:
        """Give the letters of an inbox new UIDs, under a new UIDVALIDITY, as when a mailbox is restored."""
        for file in (self._place / "homes" / address / "Maildir").glob("dovecot*"):
            file.unlink()

    def client(self, address: str) -> IMAPClient:
        """A mail program that is logged in; to be used in ``with``."""
        client = IMAPClient(HOST, port=self.imap, ssl=False)
        client.login(address, USERS[address])
        return client

    def change_password(self, address: str, password: str | None) -> None:
        """From now on only this password is taken; with None there is no such mailbox any more."""
        self._write_passwords({**USERS, address: password})
        # Dovecot looks whether its file has changed once a second at most.
        end = time.monotonic() + PATIENCE
        while self._takes(address, password or USERS[address]) is (password is None):
            assert time.monotonic() < end, f"Dovecot has not seen what became of {address}"

    def _write_passwords(self, passwords: Mapping[str, str | None]) -> None:
        home = self._place / "homes"
        lines = [
            f"{one}:{{PLAIN}}{word}:{self._owner.pw_uid}:{self._owner.pw_gid}::{home / one}\n"
            for one, word in passwords.items()
            if word is not None
        ]
        draft = self._place / "users.new"
        draft.write_text("".join(lines))
        draft.chmod(0o644)
        draft.rename(self._place / "users")

    def _takes(self, address: str, password: str) -> bool:
        with IMAPClient(HOST, port=self.imap, ssl=False) as client:
            try:
                client.login(address, password)
            except LoginError:
                return False
            return True

    def _run(self, *command: str) -> None:
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
        # Into a file: a server that goes on in the background holds what it was given open.
        with (self._place / "said").open("wb") as said:
            ran = subprocess.run(
                command,
                cwd=self._place,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                timeout=PATIENCE,
                check=False,
            )
        if ran.returncode:
            raise RuntimeError(f"{' '.join(command[:4])}: {(self._place / 'said').read_text()}")


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    # A zombie has ended, whoever should know of it.
    return stat.rpartition(")")[2].split()[0] != "Z"


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def _wait_for(port: int) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with socket.create_connection((HOST, port), 5) as line:
                line.settimeout(5)
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
