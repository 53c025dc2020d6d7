// A checkout that is approved by phone: cart → POST /pay → Countersign's page → GET /verified. See README.md.
import { randomBytes, timingSafeEqual } from "node:crypto";
import express from "express";
import { begin, refusal, settle, sha256 } from "./countersign.mjs";
import { stepUp } from "./step-up.mjs";

const { PUBLIC_URL, PORT = "3000", STEP_UP_MAX_AGE_S = "300" } = process.env;
const sessions = new Map(), orders = new Map(); // In your shop: its session store and its database.
const random = () => randomBytes(16).toString("base64url");
const same = (a, b) => timingSafeEqual(Buffer.from(sha256(String(a))), Buffer.from(sha256(String(b))));
const page = (title, body) => `<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1>${body}`;
const euros = ({ cents }) => (cents / 100).toFixed(2);

/** What the shop's own books say now: for the start, for the comparison, for the redemption. */
function record({ id: session, pending: { purpose, order } }) {
  const transaction = { id: order.id, amount: euros(order), currency: "EUR", payee: "Example Shop" };
  return { to: order.phone, purpose, session, transaction };
}

async function approve({ session, body }, res, purpose, order) {
  const key = `${purpose}-${order.id}-${body.attempt}`; // A form that is sent twice is one attempt, with one key.
  if (session.pending?.key !== key) session.pending = { key, purpose, order, state: session.state };
  res.redirect(303, await begin(session.pending, record(session), `${PUBLIC_URL}/verified`));
}

/** One request of a session after another: a double click, a reload, a second tab. */
const inTurn = (handle) => (req, res) => {
  const before = req.session.turn ?? Promise.resolve();
  return (req.session.turn = before.catch(() => {}).then(() => handle(req, res)));
};

const app = express().use(express.urlencoded({ extended: false }), (req, res, next) => {
  req.session = sessions.get(/(?:^|; )shop=([\w-]+)/.exec(req.headers.cookie)?.[1]);
  if (!req.session && req.path !== "/") throw refusal(403, "Begin at the cart"); // Other sites' forms, too (SameSite).
  if (!req.session) sessions.set((req.session = { id: random(), state: random() }).id, req.session);
  res.cookie("shop", req.session.id, { httpOnly: true, sameSite: "lax", secure: PUBLIC_URL.startsWith("https:") });
  res.set({ "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" });
  next();
});
const own = ({ session, body }, status) => {
  const order = orders.get(body?.order);
  if (order?.session !== session.id || order.status !== status) throw refusal(404, `You have no such ${status} order`);
  return order;
};
app.get("/", ({ session }, res) => {
  const fresh = { id: `order_${random()}`, session: session.id, cents: 4990, status: "open" };
  if (orders.get(session.order)?.status !== "open") orders.set((session.order = fresh.id), fresh);
  const order = orders.get(session.order);
  res.send(page(`Your cart: EUR ${euros(order)}`, `<form method="post" action="/pay">
    <input type="hidden" name="order" value="${order.id}"><input type="hidden" name="attempt" value="${random()}">
    <p><label>Mobile <input name="phone" type="tel" autocomplete="tel" required></label> <button>Pay</button>
    <p><button formaction="/cart" formnovalidate>One more of it</button></form>`));
});
app.post("/cart", inTurn((req, res) => {
  own(req, "open").cents += 4990;
  res.redirect(303, "/");
}));
app.post("/pay", inTurn((req, res) => {
  const order = own(req, "open");
  order.phone = String(req.body.phone).replace(/[^+\d]/g, "");
  return approve(req, res, "payment", order);
}));
app.get("/verified", inTurn(async ({ session, session: { pending }, query }, res) => {
  const isOwn = pending?.id && same(query.state, pending.state) && query.verification === pending.id;
  if (!isOwn) throw refusal(403, "This is not the return of your checkout");
  if (!pending.settled) { // A reload finds it settled.
    session.proved = await settle(pending, record(session));
    pending.settled = true;
    if (pending.purpose === "payment") pending.order.status = "paid";
    console.log(`${pending.order.id}: ${pending.purpose} approved`);
  }
  res.send(page(pending.purpose === "payment" ? "Paid" : "Confirmed", `<p>Order ${pending.order.id}`));
}));
app.post("/step-up", inTurn((req, res) => approve(req, res, "refund", own(req, "paid"))));
app.post("/api/orders/refund", stepUp(["possession"], Number(STEP_UP_MAX_AGE_S)), (req, res) => {
  own(req, "paid").status = "refunded";
  res.json({ status: "refunded" });
});
app.use((error, _req, res, _next) => {
  if (!error.text) console.error(error);
  res.status(error.status ?? 502).send(page(error.text ?? "Try again in a moment", '<p><a href="/">Your cart</a>'));
});
app.listen(Number(PORT), "127.0.0.1");
