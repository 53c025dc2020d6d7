"""Buys in the example shops as customers do, and as those who would rather not pay for it.

    python3 examples/test_shops.py COUNTERSIGN_BINARY

Needs both shops' dependencies: shop-python/requirements.txt for this Python, and `npm ci` done in shop-node/. The customer's
browser keeps cookies, follows redirects and fills in the forms of the real pages. It runs no script.
"""

import http.cookiejar
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent
sys.path[:0] = [str(EXAMPLES.parent / "e2e")]

from dev_server import DevServer, clean_up_when_terminated  # noqa: E402
from readme import free_port  # noqa: E402

SHOPS = {
    "node": (EXAMPLES / "shop-node", ["node", "shop.mjs"]),
    "python": (EXAMPLES / "shop-python", [sys.executable, "shop.py"]),
}
MAX_LINES = 100
WAIT_S = 30
# Long enough to buy and be refunded on a busy machine, short enough to wait for its end.
STEP_UP_MAX_AGE_S = 6


class Page(HTMLParser):
    """An answer: its forms with what is filled in already, its links, its text."""

    def __init__(self, answer):
        super().__init__()
        self.status, self.url, self.headers = answer.status, answer.url, answer.headers
        self.html = answer.read().decode()
        self.forms, self.links = [], []
        self.feed(self.html)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append((attributes["action"], {}))
        elif tag == "a":
            self.links.append(attributes["href"])
        elif tag == "button" and attributes.get("formaction"):
            self.forms.append((attributes["formaction"], self.forms[-1][1]))
        elif tag == "input" and self.forms and attributes.get("name"):
            self.forms[-1][1][attributes["name"]] = attributes.get("value") or ""

    def form(self, action_ends):
        return next((action, dict(fields)) for action, fields in self.forms if action.endswith(action_ends))

    @property
    def title(self):
        return re.search(r"<h1>(.*?)</h1>", self.html).group(1)


class HeldBack(urllib.request.HTTPRedirectHandler):
    """Follows redirects up to the shop's return address, so that a test can do something before the return."""

    def __init__(self):
        self.stops_at = None

    def redirect_request(self, request, answer, code, message, headers, url):
        if self.stops_at and self.stops_at in url:
            return None
        return super().redirect_request(request, answer, code, message, headers, url)


class Browser:
    """A customer's browser without script."""

    def __init__(self, shop):
        self.shop = shop
        self.held_back = HeldBack()
        self.cookies = http.cookiejar.CookieJar()
        cookies = urllib.request.HTTPCookieProcessor(self.cookies)
        self.opener = urllib.request.build_opener(cookies, self.held_back)

    def get(self, url):
        return self._open(urllib.request.Request(url))

    def post(self, url, fields):
        origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(url))
        body = urllib.parse.urlencode(fields).encode()
        return self._open(urllib.request.Request(url, body, {"Origin": origin}))

    def submit(self, page, action, **typed):
        """Sends the form that leads to `action`, with what it holds and what is typed into it."""
        to, fields = page.form(action)
        return self.post(urllib.parse.urljoin(page.url, to), fields | typed)

    def _open(self, request):
        try:
            return Page(self.opener.open(request, timeout=WAIT_S))
        except urllib.error.HTTPError as refused:
            return Page(refused)

    def pay(self, phone):
        """From the cart to Countersign's page."""
        cart = self.get(f"{self.shop.url}/")
        page = self.submit(cart, "/pay", phone=phone)
        assert page.url.startswith(self.shop.server.base_url) and page.form("/check"), page.html
        return cart, page

    def approve(self, page, phone, messages=1):
        """Types the code: the page to which it leads."""
        return self.submit(page, "/check", code=self.shop.code_on(phone, messages))

    def approve_without_return(self, page, phone):
        """Types the code, and is kept from going back: the address that the page leads to."""
        self.held_back.stops_at = "/verified"
        answer = self.approve(page, phone)
        self.held_back.stops_at = None
        assert answer.status == 303, (answer.status, answer.html)
        return answer.headers["Location"]


