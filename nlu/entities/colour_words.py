"""Colours in ten languages: whole words, and stems to which a language's endings come."""

from __future__ import annotations

#: English names of one colour; a store has one of them.
SYNONYMS = (
    ("grey", "gray"),
    ("bordeaux", "burgundy", "wine red", "maroon"),
    ("purple", "violet", "lilac"),
    ("navy", "navy blue", "marine blue"),
    ("gold", "golden"),
    ("silver", "silvery"),
    ("turquoise", "aqua"),
    ("brown", "chestnut"),
    ("beige", "sand beige"),
)
#: Endings of adjectives after the stems below.
ENDINGS = {
    "de": " e en er es em",
    "ru": "ый ая ое ые ого ой ому ым ом ую ых ыми ий яя ее ие его ей ему им ем юю их ими",
}
WORDS: dict[str, dict[str, str]] = {
    "es": {
        "black": "negro negra negros negras", "white": "blanco blanca blancos blancas", "grey": "gris grises",
        "red": "rojo roja rojos rojas", "blue": "azul azules celeste celestes", "green": "verde verdes",
        "yellow": "amarillo amarilla amarillos amarillas", "orange": "naranja naranjas anaranjado anaranjada",
        "pink": "rosa rosas rosado rosada rosados rosadas", "purple": "morado morada morados moradas violeta lila",
        "brown": "marrón marrones café castaño castaña", "beige": "beige beis", "silver": "plateado plateada",
        "gold": "dorado dorada dorados doradas", "navy": "azul_marino", "turquoise": "turquesa",
        "olive": "verde_oliva oliva", "cream": "color_crema", "bordeaux": "burdeos granate vino_tinto", "mint": "menta",
        "khaki": "caqui",
    },
    "fr": {
        "black": "noir noire noirs noires", "white": "blanc blanche blancs blanches", "grey": "gris grise grises",
        "red": "rouge rouges", "blue": "bleu bleue bleus bleues", "green": "vert verte verts vertes",
        "yellow": "jaune jaunes", "orange": "orange", "pink": "rose roses", "purple": "violet violette violets mauve lilas",
        "brown": "marron brun brune", "beige": "beige", "silver": "argenté argentée", "gold": "doré dorée dorés dorées",
        "navy": "bleu_marine marine", "turquoise": "turquoise", "olive": "vert_olive kaki_olive", "cream": "crème",
        "bordeaux": "bordeaux lie_de_vin", "khaki": "kaki", "mint": "vert_menthe",
    },
    "pt": {
        "black": "preto preta pretos pretas negro negra", "white": "branco branca brancos brancas",
        "grey": "cinza cinzas cinzento cinzenta cinzentos cinzentas", "red": "vermelho vermelha vermelhos vermelhas encarnado",
        "blue": "azul azuis", "green": "verde verdes", "yellow": "amarelo amarela amarelos amarelas",
        "orange": "laranja laranjas alaranjado", "pink": "rosa cor-de-rosa cor_de_rosa pink", "purple": "roxo roxa roxos roxas lilás violeta",
        "brown": "marrom marrons castanho castanha castanhos", "beige": "bege", "silver": "prateado prateada",
        "gold": "dourado dourada dourados", "navy": "azul_marinho azul-marinho", "turquoise": "turquesa",
        "olive": "verde_oliva verde-oliva", "bordeaux": "bordô vinho_tinto bordeaux", "khaki": "cáqui", "mint": "verde_menta",
    },
    "de": {
        "orange": "orange orangefarben orangefarbene orangenen", "pink": "pink rosa rosafarben rosafarbene rosane",
        "purple": "lila lilane violett violette violetten", "beige": "beige beigen beiges", "silver": "silber silbern silberne silbernen silberfarben",
        "gold": "goldfarben golden goldene goldenen", "navy": "marineblau marineblaue marineblauen navyblau",
        "turquoise": "türkis türkise türkisen", "olive": "oliv olivgrün", "cream": "cremefarben creme-weiß cremeweiß",
        "bordeaux": "bordeaux weinrot bordeauxrot", "khaki": "khaki",
    },
    "ar": {
        "black": "أسود سوداء سودا اسود", "white": "أبيض بيضاء بيضا", "grey": "رمادي رمادية رصاصي", "red": "أحمر حمراء حمرا",
        "blue": "أزرق زرقاء زرقا", "green": "أخضر خضراء خضرا", "yellow": "أصفر صفراء صفرا", "orange": "برتقالي برتقالية",
        "pink": "وردي وردية زهري زهرية بمبي", "purple": "بنفسجي بنفسجية موف", "brown": "بني بنية", "beige": "بيج",
        "silver": "فضي فضية", "gold": "ذهبي ذهبية", "navy": "كحلي كحلية", "turquoise": "تركواز فيروزي", "olive": "زيتي زيتوني",
        "bordeaux": "عنابي خمري", "khaki": "كاكي",
    },
    "zh": {
        "black": "黑色 黑的 黑款", "white": "白色 白的 白款", "grey": "灰色 灰的", "red": "红色 紅色 大红 红的 紅的",
        "blue": "蓝色 藍色 蓝的 藍的", "green": "绿色 綠色 绿的 綠的", "yellow": "黄色 黃色 黄的", "orange": "橙色 橘色 橘黄色",
        "pink": "粉色 粉红色 粉紅色 粉的", "purple": "紫色 紫的", "brown": "棕色 褐色 咖啡色 啡色", "beige": "米色 米黄色 杏色",
        "silver": "银色 銀色", "gold": "金色", "navy": "藏青色 深蓝色 海军蓝 藏蓝色 藏青", "turquoise": "青绿色 湖蓝色 绿松石色",
        "olive": "橄榄绿 橄榄色", "cream": "奶油色 奶白色", "bordeaux": "酒红色 酒紅色", "khaki": "卡其色 卡其", "mint": "薄荷绿",
    },
    "ja": {
        "black": "黒色 黒い ブラック 真っ黒", "white": "白色 白い ホワイト 真っ白", "grey": "灰色 グレー グレイ ねずみ色",
        "red": "赤色 赤い レッド 真っ赤", "blue": "青色 青い ブルー 水色", "green": "緑色 グリーン みどり", "yellow": "黄色 黄色い イエロー",
        "orange": "橙色 オレンジ オレンジ色", "pink": "ピンク ピンク色 桃色", "purple": "紫色 パープル むらさき", "brown": "茶色 茶色い ブラウン 褐色",
        "beige": "ベージュ", "silver": "銀色 シルバー", "gold": "金色 ゴールド", "navy": "紺色 ネイビー", "turquoise": "ターコイズ",
        "olive": "オリーブ オリーブ色", "cream": "クリーム色 アイボリー", "bordeaux": "ワインレッド ボルドー", "khaki": "カーキ", "mint": "ミントグリーン",
    },
    "ko": {
        "black": "검정 검정색 검은색 검은 까만색 까만 블랙", "white": "흰색 하얀색 하얀 흰 화이트 백색", "grey": "회색 그레이 쥐색",
        "red": "빨간색 빨강 빨강색 빨간 레드 붉은색", "blue": "파란색 파랑 파랑색 파란 블루 하늘색", "green": "초록색 초록 녹색 그린 연두색",
        "yellow": "노란색 노랑 노랑색 노란 옐로우", "orange": "주황색 주황 오렌지 오렌지색", "pink": "분홍색 분홍 핑크 핑크색",
        "purple": "보라색 보라 퍼플", "brown": "갈색 브라운 밤색", "beige": "베이지 베이지색", "silver": "은색 실버", "gold": "금색 골드",
        "navy": "남색 네이비 곤색", "turquoise": "청록색 터키색", "olive": "올리브색 올리브", "cream": "크림색 아이보리",
        "bordeaux": "와인색 버건디 자주색", "khaki": "카키 카키색", "mint": "민트색 민트",
    },
    "en": {"turquoise": "teal turquois", "pink": "hot_pink", "grey": "greyish"},
}  # fmt: skip
STEMS: dict[str, dict[str, str]] = {
    "de": {
        "black": "schwarz", "white": "weiß", "grey": "grau", "red": "rot", "blue": "blau", "green": "grün", "yellow": "gelb",
        "brown": "braun",
    },
    "ru": {
        "black": "чёрн", "white": "бел", "grey": "сер", "red": "красн", "blue": "син голуб", "green": "зелён", "yellow": "жёлт",
        "orange": "оранжев", "pink": "розов", "purple": "фиолетов сиренев лилов", "brown": "коричнев", "beige": "бежев",
        "silver": "серебрист", "gold": "золот золотист", "navy": "тёмно-син", "turquoise": "бирюзов", "olive": "оливков",
        "cream": "кремов", "bordeaux": "бордов", "mint": "мятн",
    },
}  # fmt: skip
#: Before a German stem: "dunkelblau" is blue.
GERMAN_SHADES = ("", "dunkel", "hell", "tief", "knall", "mittel")
#: One letter for a colour, where the next says that it is one.
JAPANESE_LETTERS = {"黒": "black", "白": "white", "赤": "red", "青": "blue", "緑": "green", "紺": "navy", "紫": "purple"}
