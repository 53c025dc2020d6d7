"""Proves that the examples believe what they should and refuse all else.

    python3 examples/test.py COUNTERSIGN_BINARY

Needs PyJWT for this Python (python/requirements.txt), and `npm ci` done in node/. Two kinds of proof
are tried: real ones of a running `countersign dev`, and forged ones that differ from a good one in
one thing, signed with a key that the verifier is told to trust, so that nothing else can be the reason.
"""

import base64
import copy
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

EXAMPLES = Path(__file__).resolve().parent
sys.path[:0] = [str(EXAMPLES.parent / "e2e"), str(EXAMPLES / "verify-proof" / "python")]

from dev_server import DevServer, clean_up_when_terminated  # noqa: E402
from verify import sha256, transaction_digest  # noqa: E402

VERIFIERS = {
    "python": [sys.executable, EXAMPLES / "verify-proof" / "python" / "verify.py"],
    "node": ["node", EXAMPLES / "verify-proof" / "node" / "verify.mjs"],
}
DIGEST_VECTORS = EXAMPLES.parent / "crates" / "core" / "tests" / "digest_vectors.json"
NODE_DIGESTS = """
import { transactionDigest } from %s;
let text = "";
for await (const chunk of process.stdin) text += chunk;
const digests = JSON.parse(text).map((v) => transactionDigest(v.app, v.purpose, v.transaction));
console.log(JSON.stringify(digests));
"""
PHONE = "+447700900123"
ORIGIN = "shop.example"


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def expect(self, name, holds, otherwise=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}: {otherwise}")


class Verifiers:
    """Runs every verifier on files, as a shop's developer would at first."""

    def __init__(self, folder, report):
        self.folder, self.report = Path(folder), report

    def run(self, name, proof, record, jwks, reason=None):
        """`reason`: what a refusal must say, by verifier, or one text for all; None: must be verified."""
        proof_file, record_file = self.folder / "proof.jws", self.folder / "record.json"
        proof_file.write_text(proof + "\n")
        record_file.write_text(json.dumps(record))
        if not isinstance(jwks, str):
            (self.folder / "jwks.json").write_text(json.dumps(jwks))
            jwks = str(self.folder / "jwks.json")
        for verifier, command in VERIFIERS.items():
            ran = subprocess.run([*command, proof_file, record_file, jwks], capture_output=True, text=True, timeout=60)
            said = (ran.stdout + ran.stderr).strip()
            if reason is None:
                holds = ran.returncode == 0 and ran.stdout.startswith("verified: ver_")
            else:
                wanted = reason if isinstance(reason, str) else reason[verifier]
                holds = ran.returncode == 1 and said.startswith("refused: ") and wanted.lower() in said.lower()
            self.report.expect(f"{verifier}: {name}", holds, f"exit {ran.returncode}, said: {said[-300:]}")


def changed(record, path, value):
    """The record with one thing changed; `None` takes it away."""
    record = copy.deepcopy(record)
    *parents, last = path.split(".")
    place = record
    for parent in parents:
        place = place[parent]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return record


def minor_units(amount):
    """Only for amounts that the API took: those have exactly the currency's decimals."""
    return str(int(amount.replace(".", "")))


def own_words(transaction):
    """A transaction of the API as the shop keeps it: the amount in the currency's smallest unit."""
    own = {name: value for name, value in transaction.items() if name != "amount"}
    return own | ({"amount_minor": minor_units(transaction["amount"])} if "amount" in transaction else {})


def digest_vectors(report):
    vectors = json.loads(DIGEST_VECTORS.read_text())["vectors"]
    known = [vector | {"transaction": own_words(vector["transaction"])} for vector in vectors]
    module = (EXAMPLES / "verify-proof" / "node" / "verify.mjs").as_uri()
    script = NODE_DIGESTS % json.dumps(module)
    command = ["node", "--input-type=module", "--eval", script]
    ran = subprocess.run(command, input=json.dumps(known), capture_output=True, text=True, check=True, timeout=60)
    for vector, by_node in zip(known, json.loads(ran.stdout), strict=True):
        by_python = transaction_digest(vector["app"], vector["purpose"], vector["transaction"])
        for verifier, digest in (("python", by_python), ("node", by_node)):
            name = f"{verifier}: digest of \"{vector['name']}\""
            report.expect(name, digest == vector["digest"], f"{digest}, expected {vector['digest']}")