class Shop:
    """A running example."""

    def __init__(self, name, server, key):
        self.name, self.server, self.key = name, server, key
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        folder, command = SHOPS[self.name]
        own = {"COUNTERSIGN_URL": self.server.base_url, "COUNTERSIGN_KEY": self.key, "PUBLIC_URL": self.url}
        own |= {"PORT": str(self.port), "STEP_UP_MAX_AGE_S": str(STEP_UP_MAX_AGE_S)}
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, cwd=folder, env=os.environ | own, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        self._end()

    def logged(self):
        self.log.seek(0)
        return self.log.read()

    def code_on(self, phone, messages):
        """The newest code on a simulated phone, once so many messages have arrived."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            inbox = urllib.request.urlopen(f"{self.server.base_url}/phone/{phone[1:]}", timeout=WAIT_S).read().decode()
            codes = re.findall(r'class="machine"[^>]*>@localhost #(\w+)<', inbox)  # The newest message stands first.
            if len(codes) >= messages:
                return codes[0]
            time.sleep(0.05)
        raise AssertionError(f"message {messages} did not arrive")

    def redemptions(self, verification):
        status, timeline = self.server.shop.api("GET", f"/v1/verifications/{verification}/timeline")
        assert status == 200, timeline
        return sum(event["type"] == "proof.redeemed" for event in timeline["data"])

    def _wait_until_it_answers(self):
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                return urllib.request.urlopen(f"{self.url}/", timeout=WAIT_S).read()
            except urllib.error.URLError:
                assert self.process.poll() is None and time.monotonic() < deadline, self.logged()
                time.sleep(0.05)

    def _end(self):
        self.process.terminate()
        try:
            self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


    def run(self, script):
        """What a script prints that runs where the shop's modules are."""
        folder, (runtime, _) = SHOPS[self.name]
        command = [runtime, "--input-type=module", "--eval", script] if self.name == "node" else [runtime, "-c", script]
        own = {"COUNTERSIGN_URL": self.server.base_url, "COUNTERSIGN_KEY": self.key}
        ran = subprocess.run(command, cwd=folder, env=os.environ | own, capture_output=True, text=True, timeout=WAIT_S)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


def order_of(cart):
    return cart.form("/pay")[1]["order"]


def approvals(shop, order):
    """How often the shop carried this order's payment out, by its own log."""
    return shop.logged().count(f"{order}: payment approved")


def expect(page, status, title):
    assert page.status == status and page.title.startswith(title), (page.status, page.title, page.url)


def is_unpaid(shop, browser, cart):
    order = order_of(cart)
    assert order_of(browser.get(f"{shop.url}/")) == order, "the order is still the open one"
    assert approvals(shop, order) == 0


def query_of(address):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))


def a_customer_pays(shop, phone):
    browser = Browser(shop)
    cart, page = browser.pay(f"{phone[:3]} {phone[3:7]} {phone[7:]}")  # As people type it.
    assert "49.90 EUR" in page.html and "Example Shop" in page.html, "she sees what she approves"
    paid = browser.approve(page, phone)
    expect(paid, 200, "Paid")
    assert paid.url.startswith(f"{shop.url}/verified?verification=ver_"), paid.url
    assert approvals(shop, order_of(cart)) == 1 and shop.redemptions(query_of(paid.url)["verification"]) == 1
    assert order_of(browser.get(f"{shop.url}/")) != order_of(cart), "the next cart is another order"
    expect(browser.submit(cart, "/pay", phone=phone), 404, "You have no such open order")
    expect(browser.submit(cart, "/cart"), 404, "You have no such open order")


