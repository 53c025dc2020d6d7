/** A text for each of a language's plural categories: the keys of `Intl.PluralRules`. */
export interface Plural {
    readonly zero?: string;
    readonly one?: string;
    readonly two?: string;
    readonly few?: string;
    readonly many?: string;
    readonly other: string;
}
/**
 * Every text of the element. `{to}` is the masked number or address, `{shop}` the shop's name, `{time}` minutes and
 * seconds, `{count}` the number that a plural goes by.
 */
export declare const english: {
    /** Names the field. */
    readonly label: "Code from the message";
    /** Describes the field; also follows `too_few` and `too_many`. */
    readonly numbers: Plural;
    readonly characters: Plural;
    readonly too_few: "You have not entered the whole code.";
    readonly too_many: "You have entered too much.";
    readonly amount: "Amount";
    readonly payee: "Paid to";
    readonly sent: "We sent a message with a code to {to}.";
    readonly sent_voice: "We are calling {to} to read a code to you.";
    readonly sent_email: "We sent an e-mail with a code to {to}.";
    readonly usually: Plural;
    readonly ends_in: "The code ends in {time}.";
    readonly ends_soon: Plural;
    readonly confirm: "Confirm";
    readonly checking: "Checking the code…";
    readonly resend: "Send another message";
    readonly resend_wait: Plural;
    readonly resend_ready: "You can ask for another message now.";
    readonly resent: "We sent another message.";
    readonly no_message: "No message?";
    readonly no_message_help: "Check that your phone is switched on and has a signal. We sent the code to {to}.";
    readonly by_sms: "Send it by SMS";
    readonly by_voice: "Call me instead";
    readonly by_whatsapp: "Send it by WhatsApp";
    readonly by_telegram: "Send it by Telegram";
    readonly by_email: "Send it by e-mail";
    readonly not_me: "This was not me";
    readonly not_me_sure: "Stop this? The code will no longer work.";
    readonly not_me_yes: "Yes, stop it";
    readonly not_me_no: "No, go back";
    readonly approved: "Confirmed. Thank you.";
    readonly incorrect: "That code is not right. Check the latest message from {shop}.";
    /** A payment's answer to every code that is not the right one; must not tell why. */
    readonly not_approved: "That code was not accepted. Check the latest message from {shop}.";
    readonly superseded: "That is an older code. Use the one in the latest message from {shop}.";
    readonly attempts_left: Plural;
    readonly expired: "This code has expired. Please start again to get a new one.";
    readonly exhausted: "That was one wrong code too many. Please start again to get a new one.";
    readonly canceled: "This was canceled. Nothing was approved.";
    readonly denied: "Thank you for telling us. Nothing was approved.";
    /** The client secret is unknown or over. */
    readonly over: "This has ended. Please start again to get a new code.";
    readonly loading: "One moment…";
    readonly unreachable: "We cannot be reached at the moment. What you typed is still here. Please try again.";
    readonly try_again: "Try again";
};
/** The texts of <countersign-frame>, whose script has no others. */
export declare const frameEnglish: {
    /** Names the frame. */
    readonly frame: "Confirm with a code";
    readonly frame_failed: "This part of the page did not load. Please try again.";
    readonly try_again: "Try again";
};
type English = typeof english & typeof frameEnglish;
/** The texts of one language. */
export type Texts = {
    readonly [key in keyof English]: English[key] extends string ? string : Plural;
};
export {};
