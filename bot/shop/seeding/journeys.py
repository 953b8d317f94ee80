"""The way of a made-up parcel, told backwards from where it is now, so that all of it lies in the past."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.shop.seeding.data import read
from bot.shop.seeding.people import Buyer
from bot.shop.values import DelayCause

#: The hours of the day, where the buyer lives, at which a step happens.
_HOURS = {"out_for_delivery": (7, 11), "delivered": (9, 19)}


@dataclass(frozen=True)
class Scan:
    """One event of a parcel."""

    at: dt.datetime
    place: str
    code: str
    text: str


@dataclass(frozen=True)
class Journey:
    """A parcel's way so far."""

    carrier: str
    tracking_number: str
    #: The first is the label.
    scans: tuple[Scan, ...]
    placed_at: dt.datetime
    packed_at: dt.datetime
    shipped_at: dt.datetime | None
    delivered_at: dt.datetime | None
    #: The most days that were promised, from the order's day.
    days: int

    @property
    def reached(self) -> str:
        """The last regular step."""
        codes = [step["code"] for step in read("lanes")["steps"]]
        return next(scan.code for scan in reversed(self.scans) if scan.code in codes)


def travel(
    rng: random.Random,
    buyer: Buyer,
    reached: str,
    last_at: dt.datetime,
    cause: DelayCause | None = None,
) -> Journey:
    """A parcel that has reached a step, its last event at about the given moment (never later)."""
    data = read("lanes")
    country = str(buyer.row["country"])
    name, lane = next((key, one) for key, one in data["lanes"].items() if country in one["countries"])
    places = {
        "origin": data["origin"]["place"],
        "port": data["origin"]["port"],
        "gateway": data["gateways"].get(country, ""),
        "city": f"{buyer.row['city']}, {country}",
    }
    trouble = None if cause is None else data["troubles"].get(cause.value)
    until = reached if trouble is None else trouble["after"]
    steps = [step for step in data["steps"] if name != "home" or not step.get("abroad")]
    codes = [step["code"] for step in steps]
    if until not in codes:
        # A parcel at home has no customs to be held at: the step before stands for it.
        until = "departed"
    steps = steps[: codes.index(until) + 1]
    scans: list[Scan] = []
    at = last_at
    if trouble is not None:
        at = _daytime(rng, at, buyer, (9, 18))
        scans.append(Scan(at, places[steps[-1]["place"]], trouble["code"], trouble["text"]))
        at -= _hours(rng, [2, 9])
    elif until in _HOURS:
        at = _daytime(rng, at, buyer, _HOURS[until])
    for step in reversed(steps):
        scans.append(Scan(at, places[step["place"]], step["code"], step["text"]))
        pace = 1.0 if step["code"] in ("label", "delivered") else lane["pace"]
        at -= _hours(rng, step["hours"]) * pace
    scans.reverse()
    by_code = {scan.code: scan.at for scan in scans}
    carrier = rng.choice(list(lane["carriers"]))
    return Journey(
        carrier=carrier,
        tracking_number=tracking_number(rng, lane["carriers"][carrier]),
        scans=tuple(scans),
        placed_at=at,
        packed_at=by_code["label"],
        shipped_at=by_code.get("accepted"),
        delivered_at=by_code.get("delivered"),
        days=lane["days"][1],
    )


def promised_days(buyer: Buyer) -> int:
    """The most days that are promised to a buyer, from the order's day."""
    lanes = read("lanes")["lanes"].values()
    return int(next(lane["days"][1] for lane in lanes if buyer.row["country"] in lane["countries"]))


def carrier_for(rng: random.Random, buyer: Buyer) -> str:
    """A carrier that goes there."""
    lanes = read("lanes")["lanes"].values()
    lane = next(one for one in lanes if buyer.row["country"] in one["countries"])
    carriers: list[str] = list(lane["carriers"])
    return rng.choice(carriers)


def tracking_number(rng: random.Random, kind: str) -> str:
    """A number as the carrier writes it, with its check digit where it has one."""
    if kind == "dhl":
        return "JD" + "".join(str(rng.randrange(10)) for _ in range(10))
    if kind == "ups":
        return "1Z" + "".join(rng.choice("0123456789ABCDEFGHJKLMNPRSTUVWXY") for _ in range(16))
    digits = [rng.randrange(10) for _ in range(8)]
    check = 11 - sum(a * b for a, b in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    check = {10: 0, 11: 5}.get(check, check)
    return f"{rng.choice(['LX', 'RB', 'EA'])}{''.join(map(str, digits))}{check}CN"


def _hours(rng: random.Random, between: list[float]) -> dt.timedelta:
    return dt.timedelta(minutes=rng.randrange(int(between[0] * 60), int(between[1] * 60) + 1))


def _daytime(rng: random.Random, at: dt.datetime, buyer: Buyer, hours: tuple[int, int]) -> dt.datetime:
    """The last moment before this one that lies between two hours of the day where the buyer lives."""
    local = at.astimezone(ZoneInfo(str(buyer.row["timezone"])))
    day = local.replace(hour=rng.randrange(*hours), minute=rng.randrange(60), second=0, microsecond=0)
    return (day if day <= local else day - dt.timedelta(days=1)).astimezone(dt.timezone.utc)
