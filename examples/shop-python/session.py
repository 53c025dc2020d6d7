"""Sessions of the shop's customers, and what a session must have shown for what matters."""

import asyncio
import secrets
import time
from typing import Annotated

from fastapi import Cookie, Depends, HTTPException, Request

from countersign import Refusal

sessions = {}  # In your shop: its session store.


async def session_of(request: Request, shop: Annotated[str, Cookie()] = ""):
    if shop not in sessions:
        if request.url.path != "/":
            raise Refusal(403, "Begin at the cart")  # Other sites' forms, too (SameSite).
        shop = secrets.token_urlsafe()
        sessions[shop] = {"id": shop, "state": secrets.token_urlsafe(), "lock": asyncio.Lock()}
    async with sessions[shop]["lock"]:  # A double click, a reload, a second tab: one after another.
        yield sessions[shop]


Session = Annotated[dict, Depends(session_of)]


def step_up(acr_values, max_age_s):
    """RFC 9470 §3: refuses a session whose last proof is older than `max_age_s` seconds, or of an `assurance` that is
    not among `acr_values` (best first), and says what would do."""

    def check(session: Session):
        proved = session.get("proved", {})
        if proved.get("assurance") not in acr_values or time.time() - proved["iat"] > max_age_s:
            wanted = f'acr_values="{" ".join(acr_values)}", max_age="{max_age_s}"'
            challenge = f'Bearer error="insufficient_user_authentication", {wanted}'
            raise HTTPException(401, headers={"WWW-Authenticate": challenge})

    return check
