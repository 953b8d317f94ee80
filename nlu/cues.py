"""Words that join wishes, announce another one, ask, and greet, in ten languages; no language is assumed."""

from __future__ import annotations

import re


def any_of(words: str) -> str:
    """Return a pattern of words and phrases that commas separate; the longest is tried first."""
    phrases = sorted({" ".join(word.split()) for word in words.split(",")}, key=len, reverse=True)
    return "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in phrases if phrase)


#: Words between two wishes as between two things.
AND = """
    and, n, nd, und, sowie, et, y, e, и, а, و
"""
#: Words that announce another matter.
MARKERS = """
    also, btw, by the way, besides, besides that, apart from that, other than that, another thing,
    one more thing, another question, one more question, on another note, on another matter,
    on a different note, separately, additionally, in addition, secondly, second question, while i have you,
    while i'm at it, while we're at it, oh and, plus, as well as, second thing, unrelated, furthermore,
    moreover, außerdem, ausserdem, übrigens, uebrigens, nebenbei, nebenbei bemerkt, zudem, ferner,
    noch etwas, noch was, noch eine frage, eine andere frage, zweitens, weiterhin, des weiteren,
    darüber hinaus, zusätzlich, ansonsten, und dann noch, dann noch, abgesehen davon, par ailleurs, au fait,
    de plus, sinon, autre chose, autre question, également, et puis, d'autre part, en outre, à part ça,
    deuxièmement, ainsi que, en plus, aussi, et aussi, además, ademas, por cierto, otra cosa, otra pregunta,
    otra consulta, aparte, asimismo, aparte de eso, por otro lado, por otra parte, también, tambien, de paso,
    y ya que estamos, além disso, alem disso, aliás, alias, a propósito, já agora, outra coisa,
    outra pergunta, outra dúvida, também, tambem, por outro lado, fora isso, mais uma coisa, aproveitando,
    кроме того, кстати, также, а также, и ещё, и еще, ещё вопрос, еще вопрос, заодно, ещё один вопрос,
    еще один вопрос, помимо этого, во-вторых, плюс, к тому же, وكمان, كمان, وأيضا, وأيضاً, أيضا,
    أيضاً, ايضا, بالإضافة إلى ذلك, بالاضافة, وبالمناسبة, بالمناسبة, على فكرة, وعلى فكرة, شيء آخر, سؤال آخر,
    سؤال ثاني, وبعد, ثانياً, كذلك, وكذلك, 그리고, 그리구, 또한, 참고로, 그나저나, 그건 그렇고, 아 참, 아참,
    추가로, 하나 더, 겸사겸사, 또
"""
#: The same in scripts that write no space.
MARKERS_UNSPACED = """
    还有一个问题, 还有个问题, 还有就是, 还有, 還有, 另外, 此外, 顺便问一下, 顺便, 順便, 并且, 並且, 以及,
    对了, 對了, 再问一下, 再問一下, 再就是, それから, あともう一つ, ついでに, ちなみに, 加えて,
    さらに, もう一つ, もう1つ, 別件ですが, 別件で
"""
#: First words of a question; in the middle of a sentence they may only join a clause to it.
QUESTION_FIRST = """
    who, what, what's, whats, when, where, where's, which, why, how, can, could, do, does, is, are, will,
    would, did, has, have, should, may, any, how's, who's, wo, wer, was, wann, wie, welche, welcher, welches,
    welchen, warum, wieviel, kann, können, könnt, könnten, könnte, kannst, gibt, gibts, habt, haben, ist,
    sind, passt, liefert, geht, darf, muss, wird, hat, wohin, ab wann, bis wann, où, ou est, quand, comment,
    combien, quel, quelle, quels, quelles, pourquoi, qui, est-ce, est ce, est-il, est-elle, avez, acceptez,
    livrez, y a-t-il, y a t il, à quelle, dónde, donde, cuándo, cuando, cómo, como, cuánto, cuanto, cuánta,
    qué, que, cuál, cual, quién, quien, tienen, tienes, hay, hacen, envían, envian, es, a dónde, con qué,
    onde, quando, quanto, quanta, quantos, qual, quais, quem, tem, têm, dá, é, vocês, aceitam, enviam,
    por que, porque, где, когда, как, какой, какая, какие, какое, в какой, сколько, почему, кто, есть, куда,
    что, за сколько
"""
#: What may stand before them.
BEFORE_QUESTION = """
    so, but, then, and, und, et, y, e, и, а
"""
#: What asks wherever it stands.
WISH = """
    how many, how much, how long, how do i, wie lange, wie viel, combien de temps, cuánto tiempo,
    quanto tempo,
    дайте, попросите, упакуйте, сделайте, добавьте, сколько, mándenme, envíenme, mandem, enviem, envoyez-moi,
    please, pls, plz, i want, i need, i'd like, id like, i would like, need to, want to, wanna, let me know,
    tell me, cancel, can you, could you, can i, could i, do you, know, wonder, wondering, send me, track,
    the other order, my other, other one, bitte, möchte, möchten, moechte, will, brauche, bräuchte, hätte,
    wüsste, wissen, sagen, könnten sie, können sie, kann ich, kann man, svp, stp, merci de, je veux,
    je voudrais, j'aimerais, il me faut, dites, savoir, pouvez-vous, pourriez-vous, puis-je, peut-on,
    vous avez, vous livrez, vous acceptez, est-ce que, s'il vous plaît, j'ai besoin, je souhaite, puedo,
    pueden, podrían, podrian, puede, se puede, quiero, quisiera, necesito, por favor, porfa, saber,
    me gustaría, posso, podem, poderiam, quero, queria, gostaria, preciso, precisava, dá pra, dá para,
    vocês têm, можно, можете, могу ли, есть ли, ли, хочу, нужен, нужна, нужно, пожалуйста, подскажите,
    скажите, отмените, пришлите, верните, поменяйте, измените, хотел бы, хотела бы, хотелось бы, интересует,
    другой заказ, متى, كم, هل, كيف, ليش, لماذا, ليه, مين, أين, اين, وين, فين, أريد, اريد, أبغى, ابغى, ابي,
    عايز, بدي, ممكن, أرجو, عندكم, إيش, ايش, شو, شلون, ومتى, وكم, وهل, وكيف, ومن, وأين, ووين, وأريد, وابغى,
    وأبغى, محتاج, أحتاج, احتاج, لو سمحت, وبكم, بكم
"""
#: The same in scripts where a word is not cut off from the next.
WISH_UNSPACED = """
    吗, 呢, 嗎, 什么, 什麼, 怎么, 怎麼, 多少, 几, 幾, 哪, 谁, 誰, 请, 請, 帮, 幫, 麻烦, 麻煩, 能不能, 可以,
    可否, 能否, 多久, 有没有, 有沒有, 是不是, 想, ますか, ですか, でしょうか, ください, 下さい, ほしい,
    欲しい, たい, お願い, 教えて, いつ, どこ, いくら, どの, どう, ませんか, 나요, 까요, 주세요, 줘, 언제,
    어디, 얼마, 어떻게, 누가, 왜, 싶, 되죠, 인가, 건가, 해주, 해 주, 알려, 가능한, 며칠, 있어요, 돼요, 바꿔,
    부탁
"""
#: Arabic words that begin a wish after the `و` that is written with them.
ARABIC_AFTER_AND = """
    متى, كم, هل, كيف, ليش, لماذا, ليه, مين, من, ما, إيش, ايش, شو, أين, اين, أريد, اريد, أبغى, ابغى, ابي,
    عايز, بدي, أرجو, ممكن, لو, إذا, اذا, عندكم, في, فيه, ارسل, أرسل, نفس, اللي, سعر, فين, وين, أي, اي, رقم,
    كود, غير, احتاج, أحتاج, محتاج, شلون
"""
#: Talk around a wish, which is never a wish of its own.
COURTESY = """
    hi, hello, hey, hiya, there, good, morning, afternoon, evening, day, dear, team, thanks, thank, you, so,
    much, very, many, in, advance, ok, okay, sir, madam, regards, best, kind, cheers, please, sorry, great,
    all, again, folks, guys, hallo, guten, tag, morgen, abend, moin, servus, liebes, vielen, dank, danke, im,
    voraus, grüße, gruß, mit, freundlichen, grüßen, sehr, geehrte, damen, herren, bonjour, bonsoir, salut,
    madame, monsieur, merci, beaucoup, d'avance, cordialement, bien, à, vous, bonne, journée, soirée, hola,
    buenas, buenos, días, dias, tardes, noches, gracias, muchas, saludos, de, antemano, un, saludo, olá, ola,
    oi, bom, dia, boa, tarde, noite, obrigado, obrigada, muito, desde, já, tudo, bem, gente, здравствуйте,
    добрый, день, вечер, доброе, утро, привет, спасибо, большое, заранее, السلام, عليكم, ورحمة, الله,
    وبركاته, مرحبا, مرحباً, أهلا, اهلا, صباح, مساء, الخير, شكرا, شكراً, جزيلا, لكم, لو, سمحتم, سمحت,
    안녕하세요, 감사합니다, 수고하세요, 수고, 많으십니다, 两个问题, 你好, 您好, 在吗, 在嗎, 谢谢, 謝謝, 亲,
    こんにちは, こんばんは, お世話になっております, いつもお世話になっております, ありがとうございます,
    よろしくお願いします, よろしくお願いいたします, すみません, hope, you're, youre, are, well, doing, how,
    for, the, fast, answer, reply, help, response, für, die, schnelle, antwort, hilfe, pour, votre, la,
    réponse, por, su, información, ayuda, respuesta, pela, ajuda, resposta, за, ответ, помощь, على, الرد,
    كيف, حالكم, j'espère, que, allez, espero, estén, et, und, and, y, e, и, two, questions, few, quick,
    question, just, wondering
"""
#: What stands before "also" in the middle of a wish: "I would also like".
BEFORE_ALSO = """
    i, we, i'd, id, would, want, need, like, to, am, was, have, could, can, you, ich, wir, möchte, möchten,
    hätte, hätten, brauche, bräuchte, habe, wollte, will, können, könnten, sie, je, j'ai, j'aimerais,
    voudrais, veux, nous, souhaite, pouvez, vous, pourriez, yo, quiero, quisiera, necesito, me, gustaría,
    pueden, podrían, eu, quero, queria, gostaria, preciso, podem, я, мне, хочу, хотел, хотела, бы, нужен,
    أنا, أريد, اريد, ابغى, أبغى, 저, 제가
"""
#: What stands before a comma and only opens the question: "tell me, when …".
OPENING = """
    tell me, let me know, know, sagen sie mir, sag mir, sagt mir, wissen, mitteilen, dites-moi, dites moi,
    savoir, dígame, díganme, dime, diganme, saber, скажите, подскажите, знать, скажи, пожалуйста,
    скажите пожалуйста, please, bitte, svp, por favor
"""
#: What begins a clause that belongs to the one before it, whatever stands in it.
SUBORDINATE = """
    if, because, since, so that, unless, although, like, such as, or, wenn, falls, damit, sobald, weil,
    dass, ob,
    obwohl, bevor, nachdem, da, sodass, oder, was ich, si, parce que, car, puisque, afin que, ou, dès que,
    lorsque, porque, para que, ya que, aunque, o, cuando, se, caso, pois, para, quando eu, если, чтобы,
    потому что, так как, или, хотя, что, лишь бы, إذا, اذا, لأن, لان, حتى, أو, عشان, علشان
"""

