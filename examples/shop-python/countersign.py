"""All that a shop says to Countersign, and how it believes a proof offline. The shop itself is shop.py."""

import asyncio
import base64
import hashlib
import os

import httpx
import jwt  # PyJWT[crypto]

ISSUER, API_KEY = os.environ["COUNTERSIGN_URL"], os.environ["COUNTERSIGN_KEY"]
MODE = "live" if API_KEY.startswith("cs_live_") else "test"  # A test key's proofs are worth nothing to a live one.
http = httpx.AsyncClient(base_url=ISSUER, headers={"Authorization": f"Bearer {API_KEY}"}, timeout=10)
APP = httpx.get(f"{ISSUER}/v1/app", headers=http.headers).raise_for_status().json()["id"]
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json")


class Refusal(Exception):
    """Its text is shown to the customer."""

    def __init__(self, status, text):
        self.status, self.text = status, text


async def api(method, path, body=None, idempotency_key=None):
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    try:
        response = await http.request(method, path, json=body, headers=headers)
    except httpx.HTTPError as lost:
        raise Refusal(502, "Try again in a moment") from lost  # Nothing is done twice: the key.
    if response.is_error:
        raise Refusal(409, f"Not possible: {response.json()['code']}")
    return response.json()


def sha256(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def digest(app, purpose, transaction):
    """Of a transaction that has all of these and no `fields`; the amount counts in the smallest unit."""
    amount = str(int(transaction["amount"].replace(".", "")))
    texts = [app, purpose, transaction["id"], amount, transaction["currency"], transaction["payee"], "0"]
    encode = lambda text: len(text.encode()).to_bytes(4, "big") + text.encode()
    return sha256(b"countersign/txn/v1" + b"".join(map(encode, texts)))


async def verify(proof, record):
    """The claims of a proof that is genuine and says what the shop's own record says. Offline, but for new keys."""
    try:
        if jwt.get_unverified_header(proof).get("typ") != "countersign-proof+jwt":
            raise jwt.InvalidTokenError("typ")
        key = await asyncio.to_thread(keys.get_signing_key_from_jwt, proof)
        checks = {"require": ["iss", "aud", "jti", "exp"], "strict_aud": True, "verify_iat": False}
        claims = jwt.decode(proof, key, algorithms=["EdDSA"], audience=APP, issuer=ISSUER, options=checks)
    except jwt.PyJWTError as reason:
        raise Refusal(409, f"This proof is not believed: {reason}") from reason
    own = {"mode": MODE, "phone": record["to"], "purpose": record["purpose"], "sid": sha256(record["session"].encode())}
    own["txn"] = digest(APP, record["purpose"], record["transaction"])
    for name, value in own.items():
        if claims.get(name) != value:
            raise Refusal(409, f"This is not what you approved: {name}")
    return claims


async def begin(pending, own, return_url):
    """Starts it, once for each key of `pending`: the address of the page to which the customer goes."""
    presentation = {"mode": "page", "return_url": return_url, "state": pending["state"]}
    started = await api("POST", "/v1/verifications", own | {"presentation": presentation}, pending["key"])
    pending["id"] = started["id"]
    return started["url"]


async def settle(pending, own):
    """After the return: the claims of the proof, which says what the shop's `own` record says and is redeemed now."""
    shown = await api("GET", f"/v1/verifications/{pending['id']}")
    # Kept: where the answer of the redemption is lost, a reload asks for that same one again.
    pending["proof"] = pending.get("proof") or shown.get("proof")
    if not pending["proof"]:
        raise Refusal(409, f"Not approved: {'used up' if shown['status'] == 'approved' else shown['status']}")
    claims = await verify(pending["proof"], own)
    await api("POST", "/v1/proofs/redeem", {"proof": pending["proof"]} | own, f"redeem-{pending['id']}")
    return claims