def a_reload_pays_once(shop, phone):
    browser = Browser(shop)
    cart, page = browser.pay(phone)
    back = browser.approve_without_return(page, phone)
    with ThreadPoolExecutor(4) as pool:
        for answer in pool.map(browser.get, [back] * 4):
            expect(answer, 200, "Paid")
    expect(browser.get(back), 200, "Paid")
    assert approvals(shop, order_of(cart)) == 1
    assert shop.redemptions(query_of(back)["verification"]) == 1


def a_double_click_is_one_message(shop, phone):
    browser = Browser(shop)
    cart = browser.get(f"{shop.url}/")
    browser.held_back.stops_at = "/verify/"  # A browser follows the second answer only.
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: browser.submit(cart, "/pay", phone=phone), range(2)))
    browser.held_back.stops_at = None
    assert [answer.status for answer in answers] == [303, 303], [answer.html for answer in answers]
    first, second = (answer.headers["Location"] for answer in answers)
    assert first == second, "one verification"
    expect(browser.approve(browser.get(second), phone), 200, "Paid")
    inbox = urllib.request.urlopen(f"{shop.server.base_url}/phone/{phone[1:]}", timeout=WAIT_S).read().decode()
    assert inbox.count('class="machine"') == 1, "one message"
    assert approvals(shop, order_of(cart)) == 1


def a_query_that_was_tampered_with_is_refused(shop, phone):
    browser = Browser(shop)
    cart, page = browser.pay(phone)
    back = browser.approve_without_return(page, phone)
    good = query_of(back)
    other = good["verification"][:-1] + ("0" if good["verification"][-1] != "0" else "1")
    for query in (
        good | {"state": good["state"][:-1] + "!"},
        good | {"state": ""},
        {"verification": good["verification"]},
        {"state": good["state"]},
        good | {"verification": other},
        good | {"verification": "../app"},
        {},
    ):
        answer = browser.get(f"{shop.url}/verified?{urllib.parse.urlencode(query)}")
        expect(answer, 403, "This is not the return of your checkout")
    is_unpaid(shop, browser, cart)
    expect(browser.get(back), 200, "Paid")


def another_customer_cannot_use_an_approval(shop, phone):
    victim, thief = Browser(shop), Browser(shop)
    cart, page = victim.pay(phone)
    back = victim.approve_without_return(page, phone)
    expect(thief.get(back), 403, "Begin at the cart")
    own_cart = thief.get(f"{shop.url}/")
    expect(thief.get(back), 403, "This is not the return of your checkout")
    # With a checkout of her own: her own state, with the id of an approval that is not hers.
    thief.submit(own_cart, "/pay", phone=phone[:-3] + "999")
    expect(thief.get(back), 403, "This is not the return of your checkout")
    is_unpaid(shop, thief, own_cart)
    order = cart.form("/pay")[1]["order"]
    expect(thief.post(f"{shop.url}/pay", {"order": order, "attempt": "x", "phone": phone}), 404, "You have no such")
    expect(victim.get(back), 200, "Paid")


def another_amount_than_was_approved_is_not_paid(shop, phone):
    browser = Browser(shop)
    cart, page = browser.pay(phone)
    back = browser.approve_without_return(page, phone)
    more = browser.submit(cart, "/cart")  # In a second tab.
    expect(more, 200, "Your cart: EUR 99.80")
    expect(browser.get(back), 409, "This is not what you approved: txn")
    is_unpaid(shop, browser, cart)
    assert shop.redemptions(query_of(back)["verification"]) == 0
    # What she sees next has the new amount, and another code.
    page = browser.submit(more, "/pay", phone=phone)
    assert "99.80 EUR" in page.html, page.html
    expect(browser.approve(page, phone, messages=2), 200, "Paid")
    assert approvals(shop, order_of(cart)) == 1