#: What opens a message and asks for nothing, as regular expressions of any letters' case.
SALUTATIONS = (
    r"(?:hi|hello|hey|hiya|heya|howdy|greetings|good (?:morning|afternoon|evening|day)"
    r"|dear (?:sirs?(?:(?: or |/)madam)?|madam|team|all|(?:customer )?(?:service|support)(?: team)?))"
    r"(?:,? (?:there|all|team|everyone|everybody|guys|folks|again|sir|madam|friends?))?(?!\w)",
    r"(?:hallo|moin(?: moin)?|servus|grüezi|grü(?:ß|ss) (?:gott|dich|euch)|guten (?:tag|morgen|abend)"
    r"|liebes (?:\w+[ -])?team|sehr geehrte damen und herren)"
    r"(?:,? (?:zusammen|liebes team|ihr lieben|leute|nochmal))?(?!\w)",
    r"(?:hola|buen[ao]s?(?: (?:tardes|noches|d[ií]as?))|buenas|estimad[oa]s?(?: señor(?:es|as?)?)?)"
    r"(?:,? (?:a todos|amigos|buenas(?: tardes| noches)?|qu[eé] tal))?(?!\w)",
    r"(?:bonjour|bonsoir|salut|coucou|ch[eè]re [eé]quipe)"
    r"(?:,? (?:[aà] tous|madame,? monsieur|madame|monsieur|l'[eé]quipe))?(?!\w)",
    r"(?:ol[áa]|oi+e?|bom dia|boa (?:tarde|noite)|prezad[oa]s?(?: senhor(?:es)?)?)"
    r"(?:,? (?:gente|pessoal|tudo b[eo]m))?(?!\w)",
    r"(?:здравствуйте|здравствуй|приветствую|привет|добр(?:ый|ого) (?:день|дня|вечера?)|доброе утро"
    r"|доброго времени суток)(?!\w)",
    r"(?:السلام عليكم(?: ورحمة الله(?: وبركاته)?)?|سلام عليكم|مرحبا(?:ً)?|[أا]هلا(?:ً)?(?: وسهلا)?"
    r"|هلا(?: والله)?|هاي"
    r"|صباح الخير|مساء الخير|تحية طيبة(?: وبعد)?)(?!\w)",
    r"(?:你好|您好|哈[啰喽囉]|嗨|早上好|下午好|晚上好|早安)[呀啊]?",
    r"(?:こんにちは|こんばんは|おはようございます|はじめまして|初めまして|(?:いつも)?お世話になって(?:おり|い)ます"
    r"|失礼(?:いた)?します)",
    r"(?:안녕하세요|안녕하십니까|수고(?: ?많으| ?하)십니다|여보세요|안녕(?!\w))",
)
