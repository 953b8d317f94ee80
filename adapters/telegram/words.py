"""What the bot says where no buyer speaks to it, in the store's languages."""

from __future__ import annotations

from collections.abc import Mapping

#: To a group that added it, before it leaves.
_DECLINING: Mapping[str, str] = {
    "en": "Orders are private, so I do not take part in groups. Please write to me directly.",
    "zh": "订单属于个人隐私，因此我不参与群聊。请直接给我发消息。",
    "es": "Los pedidos son privados, por eso no participo en grupos. Escríbame directamente, por favor.",
    "fr": "Les commandes sont privées, je ne participe donc pas aux groupes. Écrivez-moi directement, "
    "s'il vous plaît.",
    "de": "Bestellungen sind privat, darum bin ich in Gruppen nicht dabei. Bitte schreiben Sie mir direkt.",
    "pt": "Os pedidos são privados, por isso não participo de grupos. Escreva diretamente para mim.",
    "ru": "Заказы — личное дело, поэтому я не участвую в группах. Пожалуйста, напишите мне напрямую.",
    "ar": "الطلبات أمر خاص، لذلك لا أشارك في المجموعات. يُرجى مراسلتي مباشرةً.",
    "ja": "ご注文は個人情報のため、グループには参加しておりません。直接メッセージをお送りください。",
    "ko": "주문은 개인 정보이므로 그룹에는 참여하지 않습니다. 저에게 직접 메시지를 보내 주세요.",
}


def declining(language: str | None) -> str:
    """Why the bot leaves a group, in the language of whoever added it, if it is known."""
    return _DECLINING.get(language or "", _DECLINING["en"])
