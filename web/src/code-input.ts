// Keeps what stands in the one real input in the form of a code, and tells typed codes from received ones.

import { type CodeFormat, normalise, wholeCode } from "./code.js";

/** What the owner of the input is told. */
export interface CodeListener {
  /** The input says something else now. */
  changed(code: string): void;
  /** The whole code came at once: by paste, autofill, a keyboard's suggestion. Comes after `changed`. */
  arrived(code: string): void;
}

/** What `set` and the listeners share. */
export interface CodeInput {
  /** Puts a code in, as WebOTP does; the listener is told `changed` only. */
  set(text: string): void;
  /** Reads the input again, after its format changed. */
  reread(): void;
}

const COMPOSED = /^insert(CompositionText|FromComposition)$/;
const PASTED = /^insertFrom(Paste|Drop)$/;

/** Gives the input the attributes that phones and readers look for, where its author has not. */
export function prepareInput(input: HTMLInputElement, format: CodeFormat): void {
  const numeric = format.alphabet === "numeric";
  input.type = "text"; // `number` has steppers and loses leading zeros.
  input.removeAttribute("maxlength"); // It would cut a pasted "123-456".
  input.setAttribute("autocomplete", "one-time-code");
  input.setAttribute("inputmode", numeric ? "numeric" : "text");
  input.setAttribute("autocapitalize", numeric ? "off" : "characters");
  input.dir = "ltr";
}

/** Watches the input until `signal` ends it. */
export function watchCode(
  input: HTMLInputElement,
  format: () => CodeFormat,
  listener: CodeListener,
  signal: AbortSignal,
): CodeInput {
  let known = "";
  let arrived: string | undefined;

  /** Writes the code in without moving the caret away from the character it stood behind. */
  const write = (code: string, caret: number) => {
    if (input.value === code) return;
    input.value = code;
    if (input.matches(":focus")) input.setSelectionRange(caret, caret);
  };

  const accept = (code: string, atOnce: boolean) => {
    const isNew = code !== known;
    known = code;
    if (isNew) listener.changed(code);
    if (atOnce && code !== arrived) {
      arrived = code;
      listener.arrived(code);
    } else if (isNew && !atOnce) {
      arrived = undefined;
    }
  };

  const read = (event: Event) => {
    // Password managers and older browsers send plain events, without any of these.
    const { inputType = "", data = null, isComposing = false } = event as Partial<InputEvent>;
    const wanted = format();
    const inserted = data === null ? undefined : wholeCode(data, wanted);
    const typed = inputType === "insertText" || COMPOSED.test(inputType);
    let code = inserted ?? normalise(input.value, wanted);
    let caret = inserted ? code.length : normalise(input.value.slice(0, input.selectionEnd ?? 0), wanted).length;
    if (typed && code.length > wanted.length && known.length >= wanted.length && code.length - known.length === 1) {
      // One more key than there are places: as if it had not been pressed.
      code = known;
      caret = Math.max(0, caret - 1);
    }
    // Changing the text below an input method would break what is being composed.
    if (!isComposing) write(code, caret);
    accept(code, code.length === wanted.length && cameAtOnce(inputType, inserted, code, known));
  };

  const listen = { signal };
  input.addEventListener("input", read, listen);
  input.addEventListener("compositionend", () => {
    const code = normalise(input.value, format());
    write(code, code.length);
    accept(code, false);
  }, listen);
  // Some password managers send no `input`.
  input.addEventListener("change", (event) => {
    if (normalise(input.value, format()) !== known) read(event);
  }, listen);
  input.addEventListener("paste", (event) => {
    const code = wholeCode(event.clipboardData?.getData("text/plain") ?? "", format());
    if (code === undefined || input.readOnly || input.disabled) return;
    // A whole code replaces what was there, wherever the caret stands.
    event.preventDefault();
    input.value = code;
    const inserted = { bubbles: true, composed: true, inputType: "insertFromPaste", data: code };
    input.dispatchEvent(new InputEvent("input", inserted));
  }, listen);

  const set = (text: string) => {
    const code = normalise(text, format());
    write(code, code.length);
    accept(code, false);
  };
  const reread = () => set(input.value);
  reread();
  return { set, reread };
}

function cameAtOnce(inputType: string, inserted: string | undefined, code: string, known: string): boolean {
  if (/^(delete|history)/.test(inputType)) return false;
  // A key inserts one character; a keyboard's suggestion is inserted whole.
  if (inputType === "insertText") return inserted === code;
  // What is composed digit by digit is repeated as a whole each time.
  if (COMPOSED.test(inputType)) return inserted === code && code.length - known.length > 1;
  if (PASTED.test(inputType)) return inserted === code || known === "";
  // Autofill, which replaces the value and may say nothing about it.
  return code !== known;
}
