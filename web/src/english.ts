// The built-in texts, and with them the keys that every language has.

/** A text for each of a language's plural categories: the keys of `Intl.PluralRules`. */
export interface Plural {
  readonly zero?: string;
  readonly one?: string;
  readonly two?: string;
  readonly few?: string;
  readonly many?: string;
  readonly other: string;
}

const plural = (one: string, other: string): Plural => ({ one, other });

/**
 * Every text of the element. `{to}` is the masked number or address, `{shop}` the shop's name, `{time}` minutes and
 * seconds, `{count}` the number that a plural goes by.
 */
export const english = {
  /** Names the field. */
  label: "Code from the message",
  /** Describes the field; also follows `too_few` and `too_many`. */
  numbers: plural("The code has {count} number.", "The code has {count} numbers."),
  characters: plural("The code has {count} letter or number.", "The code has {count} letters and numbers."),
  too_few: "You have not entered the whole code.",
  too_many: "You have entered too much.",

  amount: "Amount",
  payee: "Paid to",
  sent: "We sent a message with a code to {to}.",
  sent_voice: "We are calling {to} to read a code to you.",
  sent_email: "We sent an e-mail with a code to {to}.",
  usually: plural("It usually arrives within {count} second.", "It usually arrives within {count} seconds."),
  ends_in: "The code ends in {time}.",
  ends_soon: plural("The code ends in {count} second.", "The code ends in {count} seconds."),

  confirm: "Confirm",
  checking: "Checking the code…",
  resend: "Send another message",
  resend_wait: plural("You can ask again in {count} second.", "You can ask again in {count} seconds."),
  resend_ready: "You can ask for another message now.",
  resent: "We sent another message.",
  no_message: "No message?",
  no_message_help: "Check that your phone is switched on and has a signal. We sent the code to {to}.",
  by_sms: "Send it by SMS",
  by_voice: "Call me instead",
  by_whatsapp: "Send it by WhatsApp",
  by_telegram: "Send it by Telegram",
  by_email: "Send it by e-mail",
  not_me: "This was not me",
  not_me_sure: "Stop this? The code will no longer work.",
  not_me_yes: "Yes, stop it",
  not_me_no: "No, go back",

  approved: "Confirmed. Thank you.",
  incorrect: "That code is not right. Check the latest message from {shop}.",
  /** A payment's answer to every code that is not the right one; must not tell why. */
  not_approved: "That code was not accepted. Check the latest message from {shop}.",
  superseded: "That is an older code. Use the one in the latest message from {shop}.",
  attempts_left: plural("You have {count} try left.", "You have {count} tries left."),
  expired: "This code has expired. Please start again to get a new one.",
  exhausted: "That was one wrong code too many. Please start again to get a new one.",
  canceled: "This was canceled. Nothing was approved.",
  denied: "Thank you for telling us. Nothing was approved.",
  /** The client secret is unknown or over. */
  over: "This has ended. Please start again to get a new code.",

  loading: "One moment…",
  unreachable: "We cannot be reached at the moment. What you typed is still here. Please try again.",
  try_again: "Try again",
} as const;

/** The texts of <countersign-frame>, whose script has no others. */
export const frameEnglish = {
  /** Names the frame. */
  frame: "Confirm with a code",
  frame_failed: "This part of the page did not load. Please try again.",
  try_again: "Try again",
} as const;

type English = typeof english & typeof frameEnglish;

/** The texts of one language. */
export type Texts = {
  readonly [key in keyof English]: English[key] extends string ? string : Plural;
};
