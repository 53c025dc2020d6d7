"""Verifies a Countersign proof offline: python3 verify.py PROOF_FILE RECORD_FILE JWKS_FILE_OR_URL"""

import base64
import hashlib
import json
import sys
import urllib.request

import jwt  # PyJWT[crypto]


def sha256(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def transaction_digest(app, purpose, transaction):
    fields = sorted(transaction.get("fields", {}).items(), key=lambda field: field[0].encode())
    parts = [app, purpose, *(transaction.get(name) for name in ("id", "amount_minor", "currency", "payee"))]
    parts += [str(len(fields)), *(text for field in fields for text in field)]
    encode = lambda text: b"\xff" * 4 if text is None else len(text.encode()).to_bytes(4, "big") + text.encode()
    return sha256(b"countersign/txn/v1" + b"".join(map(encode, parts)))


def verify(proof, record, jwks):
    """The proof's claims, if it is genuine and says what the shop's own record says; else an exception."""
    header = jwt.get_unverified_header(proof)
    if header.get("typ") != "countersign-proof+jwt":
        raise ValueError("this is not a Countersign proof")
    key = jwt.PyJWKSet.from_dict(jwks)[header.get("kid")]
    required = {"require": ["iss", "aud", "jti", "exp"], "strict_aud": True, "verify_iat": False}
    app, issuer = record["app"], record["issuer"]
    claims = jwt.decode(proof, key, algorithms=["EdDSA"], audience=app, issuer=issuer, options=required)
    expected = {name: record[name] for name in ("mode", "phone", "purpose")}
    expected["sid"] = sha256(record["session"].encode()) if record.get("session") else None
    expected["txn"] = transaction_digest(app, record["purpose"], record.get("transaction", {}))
    for name, value in expected.items():
        if claims.get(name) != value:
            raise ValueError(f"the proof's {name} is not that of the record")
    return claims


def main(proof_file, record_file, jwks_source):
    read = lambda path: open(path, encoding="utf-8").read()
    is_url = jwks_source.startswith("https://") or jwks_source.startswith("http://localhost:")
    try:
        jwks = urllib.request.urlopen(jwks_source, timeout=10).read() if is_url else read(jwks_source)
        claims = verify(read(proof_file).strip(), json.loads(read(record_file)), json.loads(jwks))
    except Exception as reason:
        sys.exit(f"refused: {reason}")
    print(f"verified: {claims['jti']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
