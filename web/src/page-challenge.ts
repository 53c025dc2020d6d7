// The hosted page before its first message: solves the challenge and posts the form.

import { solve } from "./countersign-challenge.js";

const find = <T extends HTMLElement>(name: string) => document.querySelector<T>(`[data-countersign="${name}"]`);

const form = find<HTMLFormElement>("challenge");
const status = find("work");
// What to do where no script runs; this one does.
const unable = find("unable");
if (unable) unable.hidden = true;
// A page that says why it did not work is not left by itself.
if (form && status && form.dataset["wait"] === undefined) {
  status.textContent = status.dataset["text"] ?? "";
  const { n, r, p, salt = "", zeroBits } = form.dataset;
  solve({ type: "proof_of_work", algorithm: "scrypt", n: Number(n), r: Number(r), p: Number(p), salt, zero_bits: Number(zeroBits) })
    .then((solution) => {
      (form.elements.namedItem("solution") as HTMLInputElement).value = solution;
      form.submit();
    })
    .catch(() => {
      status.textContent = "";
      if (!unable) return;
      unable.setAttribute("role", "alert");
      unable.hidden = false;
    });
}
