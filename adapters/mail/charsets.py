"""Bytes of letters to text, whatever charset they claim to have."""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

#: What a name means in practice: mail programs label the larger set with the smaller one's name.
_MEANT = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "shift_jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-8-i": "iso-8859-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
}
#: What unnamed text of the languages that buyers write may be in.
_LIKELY = ["cp1252", "gb18030", "cp932", "cp949", "cp1251", "koi8_r", "cp1256", "iso2022_jp", "utf_8"]
#: So many bytes are looked at when a charset has to be guessed.
_LOOKED_AT = 4_000


def decoded(content: bytes, charset: str | None) -> str:
    """The text. Never raises: what cannot be read is shown as �."""
    name = (charset or "").strip().strip("'\"").lower()
    # What is valid UTF-8 is UTF-8, whatever it says; but ISO-2022 and UTF-7 look like ASCII.
    if not name.startswith(("iso-2022", "utf-7", "unicode", "hz", "utf-16", "utf16")):
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
    for known in (_MEANT.get(name, name), name):
        try:
            if (
                known
                and codecs.lookup(known)._is_text_encoding
                and known not in ("us-ascii", "ascii", "utf-8")
            ):
                return content.decode(known, "replace")
        except (LookupError, ValueError, UnicodeError):
            continue
    guess = from_bytes(content[:_LOOKED_AT], cp_isolation=_LIKELY).best()
    return content.decode(guess.encoding if guess is not None else "cp1252", "replace")
