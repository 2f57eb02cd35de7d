"""The words people opt out, opt in and ask for help with: English, Russian, Kazakh.

The English ones include those the carriers of North America prescribe. ``YES`` and ``ДА`` opt in
nowhere: they answer many questions.

Source: CTIA Messaging Principles, 5.1.3; Twilio's default opt-out keywords; 47 CFR 64.1200(a)(10).
"""
# ruff: noqa: RUF001 - three alphabets, two of which have letters that look alike


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in text.split(","))


STOP_VERBS = _listed("""
    stop, unsubscribe, optout,
    стоп, отписаться, отписать, отпиши, отпишите, отпишитесь, отписка,
    тоқтату, тоқта, тоқтат, тоқтатыңыз, тоқтатыңыздар, токтату, токта, токтат, токтатыныз
""")
"""They mean nothing else; what is to stop may follow."""

OBJECTS = _listed("""
    all, any, it, this, that, these, those, the, your, from, now, me, us,
    sending, texting, messaging, writing, calling, contacting, spamming, mailing,
    message, messages, text, texts, sms, calls, list, number, spam, ads, advertising,
    marketing, promotions,
    все, всё, всех, это, эту, этот, ваши, вашей, ваших, меня, мне, мой, номер, от, из, сейчас,
    больше, смс, сообщения, сообщений, рассылка, рассылку, рассылки, рассылок, реклама, рекламу,
    рекламы, спам, звонки, звонить, писать, слать, присылать,
    барлығын, бәрін, маған, хабарлама, хабарламалар, хабарламаларды, жарнама
""")

STOP = _listed("""
    stopall, cancel, end, quit, revoke, opt out, opt me out, remove, remove me,
    remove me from your list, remove me from this list, remove my number, delete my number,
    take me off, take me off your list, no more messages, no more texts, leave me alone,
    dont text me, dont message me, dont contact me, do not text me, do not message me,
    do not contact me,
    хватит, отказ, отказываюсь, отказ от рассылки, отключить, отключите, отключить рассылку,
    отключите рассылку, отключите смс, прекратить, прекратите, прекратить рассылку,
    прекратите рассылку, прекратите писать, прекратите слать, прекратите слать смс,
    хватит писать, хватит писать мне, хватит мне писать, хватит слать, хватит слать смс,
    хватит спама, хватит спамить, удалите мой номер, удалите меня из рассылки,
    уберите меня из рассылки, не пишите, не пишите мне, не пишите больше, не пишите мне больше,
    больше не пишите, больше не пишите мне, не присылайте, не присылайте смс,
    не присылайте мне смс, больше не присылайте, не звоните, не звоните мне, не звоните больше,
    больше не звоните,
    бас тарту, бас тартам, бас тартамын, жазылудан бас тарту, жазылымнан шығу, смс тоқтату,
    смс тоқтатыңыз, смс жібермеңіз, смс жіберуді тоқтатыңыз, хабарлама жібермеңіз,
    хабарлама жіберуді тоқтатыңыз, хабарламаларды тоқтату, хабарламаларды тоқтатыңыз,
    жіберуді тоқтатыңыз, жібермеңіз, жазбаңыз, маған жазбаңыз, toqtatu, toktatu
""")

START = _listed("""
    start, unstop, optin, opt in, subscribe, resubscribe, resume,
    старт, начать, подписаться, подписка, подпишите, подпишите меня, возобновить, возобновите,
    включить рассылку, включите рассылку,
    бастау, бастаңыз, қосу, қосылу, қосыңыз, косылу, жазылу, bastau, qosu
""")

HELP = _listed("help, info, помощь, помогите, справка, инфо, көмек, комек, анықтама")

COURTESY = _listed("""
    please, pls, plz, kindly, thank, thanks, thx, you, ok, okay, hi, hello,
    пожалуйста, пжл, пжлст, плиз, прошу, спасибо, спс, благодарю, ок, здравствуйте, привет,
    рахмет, рақмет, өтінемін, өтініш, сәлем
""")
