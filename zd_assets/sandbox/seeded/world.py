"""The people, places and phrases that seeded items are made of."""

from __future__ import annotations

from typing import NamedTuple

ACCOUNT = "9339545"


class Agent(NamedTuple):
    """An agent as items name them."""

    id: int
    name: str
    full_name: str
    skills: tuple[int, ...]


class Department(NamedTuple):
    """A department; items also come without one."""

    id: int
    name: str


class Place(NamedTuple):
    """Where a visitor is."""

    city: str
    region: str
    country_code: str
    country_name: str


AGENTS = tuple(
    Agent(383486450414 + 1009 * number, name, full_name, skills)
    for number, (name, full_name, skills) in enumerate(
        (
            ("Ana", "Ana Lucía Peña", (11, 12)),
            ("Bram", "Bram de Vries", (12,)),
            ("Chiara", "Chiara Esposito", (13,)),
            ("Đức", "Nguyễn Minh Đức", (11, 14)),
            ("Elif", "Elif Yıldız", ()),
            ("François", "François Lefèvre", (12, 13)),
            ("Grace", "Grace Okafor", (11,)),
            ("Håkon", "Håkon Bjørnstad", (14,)),
            ("Ivana", "Ivana Šimić", ()),
            ("健太", "佐藤 健太", (15,)),
            ("Kofi", "Kofi Mensah", (11, 12, 13)),
            ("Leïla", "Leïla Benali", (13, 15)),
        )
    )
)

DEPARTMENTS = (
    Department(48810, "Sales"),
    Department(48811, "Support"),
    Department(48812, "Billing & Orders"),
    Department(48813, "Kundendienst für Österreich"),
)

PLACES = (
    Place("Sydney", "New South Wales", "AU", "Australia"),
    Place("São Paulo", "São Paulo", "BR", "Brazil"),
    Place("München", "Bayern", "DE", "Germany"),
    Place("Lyon", "Auvergne-Rhône-Alpes", "FR", "France"),
    Place("London", "England", "GB", "United Kingdom"),
    Place("大阪市", "Ōsaka", "JP", "Japan"),
    Place("Austin", "Texas", "US", "United States"),
    Place("San José", "San José", "CR", "Costa Rica"),
    Place("", "", "", "Unknown"),
)

BROWSERS = (
    ("Chrome", "Mac OS", "Macintosh; Intel Mac OS X 10_15_7", "Chrome/131.0.0.0 Safari/537.36"),
    ("Chrome", "Windows", "Windows NT 10.0; Win64; x64", "Chrome/130.0.0.0 Safari/537.36"),
    ("Firefox", "Linux", "X11; Linux x86_64; rv:132.0", "Gecko/20100101 Firefox/132.0"),
    ("Safari", "iPhone", "iPhone; CPU iPhone OS 18_1 like Mac OS X", "Version/18.1 Mobile/15E148"),
    ("Edge", "Windows", "Windows NT 10.0; Win64; x64", "Chrome/130.0.0.0 Edg/130.0.0.0"),
)

VISITORS = (
    "Joel", "María José", "Zoë", "Björk", "Łukasz", "李娜", "Ольга", "אורי", "Siobhán", "Tōru",
)  # fmt: skip

OPENERS = (
    "hello, is anybody there? My order hasn't arrived yet and the tracking page shows nothing",
    "Hi! I can't log in since this morning, it says “invalid session” each time 😕",
    "Guten Tag, können Sie mir bitte die Rechnung für März noch einmal schicken?",
    "Bonjour, je voudrais échanger un article reçu hier, c'est possible ?",
    "¿Hacen envíos a Canarias? En la página del carrito no aparece la opción",
    "注文した商品がまだ届きません。確認していただけますか？",
    "Do you have the blue one in size 42, and how long would delivery to Kraków take?",
    "My card was charged twice for the same order, please have a look",
)

QUESTIONS = (
    "it's order #10482-B, placed last Tuesday with the express option",
    "yes, I tried another browser already and cleared the cache, no difference at all",
    "ok 👍",
    "Können Sie das bitte an meine andere Adresse senden? Straße und Hausnummer stehen im Konto",
    "no, only the confirmation e-mail, nothing after that",
    "how long will that take?",
    "that's the same price I saw yesterday, but with the coupon it should be 15 % less, right?",
    "はい、お願いします",
    "thank you so much, that's really helpful!",
    "hmm, I still see the old one",
)

ANSWERS = (
    "Thanks for reaching out! I'm looking into that for you right now, please give me a moment.",
    "I can see the parcel left our warehouse yesterday evening; it should reach you by Thursday.",
    "Natürlich, ich schicke Ihnen die Rechnung sofort noch einmal zu – einen Moment bitte.",
    "Could you tell me the e-mail address of the account, so that I can find your order?",
    "I've reset your session: please close all windows, open the page again and try once more.",
    "Je vous envoie l'étiquette de retour par courriel. Vous la recevrez d'ici quelques minutes.",
    "The second charge is only a reservation, and your bank will release it in 3–5 days.",
    "Is there anything else I can help you with today?",
    "You're welcome, have a lovely day! ☀️",
)

COMMENTS = (
    "Super schnell, danke!",
    "Took a while, but the problem is solved",
    "Très aimable 🙂",
    "I had to explain everything twice…",
    "5/5",
)

PAGES = (
    ("Zendesk", "https://subdomain.zendesk.com/hc/en-us"),
    ("Shop – Neuheiten", "https://shop.example.com/new?ref=home"),
    ("Your cart", "https://shop.example.com/cart"),
    ("Checkout: delivery and payment", "https://shop.example.com/checkout/delivery"),
    ("Häufige Fragen", "https://shop.example.com/hilfe/h%C3%A4ufige-fragen"),
    ("Track my order", "https://shop.example.com/account/orders/track"),
)

TAGS = ("sales", "vip_customer", "refund", "delivery", "login", "goodbye_survey", "späti", "bug")

GOALS = ((1863, "add to cart"), (1865, "place order"), (1871, "Newsletter-Anmeldung"))

ACCOUNT_URL = "https://company.zendesk.com/api/v2"

FIRMS = (
    "Groablet Enterprises",
    "Müller & Söhne",
    "株式会社さくら",
    "Ateliers Réunis",
    "Kowalski Sp.",
)

BRAND_ID = 360002783572
FORM_ID = 360000523651

ROLE_IDS = (9373643, 9373644)
SLA_POLICY = {"description": "For urgent incidents", "id": 25, "title": "Incidents"}
