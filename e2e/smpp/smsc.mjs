// The npm package `smpp` as a service centre that misbehaves. Driven by crates/sim/tests/smpp/node.rs, which starts
// it, reads the port from its first line, and stops it by closing its input.
//
//     node smsc.mjs [KEY.pem CERT.pem]
//
// The `system_type` of a bind says how its session misbehaves.

import { readFileSync } from "node:fs";
import smpp from "smpp";

const PASSWORD = "secret08";
let nextId = 1000;
let submitted = 0;

const later = (ms) => new Promise((done) => setTimeout(done, ms));

// How binds are answered: a status, and what to wait before.
const binds = {
  bind_fails: { status: smpp.ESME_RBINDFAIL },
  slow_bind: { status: smpp.ESME_ROK, afterMs: 1000 },
  bind_busy: { status: smpp.ESME_RSYSERR },
};

// What a receipt says, by the mode's name.
const states = {
  delivrd: ["DELIVRD", 2],
  undeliv: ["UNDELIV", 5],
  expired: ["EXPIRED", 3],
  rejectd: ["REJECTD", 8],
  unknown: ["UNKNOWN", 7],
  acceptd: ["ACCEPTD", 6],
};

function receipt(mode, id, submit) {
  const [word, state] = states[mode] ?? states.delivrd;
  const shown = mode === "hex_receipt" ? id.toString(16).toUpperCase() : String(id);
  const both = {
    source_addr: submit.destination_addr,
    destination_addr: submit.source_addr,
    esm_class: 4,
  };
  const text = `id:${shown} sub:001 dlvrd:001 submit date:2611231000 done date:2611231001 stat:${word} err:${state === 2 ? "000" : "011"} text:x`;
  const parameters = { receipted_message_id: shown, message_state: state };
  if (mode === "only_tlv") return { ...both, ...parameters, short_message: "" };
  if (mode === "only_text") return { ...both, short_message: text };
  return { ...both, ...parameters, short_message: text };
}

const wantsReceipt = (mode) =>
  mode in states || ["only_tlv", "only_text", "hex_receipt", "early"].includes(mode);

async function onSubmit(session, mode, pdu) {
  submitted += 1;
  const id = nextId++;
  const answer = (options) => session.send(pdu.response(options));
  const refuse = (status) => answer({ command_status: status });
  const accept = () => answer({ message_id: String(id) });
  switch (mode) {
    case "throttled": return submitted % 3 === 0 ? refuse(smpp.ESME_RTHROTTLED) : accept();
    case "queue_full": return refuse(smpp.ESME_RMSGQFUL);
    case "bad_number": return refuse(smpp.ESME_RINVDSTADR);
    case "silent": return undefined;
    case "slow": await later(3000); return accept();
    case "twice": accept(); return accept();
    case "unbinds": session.unbind(); return undefined;
    case "resets": return session.socket.resetAndDestroy();
    case "early": session.deliver_sm(receipt(mode, id, pdu)); await later(50); return accept();
  }
  accept();
  if (wantsReceipt(mode)) session.deliver_sm(receipt(mode, id, pdu));
}

function serve(session) {
  let mode = "good";
  const onBind = async (pdu) => {
    mode = pdu.system_type || "good";
    const { status = smpp.ESME_ROK, afterMs = 0 } = binds[mode] ?? {};
    await later(afterMs);
    const wrong = pdu.password !== PASSWORD ? smpp.ESME_RINVPASWD : status;
    session.send(pdu.response({ command_status: wrong, system_id: "npm" }));
  };
  for (const bind of ["bind_transceiver", "bind_transmitter", "bind_receiver"]) session.on(bind, onBind);
  session.on("submit_sm", (pdu) => onSubmit(session, mode, pdu));
  session.on("enquire_link", (pdu) => mode !== "deaf" && session.send(pdu.response()));
  session.on("query_sm", (pdu) => session.send(pdu.response({ message_id: pdu.message_id, message_state: 2 })));
  session.on("cancel_sm", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  // A client that goes away is what some of the tests are about.
  session.on("error", () => {});
}

const [key, certificate] = process.argv.slice(2);
const options = key ? { tls: true, key: readFileSync(key), cert: readFileSync(certificate) } : {};
const server = smpp.createServer(options, serve);
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