def another_phone_than_the_order_has_is_not_enough(shop, phone):
    browser = Browser(shop)
    cart, page = browser.pay(phone)
    back = browser.approve_without_return(page, phone)
    browser.submit(cart, "/pay", phone=phone[:-3] + "998", attempt="other")
    expect(browser.get(back), 403, "This is not the return of your checkout")
    is_unpaid(shop, browser, cart)


def a_code_that_was_never_entered_pays_nothing(shop, phone):
    browser = Browser(shop)
    cart, page = browser.pay(phone)
    (back,) = [link for link in page.links if link.startswith(f"{shop.url}/verified")]
    expect(browser.get(back), 409, "Not approved: pending")
    wrong = str(int(shop.code_on(phone, 1)[0]) % 9 + 1) + "00000"
    assert browser.submit(page, "/check", code=wrong).status == 422
    expect(browser.get(back), 409, "Not approved: pending")
    is_unpaid(shop, browser, cart)
    # She changes her mind: the same verification, by another link.
    again = browser.submit(browser.get(f"{shop.url}/"), "/pay", phone=phone)
    assert again.url == page.url, (again.url, page.url)
    expect(browser.approve(again, phone), 200, "Paid")


def a_report_pays_nothing(shop, phone):
    browser = Browser(shop)
    cart, page = browser.pay(phone)
    ended = browser.submit(page, "/report")
    (back,) = [link for link in ended.links if link.startswith(f"{shop.url}/verified")]
    expect(browser.get(back), 409, "Not approved: denied")
    is_unpaid(shop, browser, cart)


def a_proof_that_was_redeemed_elsewhere_pays_nothing(shop, phone):
    browser = Browser(shop)
    cart, page = browser.pay(phone)
    back = browser.approve_without_return(page, phone)
    _, verification = shop.server.shop.api("GET", f"/v1/verifications/{query_of(back)['verification']}")
    session = next(cookie.value for cookie in browser.cookies if cookie.name == "shop")
    body = {"proof": verification["proof"], "to": phone, "purpose": "payment", "session": session}
    body["transaction"] = verification["transaction"]
    status, redeemed = shop.server.shop.api("POST", "/v1/proofs/redeem", body)
    assert status == 200, redeemed
    expect(browser.get(back), 409, "Not approved: used up")
    is_unpaid(shop, browser, cart)


def a_number_that_is_none_is_told(shop, phone):
    browser = Browser(shop)
    cart = browser.get(f"{shop.url}/")
    expect(browser.submit(cart, "/pay", phone="12"), 409, "Not possible: invalid_request")
    page = browser.submit(browser.get(f"{shop.url}/"), "/pay", phone=phone)
    expect(browser.approve(page, phone), 200, "Paid")


def a_form_of_another_site_gets_nothing(shop, phone):
    cart = Browser(shop).get(f"{shop.url}/")
    stranger = Browser(shop)  # SameSite: the browser sends no cookie along.
    expect(stranger.submit(cart, "/pay", phone=phone), 403, "Begin at the cart")


def r5_what_matters_needs_a_fresh_proof(shop, phone):
    """RFC 9470 §3: the challenge, and what becomes of it when it is answered."""
    browser = Browser(shop)
    cart, page = browser.pay(phone)
    order = order_of(cart)
    refund = lambda order=order: browser.post(f"{shop.url}/api/orders/refund", {"order": order})

    def is_challenged(answer):
        challenge = answer.headers["WWW-Authenticate"]
        wanted = ['error="insufficient_user_authentication"', 'acr_values="possession"', f'max_age="{STEP_UP_MAX_AGE_S}"']
        return answer.status == 401 and challenge == f"Bearer {', '.join(wanted)}"

    assert is_challenged(refund()), "no proof yet"
    paid = browser.approve(page, phone)
    expect(paid, 200, "Paid")
    expect(refund("none"), 404, "You have no such paid order")  # Let through: the payment's proof is fresh.
    deadline = time.monotonic() + WAIT_S
    while not is_challenged(refund("none")):
        assert time.monotonic() < deadline, "the proof never grew too old"
        time.sleep(0.2)
    assert is_challenged(refund()), "and the order is not refunded"
    page = browser.post(f"{shop.url}/step-up", {"order": order, "attempt": "1"})
    expect(browser.approve(page, phone, messages=2), 200, "Confirmed")
    answer = refund()
    assert answer.status == 200 and json.loads(answer.html) == {"status": "refunded"}, answer.html
    expect(refund(), 404, "You have no such paid order")
    assert approvals(shop, order) == 1


