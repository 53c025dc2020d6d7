"""A checkout that is approved by phone: cart → POST /pay → Countersign's page → GET /verified. See README.md."""

import os
import re
import secrets
from decimal import Decimal
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, Form
from fastapi.responses import RedirectResponse

from countersign import Refusal, begin, settle
from pages import cart_page, page
from session import Session, step_up

PUBLIC_URL, MAX_AGE_S = os.environ["PUBLIC_URL"], int(os.environ.get("STEP_UP_MAX_AGE_S", "300"))
PRICE, orders = Decimal("49.90"), {}  # In your shop: its database.
Text = Annotated[str, Form()]
app = FastAPI(openapi_url=None)


def record(session):
    """What the shop's own books say now: for the start, for the comparison, for the redemption."""
    purpose, order = session["pending"]["purpose"], session["pending"]["order"]
    transaction = {"id": order["id"], "amount": str(order["amount"]), "currency": "EUR", "payee": "Example Shop"}
    return {"to": order["phone"], "purpose": purpose, "session": session["id"], "transaction": transaction}


async def approve(session, purpose, order, attempt):
    key = f"{purpose}-{order['id']}-{attempt}"  # A form that is sent twice is one attempt.
    if session.get("pending", {}).get("key") != key:
        session["pending"] = {"key": key, "purpose": purpose, "order": order, "state": session["state"]}
    return RedirectResponse(await begin(session["pending"], record(session), f"{PUBLIC_URL}/verified"), 303)


def own_order(session, order, status):
    if orders.get(order, {}).get("session") != session["id"] or orders[order]["status"] != status:
        raise Refusal(404, f"You have no such {status} order")
    return orders[order]


@app.get("/")
async def cart(session: Session):
    if orders.get(session.get("order"), {}).get("status") != "open":
        session["order"] = f"order_{secrets.token_urlsafe(16)}"
        orders[session["order"]] = {"id": session["order"], "session": session["id"], "amount": PRICE, "status": "open"}
    order = orders[session["order"]]
    answer = cart_page(order, attempt=secrets.token_urlsafe(16))
    answer.set_cookie("shop", session["id"], httponly=True, samesite="lax", secure=PUBLIC_URL.startswith("https:"))
    return answer


@app.post("/cart")
async def add(session: Session, order: Text):
    own_order(session, order, "open")["amount"] += PRICE
    return RedirectResponse("/", 303)


@app.post("/pay")
async def pay(session: Session, order: Text, attempt: Text, phone: Text):
    own = own_order(session, order, "open")
    own["phone"] = re.sub(r"[^+\d]", "", phone)
    return await approve(session, "payment", own, attempt)


@app.get("/verified")
async def verified(session: Session, verification: str = "", state: str = ""):
    pending = session.get("pending", {})
    is_same_state = secrets.compare_digest(state.encode(), pending.get("state", "").encode())
    if not (is_same_state and verification == pending.get("id")):
        raise Refusal(403, "This is not the return of your checkout")
    if not pending.get("settled"):  # A reload finds it settled.
        session["proved"] = await settle(pending, record(session))
        pending["settled"] = True
        if pending["purpose"] == "payment":
            pending["order"]["status"] = "paid"
        print(f"{pending['order']['id']}: {pending['purpose']} approved", flush=True)
    return page("Paid" if pending["purpose"] == "payment" else "Confirmed", f"<p>Order {pending['order']['id']}")


@app.post("/step-up")
async def confirm(session: Session, order: Text, attempt: Text):
    return await approve(session, "refund", own_order(session, order, "paid"), attempt)


@app.post("/api/orders/refund", dependencies=[Depends(step_up(["possession"], MAX_AGE_S))])
async def refund(session: Session, order: Text):
    own_order(session, order, "paid")["status"] = "refunded"
    return {"status": "refunded"}


@app.exception_handler(Refusal)
async def refused(_, refusal):
    return page(refusal.text, '<p><a href="/">Your cart</a>', refusal.status)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "3000")), log_level="warning")
