"""Addresses as buyers type them, taken apart as far as every country's way of writing them allows."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace

from bot.shop.values import Address

#: As long as the columns.
LONGEST = {"street": 200, "city": 100, "region": 100, "postcode": 20}
_BETWEEN = re.compile(r"[,，،、;؛；\n\r]+")
_HAS_DIGIT = re.compile(r"\d")
#: A postcode among other words, whatever country it is of.
_POSTCODE = re.compile(r"[A-Z]{0,2}-?\d{4,6}|\d{2,5}-\d{3,4}")
#: One of China, Japan or Korea, which stands for itself and no word beside it.
_MARKED = re.compile(r"〒?(?<!\d)(?:\d{3}-\d{4}|\d{5,6})(?!\d)")
#: The largest part of an address there, and what lies in it.
_EAST = re.compile(
    r"(?P<city>[\u3400-\u9fff\uac00-\ud7af]{1,4}?(?:특별시|광역시|특별자치시|특별자치도|시|도|市|都(?!府)|道|府|県|县|省))"
    r"\s*(?P<rest>[\u3400-\u9fff\uac00-\ud7af\u3040-\u30ff].*)"
)
#: What a postcode is called, before it; none of it belongs to the address.
_LABEL = re.compile(
    r"(?<!\w)(?:zip(?: ?code)?|post ?code|postal code|plz|cep|code postal|c[oó]digo postal"
    r"|(?:почтовый )?индекс"
    r"|الرمز(?: البريدي)?|우편 ?번호)\s*[:：]?\s*(?=\d)"
    r"|(?:邮编|郵編|邮政编码|郵遞區號|郵便番号)\s*[:：]?\s*(?=\d)",
    re.IGNORECASE,
)
#: "Change it to …", which in Chinese is written together with what follows.
_TO = re.compile(
    r"^(?:请|請|帮我|幫我|麻烦|麻煩)*(?:把|将)?(?:新?地址)?(?:改|换|換|寄|送|发|發)(?:成|到|为|為|去|至)\s*[:：]?\s*"
)
#: What is told of a door within a house: nothing else of an address follows but the place.
_DOOR = re.compile(
    r"(?:apt|apartment|flat|unit|suite|floor|кв|квартира|офис|подъезд|этаж|شقة|شقه|مكتب|الدور|طابق|piso|depto|wohnung)\b",
    re.IGNORECASE,
)
#: A state or province in short: NSW, IL, SP.
_REGION = re.compile(r"[A-Z]{2,3}")


@dataclass(frozen=True)
class TypedAddress:
    """What is known of an address so far; what is empty is still to be asked for."""

    street: str = ""
    postcode: str = ""
    city: str = ""
    region: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether a parcel could be sent there; not every country has postcodes."""
        return bool(self.street and self.city)

    def over(self, known: Address) -> Address:
        """The whole address: name, country and phone stay those that are known."""
        return replace(known, **asdict(self))


def read_address(text: str, known: Address, before: TypedAddress | None = None) -> TypedAddress | None:
    """What a message tells of an address; None if it is none.

    ``known`` is the order's address so far: it tells how a postcode looks. ``before`` is what an earlier
    message told: then this one is about postcode and city.
    """
    told = _TO.sub("", _LABEL.sub(" ", text.strip()))
    parts = [" ".join(part.split()).strip(" .") for part in _BETWEEN.split(told)]
    parts = [part for part in parts if part]
    # What no column holds is no address, and would be looked through word by word.
    if not parts or sum(map(len, parts)) > sum(LONGEST.values()):
        return None
    whole = _from_the_large(parts) or _whole(parts, known)
    if before is not None and before.street and whole.street.casefold() != before.street.casefold():
        found = replace(_place(parts), street=before.street)
    else:
        # The first message, or all of it told once more.
        found = whole
    fits = all(len(getattr(found, name)) <= most for name, most in LONGEST.items())
    return found if fits and (found.street or found.city) else None


