"""Names of currencies that Babel does not know, and what multiplies a number."""

from __future__ import annotations

#: The currencies whose names are known, in the languages given to the finder.
CURRENCIES = (
    *("EUR", "USD", "GBP", "JPY", "CNY", "KRW", "BRL", "AED", "SAR", "RUB", "CHF", "CAD", "AUD", "NZD"),
    *("MXN", "INR", "PLN", "SEK", "NOK", "DKK", "CZK", "HUF", "TRY", "HKD", "TWD", "SGD", "THB", "VND"),
    *("IDR", "ZAR", "ARS", "CLP", "COP", "PEN", "EGP", "MAD", "KWD", "QAR", "BHD", "OMR", "JOD", "DZD"),
    *("TND", "ILS", "UAH", "KZT", "BYN", "MYR", "PHP", "RON", "BGN", "UYU"),
)
#: Names that several currencies share, the best known first.
AMBIGUOUS: dict[str, tuple[str, ...]] = {
    "dollar": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP"),
    "peso": ("MXN", "ARS", "CLP", "COP", "PHP", "UYU"),
    "pound": ("GBP", "EGP"),
    "krone": ("SEK", "NOK", "DKK"),
    "riyal": ("SAR", "QAR", "OMR"),
    "dirham": ("AED", "MAD"),
    "dinar": ("KWD", "BHD", "JOD", "TND", "DZD"),
    "rouble": ("RUB", "BYN"),
    "yen or yuan": ("JPY", "CNY"),
}
_BY_CURRENCY = {
    "EUR": "€ eur euro euros eu€ евро يورو اليورو 欧元 歐元 ユーロ 유로",
    "USD": "us$ usd$ usd u$s u$d u$ us_dollars bucks buck dólares_americanos 美元 美金 ドル 米ドル 달러 "
    "미국_달러 دولار_امريكي доллары_сша долларов_сша",
    "dollar": (
        "$ dollar dollars dólar dólares dolares доллар доллара долларов доллары баксов бакса دولار دولارات"
    ),
    "GBP": (
        "جنيه_استرليني gbp quid pound_sterling libras_esterlinas 英镑 英鎊 ポンド 파운드 фунтов фунт фунта"
    ),
    "pound": "£ pound pounds pfund libras livres_sterling",
    "EGP": "جنيه جنيهات جنيه_مصري",
    "JPY": "円 yen jp¥ jpy 日元 日圓 日币 엔 ين иен иены йен",
    "CNY": "元 块 块钱 塊 塊錢 圆 人民币 人民幣 rmb yuan cn¥ cny 위안 юаней юаня юань يوان",
    "TWD": "塊台幣 块台币 nt$ 台币 台幣 新台币 新台幣 ntd",
    "HKD": "hk$ 港币 港幣 港元",
    "KRW": "원 won ₩ krw 韩元 韓元 ウォン",
    "BRL": "r$ reais real_brasileiro conto contos pila pilas",
    "rouble": "₽ руб рублей рубля рубль рубли р roubles rubles rublos rubel",
    "dirham": "درهم دراهم dirham dirhams dhs dh",
    "AED": "درهم_اماراتي",
    "MAD": "درهم_مغربي",
    "riyal": "ريال ريالات riyal riyals riyales",
    "SAR": "ريال_سعودي ر.س رس sr",
    "QAR": "ريال_قطري",
    "dinar": "دينار دنانير dinar dinars dinares",
    "KWD": "دينار_كويتي د.ك",
    "JOD": "دينار_اردني",
    "peso": "peso pesos",
    "MXN": "mx$ pesos_mexicanos peso_mexicano",
    "ARS": "ar$ pesos_argentinos",
    "CLP": "pesos_chilenos clp$",
    "COP": "pesos_colombianos",
    "PEN": "s/ s/. soles",
    "INR": "₹ rupees rs",
    "PLN": "zł zloty zlotys złotych",
    "TRY": "₺ tl lira",
    "VND": "₫",
    "ILS": "₪ shekels",
    "UAH": "₴ грн гривен гривны",
    "KZT": "₸ тенге",
    "CAD": "c$ ca$ can$ canadian_dollars",
    "AUD": "a$ au$",
    "NZD": "nz$",
    "SGD": "s$",
    "CHF": "fr. sfr sfr. franken francs_suisses stutz",
    "krone": "kr kronor kroner",
    "yen or yuan": "¥",
}
NAMES = {word.replace("_", " "): code for code, words in _BY_CURRENCY.items() for word in words.split()}

#: What multiplies the number before it.
TIMES = {
    "k": 1000, "mil": 1000, "mille": 1000, "thousand": 1000, "grand": 1000, "tausend": 1000, "тыс": 1000,
    "тысяч": 1000, "тысячи": 1000, "тысяча": 1000, "тысячу": 1000, "الف": 1000, "الاف": 1000,
}  # fmt: skip
WIDE_TIMES = {
    "十": 10, "百": 100, "千": 1000, "万": 10_000, "萬": 10_000, "億": 100_000_000, "亿": 100_000_000,
    "백": 100, "천": 1000, "만": 10_000, "억": 100_000_000,
}  # fmt: skip
