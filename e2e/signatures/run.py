"""Our signatures against the vendors' own libraries:  python e2e/signatures/run.py target/debug/examples/signatures

For each vendor: what our code signs, its library accepts, and refuses after one flipped byte; what its library (or, where
it only validates, Python) signs, our code accepts, and refuses after one flipped byte. The AWS request in the fixtures is
signed anew by botocore.
"""

import base64
import datetime
import hashlib
import hmac
import json
import pathlib
import subprocess
import sys
import time
import tomllib
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import jwt
import messagebird.error
import messagebird.request_validator
import nacl.signing
import plivo.utils
import telnyx
import twilio.request_validator
import vonage_http_client.auth
import vonage_jwt
from sinch.domains.sms.sinch_events.v1.sms_sinch_event import SmsSinchEvent

ROOT = pathlib.Path(__file__).parents[2]
URL = "https://otp.shop.example/v1/callbacks/p"
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
NOW = int(time.time())
KEY = "a-key-for-tests-of-forty-characters-0123"
SEED = bytes(range(32))

results = {"passed": 0, "failed": 0}


def check(name, right):
    results["passed" if right else "failed"] += 1
    print("ok     " if right else "FAILED ", name)


class Ours:
    """The example program `signatures`, which answers a line for a line."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **task):
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the program has ended; what it said is above")
        return json.loads(line)

    def sign(self, scheme, **task):
        return self.ask(do="sign", scheme=scheme, **task)["signature"]

    def believes(self, definition, headers, body="", url=URL, method="POST"):
        fixtures = tomllib.loads((ROOT / f"crates/delivery/definitions/fixtures/{definition}.toml").read_text())
        secrets = {name: KEY for name in fixtures["secret"]}
        if definition == "telnyx":
            secrets["public_key"] = base64.b64encode(bytes(nacl.signing.SigningKey(SEED).verify_key)).decode()
        answer = self.ask(do="verify", definition=definition, settings=fixtures.get("setting", {}), secrets=secrets,
                          now_s=NOW, method=method, url=url, headers=headers, body=body)
        return answer["ok"]


def flipped(text):
    """One byte changed: a letter or digit in the middle becomes another."""
    middle = next(i for i in range(len(text) // 2, len(text)) if text[i].isalnum())
    return text[:middle] + ("b" if text[middle] == "a" else "a") + text[middle + 1:]


def accepts(validate, *arguments):
    """Whether a library's validator says yes; some say no by raising."""
    try:
        return validate(*arguments) is not False
    except Exception as error:  # Every library has its own.
        return isinstance(error, (TypeError, AttributeError)) and sys.exit(f"the validator broke: {error!r}")


def both(name, theirs, ours, genuine, changes):
    """`theirs` and `ours` each accept what is genuine and refuse each change of it."""
    check(f"{name}: their library accepts it", accepts(theirs, *genuine))
    check(f"{name}: ours accepts it", ours(*genuine))
    for what, changed in changes.items():
        check(f"{name}: their library refuses {what}", not accepts(theirs, *changed))
        check(f"{name}: ours refuses {what}", not ours(*changed))


def each_signer(name, signers, theirs, ours, message):
    """The same for a signature of ours and one of theirs, with a byte of the message or the signature flipped."""
    made = {who: sign(message) for who, sign in signers.items()}
    for who, signature in made.items():
        changes = {"a flipped byte of the message": (flipped(message), signature),
                   "a flipped byte of the signature": (message, flipped(signature))}
        both(f"{name}, signed by {who}", theirs, ours, (message, signature), changes)


def fields_of(body):
    return dict(urllib.parse.parse_qsl(body))


