"""Words for days in ten languages; patterns are matched against folded text."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

#: Days from today. What is said in two words comes with them: ``this morning``.
RELATIVE: dict[str, dict[int, tuple[str, ...]]] = {
    "en": {
        0: ("today", "tonight", "this morning", "this afternoon", "this evening", "2day"),
        1: ("tomorrow", "tommorow", "tomorow", "tmrw", "tmr", "tomorrow morning"),
        -1: ("yesterday", "yday", "yesteday", "last night"),
        2: ("the day after tomorrow", "day after tomorrow", "overmorrow"),
        -2: ("the day before yesterday", "day before yesterday"),
    },
    "es": {
        0: ("hoy", "esta mañana", "esta tarde", "esta noche"),
        1: ("mañana",),
        -1: ("ayer", "anoche"),
        2: ("pasado mañana",),
        -2: ("anteayer", "antier", "antes de ayer", "antes de anoche", "anteanoche"),
    },
    "fr": {
        0: ("aujourd'hui", "aujourdhui", "aujourd hui", "ajd", "ce matin", "ce soir", "cet après-midi"),
        1: ("demain",),
        -1: ("hier",),
        2: ("après-demain", "après demain"),
        -2: ("avant-hier", "avant hier", "avanthier"),
    },
    "de": {
        0: ("heute",),
        1: ("morgen",),
        -1: ("gestern",),
        2: ("übermorgen",),
        -2: ("vorgestern",),
        -3: ("vorvorgestern",),
    },
    "pt": {
        0: ("hoje", "esta manhã", "esta tarde", "esta noite"),
        1: ("amanhã",),
        -1: ("ontem",),
        2: ("depois de amanhã",),
        -2: ("anteontem", "antes de ontem"),
    },
    "ru": {
        0: ("сегодня", "сегодняшнего дня", "седня"),
        1: ("завтра", "завтрашнего дня"),
        -1: ("вчера", "вчерашнего дня"),
        2: ("послезавтра",),
        -2: ("позавчера", "позавчерашнего дня"),
    },
    "ar": {
        0: ("اليوم", "النهاردة", "النهارده", "الليلة"),
        1: ("غدا", "بكرة", "بكرا", "باكر"),
        -1: ("أمس", "البارحة", "البارح", "امبارح", "إمبارح", "مبارح"),
        2: ("بعد غد", "بعد الغد", "بعد بكرة", "بعد بكرا"),
        -2: ("أول أمس", "أول امبارح", "أول البارح", "قبل أمس", "أمس الأول", "اول مبارح"),
    },
    "zh": {
        0: ("今天", "今日", "今晚", "今早", "今儿"),
        1: ("明天", "明日", "明早", "明晚", "明儿"),
        -1: ("昨天", "昨日", "昨晚", "昨儿"),
        2: ("后天", "後天"),
        -2: ("前天", "前日"),
        3: ("大后天", "大後天"),
        -3: ("大前天",),
    },
    "ja": {
        0: ("今日", "本日", "きょう", "今朝", "今夜", "今晩"),
        1: ("明日", "あした", "あす", "明朝", "明晩"),
        -1: ("昨日", "きのう", "昨夜", "昨晩", "ゆうべ"),
        2: ("明後日", "あさって"),
        -2: ("一昨日", "おととい"),
        3: ("しあさって",),
        -3: ("一昨々日", "さきおととい"),
    },
    "ko": {
        0: ("오늘", "금일"),
        1: ("내일", "낼", "명일"),
        -1: ("어제", "어젯밤", "작일"),
        2: ("모레", "낼모레", "내일모레"),
        -2: ("그저께", "그제", "엊그저께"),
        3: ("글피",),
        -3: ("그끄저께",),
    },
}
#: Known whatever the language of the message: no other language has such a word.
_EVERYWHERE = (
    "today tomorrow yesterday hoy ayer anteayer heute gestern übermorgen vorgestern aujourd'hui hoje ontem "
    "anteontem amanhã"
)
EVERYWHERE = frozenset(_EVERYWHERE.split())
#: What makes another thing of the word after it (``guten Morgen``, ``por la mañana``).
NOT_AFTER = {
    "morgen": r"(?:guten|schonen|am|heute|gestern|jeden|der|den|dem|vor|gute|frohlichen|diesen)\s$",
    "manana": r"(?:la|una|cada|toda)\s$",
    "hoy": r"(?!)",
}

WEEKDAYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "en": (
        ("monday", "mondays"), ("tuesday", "tues"), ("wednesday", "wendesday", "wednsday"),
        ("thursday", "thurs", "thur"), ("friday",), ("saturday",), ("sunday",),
    ),
    "es": (
        ("lunes",), ("martes",), ("miércoles",), ("jueves",), ("viernes",), ("sábado",), ("domingo",),
    ),
    "fr": (
        ("lundi",), ("mardi",), ("mercredi",), ("jeudi",), ("vendredi",), ("samedi",), ("dimanche",),
    ),
    "de": (
        ("montag",), ("dienstag",), ("mittwoch",), ("donnerstag",), ("freitag",), ("samstag", "sonnabend"),
        ("sonntag",),
    ),
    "pt": (
        ("segunda-feira", "segunda feira", "2ª feira"), ("terça-feira", "terça feira", "3ª feira"),
        ("quarta-feira", "quarta feira", "4ª feira"), ("quinta-feira", "quinta feira", "5ª feira"),
        ("sexta-feira", "sexta feira", "6ª feira"), ("sábado",), ("domingo",),
    ),
    "ru": (
        ("понедельник", "понедельника", "понедельнику"), ("вторник", "вторника", "вторнику"),
        ("среда", "среду", "среды", "среде"), ("четверг", "четверга", "четвергу"),
        ("пятница", "пятницу", "пятницы", "пятнице"), ("суббота", "субботу", "субботы", "субботе"),
        ("воскресенье", "воскресенья", "воскресенью"),
    ),
    "ar": (
        ("الاثنين", "الإثنين", "الاتنين"),
        ("الثلاثاء", "الثلاثا", "التلات"), ("الأربعاء", "الأربعا", "الاربع"),
        ("الخميس",), ("الجمعة",), ("السبت",), ("الأحد", "الحد"),
    ),
}  # fmt: skip
#: Also ordinals or short words: weekdays only after what tells.
SHORT_WEEKDAYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "pt": (
        r"(?:na|nesta|essa|nessa|esta|ate|desde|para|pra|proxima|ultima|da|a|ate a|de)\s+",
        ("segunda", "terca", "quarta", "quinta", "sexta"),
    ),
    "en": (
        r"(?:on|by|until|till|since|next|last|this|before|from)\s+",
        ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
    ),
}
SHORT_NOT_BEFORE = (
    r"(?!\s+(?:vez|compra|tentativa|parcela|via|op[cç]ao|mao|classe|e ultima|loja|rua|unidade|pessoa))"
)


@dataclass(frozen=True)
class Placing:
    """What places a weekday, before or after it, as patterns; a group that is not found places nothing."""

    last: str = "(?!)"
    next: str = "(?!)"
    this: str = "(?!)"
    last_after: str = "(?!)"
    next_after: str = "(?!)"
    #: Comes before the day and is no part of it: ``by Friday``.
    ahead: str = "(?!)"
    #: Said anywhere near before it, it looks ahead: ``can you deliver on Friday``.
    wish: str = "(?!)"


PLACING = MappingProxyType(
    {
        "en": Placing(
            last="last|past|this past|previous|last week|last week's",
            next="next|coming|this coming|upcoming|next week|next week's",
            this="this",
            last_after="last week",
            next_after="next week",
            ahead="by|until|till|before|no later than",
            wish="will|can|could|want|need|would|please|may|arrive|deliver|going",
        ),
        "es": Placing(
            last="pasado|ultimo|semana pasada",
            next="proximo|semana que viene|proxima semana",
            this="este",
            last_after="pasado|de la semana pasada",
            next_after="que viene|proximo|de la semana que viene|de la proxima semana",
            ahead="hasta el|para el|antes del|hasta|para|a mas tardar el",
            wish="puede[ns]?|podrian?|llegara|llega|entrega[nr]|va a|vais a|quiero|necesito|sera",
        ),
        "fr": Placing(
            last="semaine derniere",
            next="semaine prochaine",
            this="ce",
            last_after="dernier|passe|de la semaine derniere",
            next_after="prochain|qui vient|de la semaine prochaine",
            ahead="avant|d'ici|d'ici a|jusqu'a|pour|des|au plus tard|a partir de",
            wish="pouvez|peut|pourriez|arrivera|sera|livrez|livrer|veux|voudrais|faut|recevoir|recevrai",
        ),
        "de": Placing(
            last="letzten?|letzter|vergangenen?|vorigen|letzte woche|vorige woche",
            next="nachsten?|nachster|kommenden?|kommender|nachste woche|kommende woche",
            this="diesen|dieser",
            last_after="letzter woche|vergangener woche",
            next_after="nachster woche|kommender woche",
            ahead="bis|bis zum|ab|vor|spatestens|spatestens am|bis spatestens",
            wish="konnen|kann|konnt|konnten|kommt|wird|werden|brauche|will|mochte|liefern|liefert|bitte",
        ),
        "pt": Placing(
            last="ultim[ao]|passad[ao]|semana passada",
            next="proxim[ao]|semana que vem|proxima semana",
            this="est[ae]|ess[ae]|nesta|neste",
            last_after="passad[ao]|da semana passada",
            next_after="que vem|proxim[ao]|da semana que vem|da proxima semana",
            ahead="ate|ate a|ate o|antes de|antes da|para|pra|para a",
            wish="pode[m]?|chega|chegara|vai|vao|preciso|quero|entrega[mr]?|sera|conseguem?",
        ),
        "ru": Placing(
            last=r"прошл[а-я]+|минувш[а-я]+|на прошлой неделе",
            next=r"следующ[а-я]+|ближайш[а-я]+|будущ[а-я]+|на следующей неделе",
            this=r"эт[оуи][а-я]*",
            last_after="на прошлой неделе|прошлой недели",
            next_after="на следующей неделе|следующей недели",
            ahead="до|к|ко|не позднее|не позже",
            wish=r"будет|придет|приедет|сможете|можете|можно|доставите|привезут|привезете|успеет[ея]?|хочу|нужно|надо",
        ),
        "ar": Placing(
            last="الاسبوع الماضي|الاسبوع اللي فات",
            next="الاسبوع القادم|الاسبوع الجاي",
            this="هذا|هذه|هاد",
            last_after="الماضيه?|اللي فاتت?|الفايته?|الفائته?|السابقه?|من الاسبوع الماضي|الاسبوع الماضي",
            next_after="القادمه?|الجايه?|الجاي|المقبله?|اللي جايه?|"
            "من الاسبوع القادم|الاسبوع القادم|الاسبوع الجاي",
            ahead="حتي|قبل|قبل يوم|لغايه|الي يوم|حتي يوم",
            wish="هل|ممكن|متي|سيصل|يوصل|راح|ابي|ابغي|اريد|احتاج|احتاجه",
        ),
    }
)


@dataclass(frozen=True)
class Counted:
    """How days are counted from now: patterns around ``{n}`` (a number) and ``{u}`` (a unit)."""

    past: tuple[str, ...]
    ahead: tuple[str, ...]
    days: str
    weeks: str
    months: str
    years: str


COUNTED = MappingProxyType(
    {
        "en": Counted(
            (r"{n}\s+{u}\s+(?:ago|back(?!\s+and))",),
            (r"in\s+{n}\s+{u}(?:\s+time)?", r"{n}\s+{u}\s+from\s+(?:now|today)"),
            "days?", "weeks?|wks?", "months?", "years?",
        ),
        "es": Counted(
            (r"hace\s+(?:ya\s+|como\s+|unos\s+|unas\s+)?{n}\s+{u}", r"{n}\s+{u}\s+atras"),
            (r"dentro\s+de\s+{n}\s+{u}",),
            "dias?", "semanas?", "mes(?:es)?", "anos?",
        ),
        "fr": Counted(
            (r"(?:il\s+)?y\s?a\s+(?:deja\s+|environ\s+)?{n}\s+{u}",),
            (r"dans\s+{n}\s+{u}",),
            "jours?|j", "semaines?", "mois", "ans?",
        ),
        "de": Counted(
            (r"vor\s+(?:ca\.?\s+|etwa\s+|genau\s+)?{n}\s+{u}",),
            (r"in\s+{n}\s+{u}",),
            "tag(?:en|e)?", "wochen?", "monat(?:en|e)?", "jahr(?:en|e)?",
        ),
        "pt": Counted(
            (r"ha\s+(?:cerca\s+de\s+)?{n}\s+{u}(?:\s+atras)?", r"{n}\s+{u}\s+atras",
             r"faz\s+{n}\s+{u}(?!\s+atras)"),
            (r"daqui\s+a\s+{n}\s+{u}", r"dentro\s+de\s+{n}\s+{u}"),
            "dias?", "semanas?", "mes(?:es)?", "anos?",
        ),
        "ru": Counted(
            (r"(?:{n}\s+)?{u}\s+(?:тому\s+)?назад", r"{u}\s+{n2}\s+назад"),
            (r"через\s+(?:{n}\s+)?{u}",),
            "день|дня|дней|дн", "недел[юиья]|недель", "месяц(?:а|ев)?", "год(?:а)?|лет",
        ),
        "ar": Counted(
            (r"(?:قبل|منذ|من)\s+{n}\s+{u}", r"(?:قبل|منذ|من)\s+{dual}", r"(?:قبل|منذ)\s+{u}(?!\s+ال|\s+\d)"),
            (r"(?:بعد|خلال)\s+{n}\s+{u}", r"بعد\s+{dual}"),
            "ايام|يوما?", "اسابيع|اسبوعا?", "شهور|اشهر|شهرا?", "سنوات|سنين|سنه",
        ),
        "zh": Counted(
            (r"{n}\s?个?{u}(?:之|以)?前",),
            (r"{n}\s?个?{u}(?:之|以)?[后後]",),
            "天|日", "周|週|星期|礼拜|禮拜", "(?<=[个個])月", "年",
        ),
        "ja": Counted(
            (r"{n}\s?{u}(?:ほど|くらい|ぐらい)?前",),
            (r"{n}\s?{u}後",),
            "日", "週間", "[かヶカケヵ箇]月", "年",
        ),
        "ko": Counted(
            (r"{n}\s?{u}\s?전", r"{dual}\s?전"),
            (r"{n}\s?{u}\s?(?:후|뒤)", r"{dual}\s?(?:후|뒤)"),
            "일", "주일?|주간", "개월|달", "년",
        ),
    }
)  # fmt: skip
#: One word for a number and its unit, in days.
DUALS = {
    "ar": {"يومين": 2, "اسبوعين": 14, "شهرين": 60},
    "ko": {"하루": 1, "이틀": 2, "사흘": 3, "나흘": 4, "닷새": 5, "열흘": 10, "보름": 15, "일주일": 7},
}