# What the middleware does with sessions that no customer of these shops gets: a list of 200 or the challenge.
STEP_UP_WITH = {
    "node": """
import { stepUp } from "./step-up.mjs";
const answers = %(sessions)s.map((session) => {
  let answer = 200;
  const res = { set: (name, value) => ((answer = value), { sendStatus() {} }) };
  stepUp(["possession", "stronger"], 300)({ session }, res, () => {});
  return answer;
});
console.log(JSON.stringify(answers));
""",
    "python": """
import json
from fastapi import HTTPException
from session import step_up
def answer(session):
    try:
        step_up(["possession", "stronger"], 300)(session)
    except HTTPException as refused:
        return refused.headers["WWW-Authenticate"]
    return 200
print(json.dumps([answer(session) for session in json.loads('%(sessions)s')]))
""",
}


def r5_a_weak_or_old_proof_is_not_enough(shop, _phone):
    now = int(time.time())
    good = [{"iat": now, "assurance": "possession"}, {"iat": now - 240, "assurance": "stronger"}]
    bad = [{"iat": now, "assurance": "notification"}, {"iat": now}, {"iat": now - 310, "assurance": "possession"}]
    sessions = [{"proved": proved} for proved in good + bad] + [{}]
    answers = json.loads(shop.run(STEP_UP_WITH[shop.name] % {"sessions": json.dumps(sessions)}))
    wanted = 'acr_values="possession stronger", max_age="300"'
    assert answers == [200] * 2 + [f'Bearer error="insufficient_user_authentication", {wanted}'] * 4, answers


def the_sources_are_short(shop, _phone):
    folder, _ = SHOPS[shop.name]
    lines = {file.name: len(file.read_text().splitlines()) for file in folder.iterdir() if file.suffix in (".mjs", ".py")}
    assert lines and max(lines.values()) < MAX_LINES, lines


TESTS = [
    a_customer_pays,
    a_reload_pays_once,
    a_double_click_is_one_message,
    a_query_that_was_tampered_with_is_refused,
    another_customer_cannot_use_an_approval,
    another_amount_than_was_approved_is_not_paid,
    another_phone_than_the_order_has_is_not_enough,
    a_code_that_was_never_entered_pays_nothing,
    a_report_pays_nothing,
    a_proof_that_was_redeemed_elsewhere_pays_nothing,
    a_number_that_is_none_is_told,
    a_form_of_another_site_gets_nothing,
    r5_what_matters_needs_a_fresh_proof,
    r5_a_weak_or_old_proof_is_not_enough,
    the_sources_are_short,
]


def main(binary):
    clean_up_when_terminated()
    passed = failed = 0
    with DevServer(binary) as server:
        admin = type(server.shop)(server.base_url, server.create_key("admin"))
        key = server.create_key("server")
        with Shop("node", server, key) as node, Shop("python", server, key) as python:
            status, answer = admin.api("PATCH", "/v1/app", {"return_urls": [f"{shop.url}/verified" for shop in (node, python)]})
            assert status == 200, answer
            for place, shop in enumerate((node, python)):
                for number, test in enumerate(TESTS):
                    try:
                        test(shop, f"+447700900{place}{number:02}")
                        passed += 1
                    except Exception as reason:
                        failed += 1
                        print(f"FAILED {shop.name}: {test.__name__}: {reason!r}\n{shop.logged()[-2000:]}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
