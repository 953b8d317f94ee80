"""A place that a question about shipping names, whether or not anything is sent there."""

from __future__ import annotations

import pytest

from bot.dialogue.actions.elsewhere import names_a_place


@pytest.mark.parametrize(
    "text",
    [
        *("do you ship to the moon?", "Can you deliver to Atlantis", "how much is shipping to Gelnhausen?"),
        *("how long does delivery take to Little Whinging", "do you send parcels to Narnia"),
        *("你们能送到月球吗？", "可以寄到亚特兰蒂斯吗", "发往火星要多少钱"),
        *("¿envían a la luna?", "¿hacen envíos a Macondo?", "cuánto cuesta el envío a Villarriba"),
        *("livrez-vous sur la lune ?", "est-ce que vous expédiez en Atlantide", "envoyez-vous à Trifouillis"),
        *(
            "Liefert ihr nach Gelnhausen?",
            "könnt ihr zum Mond liefern",
            "Was kostet der Versand nach Atlantis?",
        ),
        *("vocês enviam para a lua?", "fazem entregas para Nárnia"),
        *("вы доставляете на луну?", "отправляете в Нарнию?"),
        *("هل توصلون الى القمر؟", "هل تشحنون إلى أطلانتس"),
        *("月に送れますか", "アトランティスまで配送できますか"),
        *("달까지 배송되나요?", "아틀란티스에 배송해 주시나요"),
    ],
)
def test_a_place_is_named(text: str) -> None:
    assert names_a_place(text)


@pytest.mark.parametrize(
    "text",
    [
        *("how long does shipping to me take?", "do you deliver to my door", "do you ship to pick-up points"),
        *("do you ship abroad?", "how much is shipping?", "can you send it to arrive by Friday"),
        *("do you ship to other countries?", "which carriers do you use", "shipping time to your customers"),
        *("送到我家要多久", "可以寄到国外吗", "运费多少", "多久能送到"),
        *("¿envían a domicilio?", "¿hacen envíos a todo el mundo?", "¿cuánto tarda el envío a mi casa?"),
        *("livrez-vous à domicile ?", "la livraison en combien de temps", "envoyez-vous à l'étranger ?"),
        *("Liefern Sie nach Hause?", "Versand zur Packstation möglich?", "wann wird nach Zahlung geliefert"),
        *("entregam em quanto tempo", "vocês enviam para todo o mundo?", "entregas para minha casa"),
        *("доставка на дом есть?", "отправляете в другие страны?", "доставка в течение какого времени"),
        *("هل التوصيل للمنزل", "هل تشحنون لكل الدول", "كم سعر الشحن"),
        *("自宅まで配送できますか", "海外に送れますか", "何日に発送されますか"),
        *("집까지 배송되나요", "해외에 배송하나요", "언제까지 배송되나요"),
    ],
)
def test_no_place_is_named(text: str) -> None:
    assert not names_a_place(text)
