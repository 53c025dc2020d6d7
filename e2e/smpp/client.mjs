// The npm package `smpp` as a client, for the benchmark: node client.mjs HOST PORT WINDOW MESSAGES
// Prints the seconds that the messages took.

import smpp from "smpp";

const [host, port, window, messages] = process.argv.slice(2);
const session = smpp.connect({ url: `smpp://${host}:${port}`, auto_enquire_link_period: 30000 });
session.on("error", (error) => {
  console.error(error);
  process.exit(1);
});

let sent = 0;
let answered = 0;
let began;

function submit() {
  sent += 1;
  session.submit_sm(
    {
      source_addr_ton: 5,
      source_addr: "Shop",
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: "447700900123",
      registered_delivery: 1,
      validity_period: "000000001000000R",
      short_message: "918273 is your code for Example Shop. Do not share it with anybody.",
    },
    (pdu) => {
      if (pdu.command_status !== 0) process.exit(2);
      answered += 1;
      if (answered === Number(messages)) {
        console.log(Number(process.hrtime.bigint() - began) / 1e9);
        process.exit(0);
      }
      if (sent < Number(messages)) submit();
    },
  );
}

session.bind_transceiver({ system_id: "shop", password: "secret08" }, (pdu) => {
  if (pdu.command_status !== 0) process.exit(3);
  began = process.hrtime.bigint();
  for (let i = 0; i < Math.min(Number(window), Number(messages)); i += 1) submit();
});