def is_eastern(text: str) -> bool:
    """Whether a text is a whole address as it is written in East Asia."""
    return _from_the_large([" ".join(_LABEL.sub(" ", text).split())]) is not None


def one_line(address: Address) -> str:
    """The address in one line, as it is read back."""
    place = f"{address.postcode} {address.city}".strip()
    return ", ".join(part for part in (address.name, address.street, place, address.region) if part)


def _from_the_large(parts: list[str]) -> TypedAddress | None:
    """As it is written in East Asia: city or prefecture first, the house last, the postcode at either end."""
    line = " ".join(parts)
    found = _EAST.fullmatch(_MARKED.sub(" ", line).strip())
    postcodes = _MARKED.findall(line)
    if found is None or len(postcodes) > 1 or not _HAS_DIGIT.search(found["rest"]):
        return None
    return TypedAddress(
        " ".join(found["rest"].split()), postcodes[0].lstrip("〒") if postcodes else "", found["city"]
    )


def _whole(parts: list[str], known: Address) -> TypedAddress:
    """Street first, then the place; a name before the street is left out: the order has one."""
    if len(parts) == 1:
        return _cut(parts[0], known)
    numbered = [number for number, part in enumerate(parts) if _HAS_DIGIT.search(part)]
    if not numbered:
        return TypedAddress()
    last = numbered[-1]
    if last == 0:
        # The street alone has digits: the rest is the place, without a postcode.
        return replace(_place(parts[1:]), street=parts[0])
    if not numbered[0] and _DOOR.match(parts[last]) and last == len(parts) - 1:
        # The door stands last, and no place after it.
        return TypedAddress(street=", ".join(parts))
    if numbered[0] and _DOOR.match(parts[last]):
        # From the large to the small, as in Russian or Arabic: the place stands first.
        return TypedAddress(street=", ".join(parts[1:]), city=parts[0])
    place = _place(parts[last:])
    streets = parts[:last]
    if not place.city and len(streets) > 1 and _HAS_DIGIT.search(streets[-1]):
        # The same with the postcode behind: what has no digit and stands before the street is the place.
        if _HAS_DIGIT.search(streets[0]):
            return replace(place, street=", ".join(streets))
        return replace(place, city=streets[0], street=", ".join(streets[1:]))
    if not place.city or (_REGION.fullmatch(place.city) and len(streets) > 1):
        place = replace(place, city=streets[-1], region=place.city or place.region)
        streets = streets[:-1]
    if len(streets) > 1 and not _HAS_DIGIT.search(streets[0]) and _HAS_DIGIT.search(streets[1]):
        streets = streets[1:]
    return replace(place, street=", ".join(streets))


def _cut(line: str, known: Address) -> TypedAddress:
    """One line without commas: where something looks like a postcode, the place begins."""
    words = line.split()
    shape = _shape(known.postcode)
    # As the order's own looks, else as most countries' do; what stands last would be a house's number.
    for looks_like in (lambda word: bool(shape) and _shape(word) == shape, _POSTCODE.fullmatch):
        for number in range(len(words) - 2, 0, -1):
            if not looks_like(words[number]):
                continue
            place = _place([" ".join(words[number:])])
            if place.city:
                return replace(place, street=" ".join(words[:number]))
    return TypedAddress(street=line) if _HAS_DIGIT.search(line) else TypedAddress()


def _place(parts: list[str]) -> TypedAddress:
    """Postcode and city in either order: the words with digits are the postcode."""
    words = parts[0].split()
    postcode = " ".join(word for word in words if _HAS_DIGIT.search(word))
    city = " ".join(word for word in words if not _HAS_DIGIT.search(word))
    rest = list(parts[1:])
    if not city and rest:
        city = rest.pop(0)
    elif not postcode and rest and _HAS_DIGIT.search(rest[0]):
        postcode = rest.pop(0)
    return TypedAddress(postcode=postcode, city=city, region=", ".join(rest))


def _shape(postcode: str) -> str:
    return re.sub(r"[A-Za-z]", "A", re.sub(r"\d", "9", postcode))
