// The shadow tree: built once, without markup in strings, so that Trusted Types have nothing to object to.

import type { Language, SimpleKey } from "./texts.js";

type Nodes<Names extends string, Node> = Readonly<Record<Names, Node>>;

/** The nodes of the field. The build shortens names that begin with `$`. */
export type Entry = Nodes<"$root" | "$entry" | "$row" | "$slots", HTMLElement>;

type Shown = "$amountRow" | "$amount" | "$payeeRow" | "$payee" | "$transaction" | "$sent" | "$usually" | "$expiry" | "$wait";
type Around = "$again" | "$help" | "$helpText" | "$channels" | "$sure" | "$ended";
type Live = "$problem" | "$status" | "$quiet";
type Buttons = "$check" | "$retry" | "$resend" | "$notMe" | "$yes" | "$no";

/** The nodes of the widget. */
export type View = Entry &
  Nodes<Shown | Around | Live, HTMLElement> &
  Nodes<Buttons, HTMLButtonElement> & {
    /** Those that always say the same. */
    readonly $fixed: readonly (readonly [HTMLElement, SimpleKey])[];
  };

/** An element with its classes, of which the first is also a part. */
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, classes = "", ...inside: Node[]): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (classes) {
    node.className = classes;
    node.setAttribute("part", tag === "button" ? `button ${classes}` : classes);
  }
  node.append(...inside);
  return node;
}

/** A button that belongs to no form around the element. */
export function button(classes: string): HTMLButtonElement {
  const made = make("button", classes);
  made.type = "button";
  return made;
}

function slot(name: string): HTMLSlotElement {
  const made = make("slot");
  made.name = name;
  return made;
}

function live(role: "status" | "alert", name: string): HTMLElement {
  const made = make("p", name);
  made.setAttribute("role", role);
  return made;
}

function block(...inside: Node[]): HTMLElement {
  return make("div", "", ...inside);
}

/** What the field needs: the boxes, and the place of the input over them. */
export function buildEntry(): Entry {
  const $slots = make("div", "slots");
  $slots.setAttribute("aria-hidden", "true");
  const $row = make("div", "row", $slots, make("div", "window", slot("")));
  const $entry = make("div", "entry", slot("label"), slot("hint"), make("div", "field", $row), slot("error"));
  const $root = make("div", "root", $entry);
  return { $root, $entry, $row, $slots };
}

/** Everything that a verification needs around the field. */
export function buildView(entry: Entry): View {
  const [$amountLabel, $amount, $payeeLabel, $payee] = [make("dt"), make("dd", "amount"), make("dt"), make("dd", "payee")];
  const $amountRow = block($amountLabel, $amount);
  const $payeeRow = block($payeeLabel, $payee);
  const $transaction = make("dl", "transaction", $amountRow, $payeeRow);
  const [$sent, $status, $problem] = [live("status", "sent"), live("status", "status"), live("alert", "problem")];
  // Said and not shown: what a countdown shows all the time.
  const $quiet = live("status", "quiet");
  $status.tabIndex = -1;
  const [$usually, $expiry, $wait] = [make("p", "usually"), make("p", "expiry"), make("p", "wait")];
  const [$check, $retry, $resend, $notMe] = [button("check"), button("retry"), button("resend"), button("not-me")];
  const [$yes, $no, $sureText] = [button("not-me-yes"), button("not-me-no"), make("p")];
  const $again = make("div", "again", $resend, $wait);
  const [$helpTitle, $helpText, $channels] = [make("summary", "help-title"), make("p"), make("div", "channels")];
  const $help = make("details", "help", $helpTitle, block($helpText, $channels));
  const $sure = make("div", "sure", $sureText, $yes, $no);
  $sure.setAttribute("role", "group");
  const $ended = block(slot("ended"));
  entry.$root.prepend($transaction, $sent, $usually);
  entry.$root.append($check, $problem, $retry, $status, $expiry, $again, $help, $notMe, $sure, $ended, $quiet);
  const $fixed: View["$fixed"] = [
    [$amountLabel, "amount"],
    [$payeeLabel, "payee"],
    [$check, "confirm"],
    [$retry, "try_again"],
    [$resend, "resend"],
    [$helpTitle, "no_message"],
    [$notMe, "not_me"],
    [$sureText, "not_me_sure"],
    [$yes, "not_me_yes"],
    [$no, "not_me_no"],
  ];
  return {
    ...entry,
    $amountRow, $amount, $payeeRow, $payee, $transaction, $sent, $usually, $check, $problem, $retry, $status, $expiry,
    $again, $resend, $wait, $help, $helpText, $channels, $notMe, $sure, $yes, $no, $ended, $quiet, $fixed,
  };
}

/** Tells readers and the layout which language a part is in. */
export function setLanguage(node: HTMLElement, { locale, direction }: Language): void {
  node.lang = locale;
  node.dir = direction;
}

/** Changes a text only if it says something else: readers announce what is set. */
export function say(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Whether a button can be used now. It keeps the focus: `disabled` would throw it away. */
export function enable(node: HTMLButtonElement, can: boolean): void {
  if (can) node.removeAttribute("aria-disabled");
  else node.setAttribute("aria-disabled", "true");
}