def test_twilio(ours):
    validator = twilio.request_validator.RequestValidator(KEY)
    body = "AccountSid=AC1&MessageSid=SM0123456789abcdef&MessageStatus=delivered&To=%2B447700900123&ErrorCode=%C3%A9"
    for hash_name, algorithm in (("sha1", "HMAC_SHA1"), ("sha256", "HMAC_SHA256")):
        def headers(signature, algorithm=algorithm):
            settings = {} if algorithm == "HMAC_SHA1" else {
                "x-twilio-webhooks-signature-settings": f"key=k1,algorithm={algorithm}"}
            return {**FORM, "x-twilio-signature": signature, **settings}

        for port in ("", ":443"):
            url = URL.replace(".example/", f".example{port}/")
            each_signer(f"twilio {algorithm}{' with the port' if port else ''}", {
                "ours": lambda body: ours.sign("twilio", hash=hash_name, key=KEY, url=url,
                                               form=list(fields_of(body).items())),
                "theirs": lambda body: validator.compute_signature(url, fields_of(body), algorithm),
            }, lambda body, signature: validator.validate(URL, fields_of(body), signature, algorithm),
                lambda body, signature: ours.believes("twilio", headers(signature), body), body)


def test_plivo(ours):
    nonce = "05429567804466091622"
    for url in (URL, URL + "?b=2&a=1"):
        def theirs(body, signature, url=url):
            return plivo.utils.validate_v3_signature("POST", url, nonce, KEY, signature, fields_of(body))

        def signed_by_theirs(body, url=url):
            base = plivo.utils.signature_v3.construct_post_url(url, fields_of(body)).decode()
            return plivo.utils.signature_v3.get_signature_v3(KEY.encode(), base, nonce).decode()

        def believed(body, signature, url=url):
            headers = {**FORM, "x-plivo-signature-v3": signature, "x-plivo-signature-v3-nonce": nonce}
            return ours.believes("plivo", headers, body, url=url)

        each_signer(f"plivo v3{' with a query' if '?' in url else ''}", {
            "ours": lambda body: ours.sign("plivo_v3", key=KEY, url=url, form=list(fields_of(body).items()), nonce=nonce),
            "theirs": signed_by_theirs,
        }, theirs, believed, "MessageUUID=db3ce55a-7f1d-11e1-8ea7-1231380bc196&Status=delivered&To=447700900123")


def test_vonage_sms(ours):
    auth = vonage_http_client.auth.Auth(api_key="abcd1234", api_secret=KEY, signature_secret=KEY, signature_method="sha256")
    body = f"messageId=0A0000000123ABCD1&msisdn=447700900123&nonce=a%26b%3Dc&status=delivered&timestamp={NOW}"

    def believed(body, signature):
        return ours.believes("vonage-sms", FORM, body + "&sig=" + signature)

    each_signer("vonage sig", {
        "ours": lambda body: ours.sign("vonage_sig", hash="sha256", key=KEY, fields=fields_of(body)),
        "theirs": lambda body: auth.sign_params(fields_of(body)),
    }, lambda body, signature: auth.check_signature({**fields_of(body), "sig": signature}), believed, body)


def test_vonage_messages(ours):
    body = '{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","status":"delivered"}'

    def claims(body):
        return {"iat": NOW, "jti": "c5ba8f24", "iss": "Vonage", "payload_hash": hashlib.sha256(body.encode()).hexdigest()}

    def theirs(body, token):
        # Their library checks the token alone; the hash of the body is left to its user.
        said = jwt.decode(token, options={"verify_signature": False})
        return vonage_jwt.verify_signature(token, KEY) and said["payload_hash"] == claims(body)["payload_hash"]

    each_signer("vonage jwt", {
        "ours": lambda body: ours.sign("jwt_hs", key=KEY, claims=claims(body)),
        "theirs": lambda body: jwt.encode(claims(body), KEY, "HS256"),
    }, theirs, lambda body, token: ours.believes("vonage-messages", {**JSON, "authorization": f"Bearer {token}"}, body), body)


