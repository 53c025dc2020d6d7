"""What the shop's customers see."""

from fastapi.responses import HTMLResponse


def page(title, body, status=200):
    html = f'<!doctype html><html lang="en"><title>{title}</title><h1>{title}</h1>{body}'
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def cart_page(order, attempt):
    return page(f"Your cart: EUR {order['amount']}", f"""<form method="post" action="/pay">
        <input type="hidden" name="order" value="{order['id']}"><input type="hidden" name="attempt" value="{attempt}">
        <p><label>Mobile <input name="phone" type="tel" autocomplete="tel" required></label> <button>Pay</button>
        <p><button formaction="/cart" formnovalidate>One more of it</button></form>""")