def approved(shop, start):
    """Starts a verification, reads the code from the simulated phone and checks it: the proof."""
    status, started = shop.api("POST", "/v1/verifications", start)
    assert status == 201, started
    code = shop.code_on_phone(start["to"], ORIGIN)
    status, checked = shop.api("POST", f"/v1/verifications/{started['id']}/check", {"code": code})
    assert (status, checked["result"]) == (200, "approved"), checked
    return checked["proof"]


def start_body(**more):
    return {"to": PHONE, "presentation": {"mode": "page", "origin": f"https://{ORIGIN}"}} | more


def differences(record):
    """Every field of the record with another value, and what the refusal must name."""
    return {
        "phone": (changed(record, "phone", "+447700900124"), "phone"),
        "purpose": (changed(record, "purpose", "order"), "purpose"),
        "session": (changed(record, "session", "the session of somebody else"), "sid"),
        "no session": (changed(record, "session", None), "sid"),
        "mode": (changed(record, "mode", "live"), "mode"),
        "app": (changed(record, "app", "app_01m83jcvbq0005bnwyqcj8022w"), {"python": "audience", "node": "aud"}),
        "issuer": (changed(record, "issuer", "https://elsewhere.example"), {"python": "issuer", "node": "iss"}),
        "one cent more": (changed(record, "transaction.amount_minor", "4991"), "txn"),
        "ten times as much": (changed(record, "transaction.amount_minor", "49900"), "txn"),
        "currency": (changed(record, "transaction.currency", "USD"), "txn"),
        "payee": (changed(record, "transaction.payee", "Shop GmbH."), "txn"),
        "order": (changed(record, "transaction.id", "order_1043"), "txn"),
        "a field's value": (changed(record, "transaction.fields.zip", "10116"), "txn"),
        "a field's name": (changed(record, "transaction.fields", {"ZIP": "10115"}), "txn"),
        "no fields": (changed(record, "transaction.fields", None), "txn"),
        "no transaction": (changed(record, "transaction", None), "txn"),
    }


