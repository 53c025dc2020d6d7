"""Leads Schemathesis past the front door: random ids, codes and proofs would only ever be refused.

A part of the requests that fit the schema get an id that exists, the code that is on the simulated phone, or a
proof that can be redeemed. Requests that are meant to be wrong are left alone. Two checks of our own follow.
"""

import hashlib
import itertools
import json
import os
import sys
from pathlib import Path

import schemathesis
from schemathesis.generation import GenerationMode
from schemathesis.generation.meta import TestPhase

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dev_server import Client  # noqa: E402

shop = Client(os.environ["COUNTERSIGN_URL"], os.environ["COUNTERSIGN_KEY"])
# Only in the run whose key may do everything.
expects_success = os.environ["COUNTERSIGN_EXPECTS"] == "success"

ORIGIN = "shop.example"
# Ofcom keeps these 1,000 numbers free for fiction.
phones = (f"+447700900{last:03}" for last in itertools.cycle(range(1000)))
turns, sessions = itertools.count(), itertools.count()
# Started long enough ago that the resend ladder allows another message.
resendable = iter(os.environ["COUNTERSIGN_RESENDABLE"].split())
resendable_secrets = iter(os.environ["COUNTERSIGN_RESENDABLE_SECRETS"].split())
seen, succeeded, results = set(), set(), set()


def own_key_id():
    """The id inside the key in use: revoking it would end the test."""
    return "key_" + shop.key.split("_")[2][:26]


def start():
    """A verification that exists, and what it was started with."""
    body = {"to": next(phones), "purpose": "payment", "presentation": {"mode": "page", "origin": f"https://{ORIGIN}"}}
    body |= {"session": f"s_{next(sessions)}", "transaction": {"amount": "49.90", "currency": "EUR", "payee": "Shop GmbH"}}
    status, started = shop.api("POST", "/v1/verifications", body)
    if status != 201:
        raise AssertionError(f"a good start was answered {status}: {started}")
    return started, body


def challenged():
    """A verification that waits for a solution, and a solution of it."""
    _, app = shop.api("GET", "/v1/app")
    strict = app["policy"] | {"challenge": {"when": "always", "by": "proof_of_work", "zero_bits": 1}}
    shop.api("PATCH", "/v1/app", {"policy": strict})
    try:
        started, _ = start()
    finally:
        shop.api("PATCH", "/v1/app", {"policy": app["policy"]})
    work = started["challenge"]
    for number in itertools.count():
        cost = {name: work[name] for name in ("n", "r", "p")}
        tried = hashlib.scrypt(str(number).encode(), salt=work["salt"].encode(), dklen=32, **cost)
        if int.from_bytes(tried, "big") >> (256 - work["zero_bits"]) == 0:
            return started, str(number)


def approved():
    started, body = start()
    verification = started["id"]
    code = shop.code_on_phone(body["to"], ORIGIN)
    _, checked = shop.api("POST", f"/v1/verifications/{verification}/check", {"code": code})
    return checked["proof"], body


@schemathesis.hook
def before_call(context, case, kwargs):
    if not expects_success or case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    operation = case.operation.definition.raw.get("operationId")
    parameters = case.path_parameters or {}
    if operation in ("rotate_key", "revoke_key"):
        if parameters["id"] == own_key_id():
            case.path_parameters["id"] = "key_00000000000000000000000000"
        return
    if case.meta.phase.name == TestPhase.STATEFUL:
        return  # There the links between operations do what follows.
    turn = next(turns)
    if operation in ("show", "timeline", "cancel", "report") and turn % 2:
        case.path_parameters["id"] = start()[0]["id"]
    elif operation == "resend" and turn % 2:
        case.path_parameters["id"] = next(resendable, case.path_parameters["id"])
        case.body = {"channel": "sms"}
    elif operation == "check" and turn % 4:
        started, body = start()
        case.path_parameters["id"] = started["id"]
        if turn % 4 == 1:
            case.body = {"code": shop.code_on_phone(body["to"], ORIGIN), "transaction": body["transaction"]}
        elif turn % 4 == 2:
            # Generated transactions would void the verification before the code is looked at.
            case.body = {"code": case.body["code"]}
    elif operation == "solve" and turn % 2:
        started, solution = challenged()
        case.path_parameters["id"], case.body = started["id"], {"solution": solution}
    elif operation == "browser_solve" and turn % 2:
        started, solution = challenged()
        case.headers["Authorization"] = f"Bearer {started['client_secret']}"
        case.body = {"solution": solution}
    elif operation == "redeem" and turn % 2:
        proof, body = approved()
        case.body = {name: body[name] for name in ("to", "purpose", "session", "transaction")} | {"proof": proof}
    elif operation.startswith("browser_") and turn % 4:
        started, body = start()
        secret = started["client_secret"]
        if operation == "browser_check" and turn % 2:
            case.body = {"code": shop.code_on_phone(body["to"], ORIGIN)}
        elif operation == "browser_resend":
            case.body = {"channel": "sms"}
            secret = next(resendable_secrets, secret)
        case.headers["Authorization"] = f"Bearer {secret}"
    elif operation == "rebind" and turn % 2:
        case.body["to"] = start()[1]["to"]
    elif operation == "start" and turn % 2:
        case.body["to"] = next(phones)
        case.body["purpose"] = "payment"
        # This app sends by SMS alone, and a start names its way once.
        case.body.pop("email", None)
        case.body.pop("channel", None)
        case.body["workflow"] = ["sms", {"channel": "sms", "wait_s": 300}]
        if turn % 4 == 1:
            del case.body["workflow"]
    elif operation == "create_page" and turn % 2:
        # As above; and what a page asks must fit into its link.
        for name in ("email", "channel", "workflow", "region", "metadata", "transaction"):
            case.body.pop(name, None)
        case.body |= {"purpose": "signup", "presentation": {"mode": "page"}}
    elif operation == "update_app":
        # A policy that refuses all phones would make every later request uninteresting.
        case.body.pop("policy", None)


def problem(response):
    content_type = response.headers.get("content-type", [""])[0]
    assert content_type == "application/problem+json", f"{response.status_code} is {content_type!r}"
    return response.json()


@schemathesis.check
def documented_problem(ctx, response, case):
    """Every refusal is a problem document, and its code is among those that the description lists for it."""
    if response.status_code < 400:
        return
    body = problem(response)
    assert body["status"] == response.status_code, f"the document says {body['status']}"
    assert body["title"] and body["type"] and body["code"], f"incomplete: {json.dumps(body)}"
    described = case.operation.definition.raw["responses"].get(str(response.status_code))
    if described is None:
        return  # An undocumented status; status_code_conformance says so.
    codes = described["description"].split(" · ")
    assert body["code"] in codes, f"{body['code']} is not among {codes}"


@schemathesis.check
class EveryOperationWorks:
    """A run in which something only ever fails says little about it."""

    def after_response(self, ctx, response, case):
        seen.add(case.operation.label)
        if response.status_code < 300:
            succeeded.add(case.operation.label)
            if case.operation.definition.raw.get("operationId") == "check":
                results.add(response.json()["result"])

    def after_run(self, ctx):
        if not expects_success:
            return
        wanted = {"approved", "incorrect"}
        assert wanted <= results, f"checks came to {sorted(results)} only"
        # The dev server has no provider that posts receipts: to it they are all from strangers.
        never = seen - succeeded - {f"{method} /v1/receipts/{{provider}}" for method in ("GET", "POST")}
        assert not never, f"never answered 2xx: {sorted(never)}"