def test_telnyx(ours):
    key = nacl.signing.SigningKey(SEED)
    client = telnyx.Telnyx(api_key="k", public_key=base64.b64encode(bytes(key.verify_key)).decode())
    body = '{"data":{"event_type":"message.finalized","payload":{"id":"40385f64","to":[{"status":"delivered"}]}}}'

    def headers(signature):
        return {**JSON, "telnyx-timestamp": str(NOW), "telnyx-signature-ed25519": signature}

    each_signer("telnyx", {
        "ours": lambda body: ours.sign("ed25519", seed=list(SEED), text=f"{NOW}|{body}"),
        "theirs": lambda body: base64.b64encode(key.sign(f"{NOW}|{body}".encode()).signature).decode(),
    }, lambda body, signature: client.webhooks.unwrap(body, headers=headers(signature)) is not None,
        lambda body, signature: ours.believes("telnyx", headers(signature), body), body)


def test_messagebird(ours):
    validator = messagebird.request_validator.RequestValidator(KEY)
    query = "id=e8077d803532c0b5937c639b60216938&recipient=447700900123&status=delivered"

    def claims(query):
        digest = hashlib.sha256(f"{URL}?{query}".encode()).hexdigest()
        return {"iss": "MessageBird", "nbf": NOW - 30, "exp": NOW + 30, "jti": "x", "url_hash": digest}

    each_signer("messagebird", {
        "ours": lambda query: ours.sign("jwt_hs", key=KEY, claims=claims(query)),
        "theirs": lambda query: jwt.encode(claims(query), KEY, "HS256"),
    }, lambda query, token: bool(validator.validate_signature(token, f"{URL}?{query}", b"")),
        lambda query, token: ours.believes("messagebird", {"messagebird-signature-jwt": token}, url=f"{URL}?{query}", method="GET"),
        query)


def test_sinch(ours):
    validator = SmsSinchEvent(KEY)
    nonce = "01FJA8B4A7BM43YGWSG9GBV067"
    body = '{"type":"recipient_delivery_report_sms","batch_id":"01FC66621X","code":0,"status":"Delivered"}'

    def headers(signature):
        return {**JSON, "x-sinch-webhook-signature": signature, "x-sinch-webhook-signature-nonce": nonce,
                "x-sinch-webhook-signature-timestamp": str(NOW)}

    def by_python(body):
        return base64.b64encode(hmac.digest(KEY.encode(), f"{body}.{nonce}.{NOW}".encode(), "sha256")).decode()

    def by_ours(body):
        signature = ours.sign("hmac", hash="sha256", key=KEY, text=f"{body}.{nonce}.{NOW}")
        return base64.b64encode(bytes.fromhex(signature)).decode()

    each_signer("sinch", {"ours": by_ours, "theirs": by_python},
                lambda body, signature: validator.validate_authentication_header(headers(signature), body),
                lambda body, signature: ours.believes("sinch", headers(signature), body), body)


def test_aws():
    """The requests that the fixtures expect of us, as botocore signs them."""
    moment = datetime.datetime(2026, 11, 23, 10)
    botocore.auth.get_current_datetime = lambda *_, **__: moment
    for name in ("aws-sms-voice", "aws-voice"):
        fixtures = tomllib.loads((ROOT / f"crates/delivery/definitions/fixtures/{name}.toml").read_text())
        expected, secret = fixtures["request"][0]["expect"], fixtures["secret"]
        headers = {key: expected["header"][key] for key in ("content-type", "x-amz-target")}
        for body in (expected["body"], flipped(expected["body"])):
            request = botocore.awsrequest.AWSRequest("POST", expected["url"], data=body, headers=headers)
            credentials = botocore.credentials.Credentials(secret["access_key"], secret["secret_key"])
            botocore.auth.SigV4Auth(credentials, "sms-voice", "eu-west-1").add_auth(request)
            same = request.headers["Authorization"] == expected["header"]["authorization"]
            if body == expected["body"]:
                check(f"{name}: botocore signs the request as we do", same)
            else:
                check(f"{name}: botocore signs another for a flipped byte", not same)


def main():
    ours = Ours(sys.argv[1])
    for test in (test_twilio, test_plivo, test_vonage_sms, test_vonage_messages, test_telnyx, test_messagebird, test_sinch):
        test(ours)
    test_aws()
    print(f"{results['passed']} passed, {results['failed']} failed")
    sys.exit(results["failed"] != 0)


main()
