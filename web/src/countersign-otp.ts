// The element's script. Importing it defines <countersign-otp>.

import { CountersignOtp, type CountersignOtpEvents } from "./element.js";

export type { State } from "./api.js";
export type { Plural, Texts } from "./english.js";
export { CountersignOtp, type CountersignOtpEvents } from "./element.js";
export type { Ending } from "./widget.js";

declare global {
  interface HTMLElementTagNameMap {
    "countersign-otp": CountersignOtp;
  }
  interface HTMLElementEventMap extends CountersignOtpEvents {}
}

// Twice where a page has the script from two addresses.
if (globalThis.customElements && !customElements.get("countersign-otp")) {
  customElements.define("countersign-otp", CountersignOtp);
}
