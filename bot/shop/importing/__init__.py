"""Loads a store's own data from CSV or JSON files; ``docs/import.md`` describes them for people.

A folder holds any of these files, each as ``.csv`` or ``.json``. ``*`` marks what every row must have,
``key`` what tells rows apart: a row whose key is known updates it, so importing twice doubles nothing.

``exchange_rates``
    currency* (key), rate* (units for one unit of the reference currency, which has rate 1), as_of* (date)
``customers``
    number* (key), name*, email*, country*, timezone*, phone, language (en), street, city, region, postcode,
    consents_to_notices (no), consents_to_marketing (no), points (0)
``products``
    code* (key), name*, category*, description, rating, review_count (0), aliases, goes_with, kinds,
    certificates, facts, size_chart; in JSON also ``names`` and ``variants``
``product_names``
    product* and language* (key), name*, aliases, kinds, description, facts
``variants``
    sku* (key), product*, price*, currency*, stock*, floor (the price), colour, size, restock_on
``orders``
    number* (key), customer*, state*, placed_at*, currency*, total*, discount (0), freight (0), promised_on,
    paid_at, packed_at, cancelled_at, coupon, email (the customer's), ship_name, ship_street, ship_city,
    ship_region, ship_postcode, ship_country, ship_phone (the customer's); in JSON also ``lines`` and
    ``payments``
``order_lines``
    order* and line* (key), sku*, title*, quantity*, price*, state (ordered)
``payments``
    order* and reference* (key), method*, state*, amount*, currency*, at*, label, decline_reason
``shipments``
    number* (key), order*, carrier*, state*, tracking_number, shipped_at, expected_on, delivered_at,
    delay_cause, proof; in JSON also ``events``
``shipment_events``
    shipment*, at* and code* (key), place, text

Text is UTF-8. Dates are ``2026-03-16``, times ``2026-03-16T09:30:00+01:00`` (always with their offset), money
is in major units with a point (``1299.90``), countries are ISO 3166, languages ISO 639-1, currencies ISO
4217. Lists in a CSV cell are separated by ``|``; a fact is a column of its own, ``fact:material``; a
certificate is ``CE:DE+FR`` (without countries it counts everywhere).
"""

from __future__ import annotations

from bot.shop.importing.folder import import_folder
from bot.shop.importing.report import Problem, Report

__all__ = ["Problem", "Report", "import_folder"]