def flip(proof, part):
    """The proof with one bit of one part changed."""
    parts = proof.split(".")
    raw = bytearray(base64.urlsafe_b64decode(parts[part] + "=="))
    raw[len(raw) // 2] ^= 1
    parts[part] = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return ".".join(parts)


def real_proofs(server, verifiers):
    transaction = {"id": "order_1042", "amount": "49.90", "currency": "EUR", "payee": "Shop GmbH"}
    transaction["fields"] = {"zip": "10115"}
    proof = approved(server.shop, start_body(purpose="payment", session="s_81f2", transaction=transaction))
    record = {"issuer": server.base_url, "app": server.app, "mode": "test", "phone": PHONE, "purpose": "payment"}
    record |= {"session": "s_81f2", "transaction": own_words(transaction)}
    jwks_url = f"{server.base_url}/.well-known/jwks.json"
    _, jwks = server.shop.api("GET", "/.well-known/jwks.json")
    verifiers.run("a real proof, keys from the URL", proof, record, jwks_url)
    verifiers.run("a real proof, keys from a file", proof, record, jwks)
    for name, (other, reason) in differences(record).items():
        verifiers.run(f"another record: {name}", proof, other, jwks, reason)
    for part, name in enumerate(("header", "claims", "signature")):
        verifiers.run(f"one bit of the {name} flipped", flip(proof, part), record, jwks, "")
    verifiers.run("no keys", proof, record, {"keys": []}, "")
    login = approved(server.shop, start_body(purpose="login"))
    bare = {name: value for name, value in record.items() if name not in ("session", "transaction")}
    verifiers.run("a real proof of a login", login, bare | {"purpose": "login"}, jwks)
    with_session = bare | {"purpose": "login", "session": "s_81f2"}
    verifiers.run("a proof without a session for a session", login, with_session, jwks, "sid")
    swapped = ".".join([login.split(".")[0], proof.split(".")[1], login.split(".")[2]])
    verifiers.run("the claims of one proof, the signature of another", swapped, record, jwks, "")


def unsigned(header, claims):
    encode = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    return f"{encode(header)}.{encode(claims)}."


def forged_proofs(verifiers):
    key = Ed25519PrivateKey.generate()
    public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key()))
    jwks = {"keys": [public | {"kid": "proof_a", "alg": "EdDSA", "use": "sig"}]}
    now = int(time.time())
    record = {"issuer": "https://verify.example", "app": "app_01kare1gr0000a3cp3tkjzc1rr", "mode": "live"}
    record |= {"phone": PHONE, "purpose": "payment", "session": "s", "transaction": {"amount_minor": "4990", "currency": "EUR"}}
    claims = {"iss": record["issuer"], "aud": record["app"], "jti": "ver_01kare1gr0000a3cp3tkjzc1rr", "iat": now, "exp": now + 300}
    claims |= {"phone": PHONE, "purpose": "payment", "sid": sha256(b"s"), "epoch": 0, "amr": ["sms", "otp"], "mode": "live"}
    claims["txn"] = transaction_digest(record["app"], "payment", record["transaction"])
    header = {"typ": "countersign-proof+jwt", "kid": "proof_a"}

    def sign(header, claims, key=key, algorithm="EdDSA"):
        return jwt.encode(claims, key, algorithm=algorithm, headers=header)

    good = sign(header, claims)
    verifiers.run("the pattern of the forged ones", good, record, jwks)
    expired = {"python": "expired", "node": "exp"}
    verifiers.run("expired", sign(header, claims | {"exp": now - 1}), record, jwks, expired)
    for name in ("exp", "jti", "aud", "iss"):
        without = {claim: value for claim, value in claims.items() if claim != name}
        verifiers.run(f"without {name}", sign(header, without), record, jwks, name)
    for name in ("phone", "purpose", "sid", "txn", "mode"):
        without = {claim: value for claim, value in claims.items() if claim != name}
        verifiers.run(f"without {name}", sign(header, without), record, jwks, name)
    verifiers.run("typ JWT", sign(header | {"typ": "JWT"}, claims), record, jwks, {"python": "not a countersign proof", "node": "typ"})
    verifiers.run("no typ", sign(header | {"typ": None}, claims), record, jwks, {"python": "not a countersign proof", "node": "typ"})
    verifiers.run("a key of another name", sign(header | {"kid": "proof_b"}, claims), record, jwks, "")
    stranger = Ed25519PrivateKey.generate()
    verifiers.run("a stranger's key", sign(header, claims, stranger), record, jwks, {"python": "signature", "node": "signature"})
    verifiers.run("alg none", unsigned(header | {"alg": "none"}, claims), record, jwks, {"python": "alg value", "node": "alg"})
    shared = sign(header, claims, public["x"] + "=" * 16, "HS256")
    verifiers.run("HS256 with the public key", shared, record, jwks, {"python": "alg value", "node": "alg"})
    critical = sign(header | {"crit": ["b64x"], "b64x": True}, claims)
    verifiers.run("an extension that must be understood", critical, record, jwks, "")
    verifiers.run("nothing", "", record, jwks, "")
    verifiers.run("no JWS", "a.b", record, jwks, "")


def main(binary):
    clean_up_when_terminated()
    report = Report()
    digest_vectors(report)
    with tempfile.TemporaryDirectory(prefix="countersign-examples-") as folder:
        verifiers = Verifiers(folder, report)
        forged_proofs(verifiers)
        with DevServer(binary) as server:
            real_proofs(server, verifiers)
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
