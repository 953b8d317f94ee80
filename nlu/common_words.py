"""Words that a buyer's short message is made of, where letter statistics of encyclopedias fail.

Only languages that share the Latin script need them: the shipped ones, and those in which buyers most often
write to a store that does not speak them. Each is written as people type it, so with and without accents.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COMMON_WORDS: dict[str, frozenset[str]] = {
    "en": _words(
        """
        the a an and or but if not no yes yeah yep nope ok okay hi hello hey thanks thank thx please pls sorry
        i you he she it we they me my mine your yours his her our their this that these those there here
        is are was were be been am do does did done don't doesn't didn't can can't could would will won't
        should have has had haven't hasn't i'm i've i'd it's that's isn't wasn't what's where's
        what when where who why how which to of in on at for from with without by about into out up
        still yet already again now today tomorrow yesterday soon never always just only too very much many
        want need get got give send sent order ordered buy bought pay paid help know tell ask see said like
        refund return parcel package shipping delivery price cancel change wrong broken lost money card size
        something anything nothing someone because than then also any some more all
        """
    ),
    "es": _words(
        """
        el la los las un una unos unas y o pero si sí no hola buenas buenos dias días gracias por favor vale
        yo tu tú usted ustedes él ella me mi mis te se le les lo su sus nos nuestro este esta esto estos ese
        esa eso es son era está esta estan están estoy soy ser estar hay hace hacer tengo tiene tienen he ha
        han haber quiero quisiera puedo puede pueden podría podria necesito quería queria
        que qué cuando cuándo donde dónde quien quién como cómo cuanto cuánto cual cuál porque
        de del a al en con sin para por sobre desde hasta ya aun aún todavia todavía ahora hoy mañana manana
        ayer muy mas más tambien también nada algo todo pedido paquete envio envío llega llegado llegó llego
        devolver devolución reembolso dinero tarjeta talla precio pagar pago comprar cancelar cambiar ayuda
        """
    ),
    "fr": _words(
        """
        le la les un une des du de d l et ou mais si oui non bonjour bonsoir salut merci svp s'il plaît plait
        ok je j tu il elle on nous vous ils moi toi mon ma mes ton votre vos notre nos son sa ses leur ce cet
        cette ces c est suis es êtes etes sont était etait être etre ai as a avez ont avoir fait faire peut
        peux pouvez veux voudrais voulez dois faut n ne pas plus jamais rien déjà deja encore toujours
        maintenant que qu quoi qui quand où comment combien pourquoi quel quelle quels
        à au aux en dans sur avec sans pour par chez depuis aujourd'hui hier demain ici là ça ca y
        commande colis livraison livré recu reçu arrivé arrive retour retourner rembourser remboursement
        argent carte taille prix payer paiement acheter annuler changer aide très tres aussi super
        """
    ),
    "de": _words(
        """
        der die das den dem des ein eine einen einem einer und oder aber wenn ja nein nicht kein keine hallo
        guten tag danke bitte ok ich du er sie es wir ihr mich mir dich dir uns mein meine meinen meinem
        meiner dein deine ihre ihren unser dieser diese dieses dies ist sind war waren bin bist sein habe hab
        hat haben hatte kann können koennen könnte möchte moechte will wollen muss soll werden wird wurde
        was wann wo wer wie warum wieso welche welcher wieviel
        zu zum zur von vom in im an am auf für fuer mit ohne bei aus nach über ueber um bis seit
        noch schon immer nie jetzt heute morgen gestern hier da doch auch nur sehr mehr viel alles etwas
        nichts paket bestellung bestellt lieferung versand geld zurück zurueck rückgabe erstattung karte größe
        groesse preis bezahlen zahlen kaufen stornieren umtauschen ändern hilfe angekommen kaputt super
        """
    ),
    "pt": _words(
        """
        o a os as um uma uns umas e ou mas se sim não nao olá ola oi bom boa dia tarde noite obrigado obrigada
        por favor eu tu você voce vocês ele ela nós meu minha meus minhas seu sua seus te me nos lhe este esta
        isto esse essa isso é são sao era está estão estao estou sou ser estar há ha faz fazer tenho tem têm
        foi quero queria posso pode podem poderia preciso gostaria
        que quê quando onde quem como quanto qual porque
        de do da dos das em no na nos nas ao à com sem para pra pro sobre desde até ate já ja ainda agora hoje
        amanhã amanha ontem muito mais também tambem nada algo tudo
        pedido encomenda pacote envio entrega chegou chega devolver devolução reembolso dinheiro cartão cartao
        tamanho preço preco pagar pagamento comprar cancelar trocar mudar ajuda
        """
    ),
    "it": _words(
        """
        il lo la i gli le un una uno e o ma se sì si no non ciao salve buongiorno buonasera grazie prego scusi
        io tu lei lui noi voi loro mi ti ci vi mio mia miei mie tuo tua suo sua vostro vostra questo questa
        sono sei è era siete ho hai ha abbiamo avete hanno stato stata essere avere fare fatto posso può
        potete voglio vorrei devo bisogno cosa che chi come dove dov'è quando quanto quale perché perche di
        del della dei delle dello da dal dalla in nel nella su sul sulla con per tra a al alla allo c'è più
        piu già gia ancora adesso ora oggi domani ieri mai sempre anche solo molto niente qualcosa tutto
        ordine pacco spedizione consegna arrivato ricevuto reso restituire rimborso soldi carta taglia scarpe
        prezzo costa pagare pagamento comprare acquistare annullare cambiare aiuto sbagliato rotto problema
        """
    ),
    "nl": _words(
        """
        de het een en of maar als ja nee niet geen hallo hoi goedemorgen goedemiddag dank bedankt graag
        alstublieft ik jij je u hij zij ze wij we jullie mij me mijn jouw uw ons onze zijn haar dit dat deze
        die is bent ben was waren heb hebt heeft hebben had kan kun kunt kunnen wil willen moet mag word wordt
        zal wat wanneer waar wie hoe waarom welke hoeveel van in op aan om met zonder bij uit naar voor over
        door te tot sinds nog al steeds nu vandaag morgen gisteren nooit altijd ook alleen heel veel iets
        niets alles bestelling besteld pakket pakje levering verzending verzenden geleverd ontvangen terug
        terugsturen retour retourneren geld kaart maat schoenen prijs kost betalen betaling kopen annuleren
        ruilen wijzigen hulp medewerker verkeerd verkeerde kapot vraag mislukt
        """
    ),
    "pl": _words(
        """
        i a o w z u na do od po za dla przez przy pod bez ale albo lub jeśli jesli tak nie cześć czesc dzień
        dzien dobry witam dziękuję dziekuje proszę prosze przepraszam ja ty on ona my wy mi mnie mój moj moja
        moje ten ta to te się sie jest są sa był byl była mam ma macie mieć miec mogę moge można mozna chcę
        chce chciałbym chciałabym muszę musze potrzebuję co kto jak gdzie kiedy ile który która dlaczego czy
        że ze już juz jeszcze teraz dzisiaj dziś jutro wczoraj nigdy zawsze też tez tylko bardzo coś cos nic
        wszystko zamówienie zamowienie paczka paczkę paczki przesyłka przesylka wysyłka wysylka dostawa zwrot
        zwrócić zwrotu pieniądze pieniędzy karta kartą rozmiar buty cena kosztuje zapłacić płatność kupić
        anulować zmienić pomoc pomocy pytanie uszkodzony zły
        """
    ),
    "tr": _words(
        """
        ve veya ama eğer eger evet hayır hayir değil degil yok var merhaba selam günaydın teşekkürler
        tesekkurler teşekkür lütfen lutfen ben sen o biz siz onlar bana benim beni sana bu şu su bir ne nerede
        nerde zaman nasıl nasil neden kim hangi kaç kac kadar mı mi mu mü mıdır ile için icin gibi sonra önce
        once daha çok cok az hala hâlâ henüz henuz şimdi simdi bugün bugun yarın yarin dün dun her şey sey hiç
        hic tane istiyorum ister istemiyorum gelmedi geldi gelecek aldım aldim alabilir olur oldu oldum yapmam
        lazım lazim sipariş siparis siparişim siparisim siparişimi siparisimi kargo kargom paket ürün urun
        iade etmek para param kart kartı ücreti ucreti beden ayakkabı ayakkabı fiyat fiyatı ödeme odeme iptal
        değiştirmek yanlış yanlis yardım yardim sorun bozuk
        """
    ),
    "vi": _words(
        """
        tôi toi mình minh bạn ban anh chị em shop ạ và va hoặc nhưng nếu không khong ko có co đã da chưa chua
        rồi roi được duoc bị bi là la của cua cho với voi này nay đó ở o đâu dau nào nao gì gi sao khi mấy bao
        nhiêu nhieu xin chào chao cảm cam ơn on vui lòng muốn muon cần can phải hỏi giúp ai từ đến den trong
        ngoài lại nhé nha vẫn đang sẽ hôm nay mai qua hàng hang đơn don giao vận chuyển nhận gửi trả tra tiền
        tien hoàn hoan hủy huy đổi doi mua giá thanh toán thẻ phí sản phẩm lỗi nhầm giày áo màu nhân viên hỗ
        trợ
        """
    ),
    "id": _words(
        """
        saya aku kamu anda dia kami kita mereka ini itu yang dan atau tapi tetapi kalau jika ya tidak tak gak
        ga nggak bukan belum sudah udah akan sedang masih juga saja lagi sangat banyak halo hai selamat pagi
        siang sore malam terima kasih makasih tolong mohon maaf apa apakah siapa mana dimana kapan bagaimana
        kenapa mengapa berapa di ke dari untuk dengan pada oleh dalam ada bisa mau ingin harus perlu punya
        sampai sejak hari besok kemarin sekarang semua barang barangnya paket pesanan pesan kirim dikirim
        pengiriman ongkos ongkir kembali kembalikan mengembalikan uang dana kartu ukuran sepatu harga bayar
        pembayaran beli batalkan membatalkan ganti tukar bantu bantuan rusak salah orang
        """
    ),
}
