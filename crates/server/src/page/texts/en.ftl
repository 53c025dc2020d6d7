### The hosted page. One file for each language; every file has every message of this one (a test holds it).
### Variables: $shop the shop's name · $phone a masked number · $amount money as it is written · $payee who receives it.
### What is counted is a number, so that it can select a plural form: $length, $seconds, $minutes, $left.

## What the customer is asked to do, by purpose. First words of the page's title.

heading-login = Sign in to { $shop }
heading-signup = Create your account with { $shop }
heading-payment = Approve your payment
heading-account-change = Approve the change to your account
heading-order = Confirm your order
heading-other = Confirm that it is you

# Before the title of a page that has an error on it: screen readers read it first.
title-error = Error: { $title }

## What is approved (payments show it before the code)

approving-amount = Amount
approving-payee = To

## The number, where the customer gives it here. $code is a calling code such as +49.

number-label = Your phone number
number-hint-region = Without a country code it is taken as a number with { $code }.
number-hint = Start with + and the country code.
number-next-sms = We will send a code to it in a text message. On the next page you enter that code.
number-next = We will send a code to it. On the next page you enter that code.
number-submit = Send the code
number-error = That is not a phone number. Check that no digit is missing or doubled.
number-error-country = Start the number with + and the country code.
# The same whatever the reason is: country, kind, limits.
number-error-refused = We cannot send a code to this number. Check it, or use another one.
number-error-unavailable = We cannot send a code at the moment. The number is still here. Please try again.
# A link beside the code's field, back to the number.
number-other = Use another number

## The code

code-label-numeric = { $length ->
    [one] { $length }-digit code
   *[other] { $length }-digit code
}
code-label-alphanumeric = { $length ->
    [one] { $length }-character code
   *[other] { $length }-character code
}
sent-sms = We sent the code in a text message to { $phone }.
sent-voice = We are calling { $phone } to read out the code.
sent-whatsapp = We sent the code by WhatsApp to { $phone }.
sent-telegram = We sent the code by Telegram to { $phone }.
sent-email = We sent the code to your e-mail address.
usually = { $seconds ->
    [one] It usually takes less than { $seconds } second.
   *[other] It usually takes less than { $seconds } seconds.
}
never-tell = Never share the code with anyone, not even with someone who says they are from { $shop }.
submit-payment = Approve { $amount }
submit = Continue
# Said to readers while an answer is on its way.
sending = One moment…

# How long the code works. Without script in minutes, with script as a clock such as 4:41.
works-minutes = { $minutes ->
    [one] The code works for about { $minutes } more minute.
   *[other] The code works for about { $minutes } more minutes.
}
works-time = The code works for another { $time }.
works-warning = The code stops working in half a minute. If you need more time, start again from { $shop }.
works-over = This code has expired. Go back to { $shop } and start again.

## Mistakes

# Codes have digits, or digits and letters: "characters" is said of both.
error-too-short = { $length ->
    [one] You have not entered the whole code: it has { $length } character.
   *[other] You have not entered the whole code: it has { $length } characters.
}
error-unreadable = { $length ->
    [one] Enter the code as it is in the message: { $length } character, a digit or a letter.
   *[other] Enter the code as it is in the message: { $length } characters, only digits or letters.
}
error-incorrect = { $left ->
    [0] That code is not right.
    [one] That code is not right. Check the latest message from { $shop }. You have { $left } try left.
   *[other] That code is not right. Check the latest message from { $shop }. You have { $left } tries left.
}
# Payments: wrong, expired and used up read alike; only the last two tries are counted down.
error-not-approved = The payment was not approved with this code. Check the latest message from { $shop }, or go back and start again.
error-not-approved-left = { $left ->
    [one] The payment was not approved with this code. Check the latest message from { $shop }. You have { $left } try left, then this payment is blocked.
   *[other] The payment was not approved with this code. Check the latest message from { $shop }. You have { $left } tries left, then this payment is blocked.
}
error-superseded = That code was replaced by a newer one. Enter the code from the latest message.
error-unavailable = We cannot check the code at the moment. What you typed is still here. Please try again: the same code counts only once.
error-form = This page was open for too long, or is open somewhere else too. Please try again.

## No message?

help-title = No message?
# Shown each second, so the unit is short: "s".
help-wait = You can ask for another message in { $seconds } s.
help-ready = You can ask for another message now.
help-none = No more messages can be sent. Go back to { $shop } and start again.
resend = Send it again
resend-voice = Call me instead
resend-whatsapp = Send it by WhatsApp
resend-telegram = Send it by Telegram
resend-email = Send it by e-mail
resend-sms = Send a text message
resent = We sent another message. The code in it is usually the same; if not, use the newer one.
not-now = We cannot send another message at the moment.
soon = You can ask for another message in 10 seconds.
# A button, and the text beside it.
report = This was not me
report-hint = If you did not ask for this, tell us: then the code stops working.

## The challenge that may come before the code

challenge-title = One moment
challenge-text = Checking your browser. This takes a few seconds.
# Without script, or where the browser cannot do it.
challenge-unable = This step needs JavaScript in an up-to-date browser. Turn it on, use another browser, or contact { $shop } for another way.
challenge-retry = Try again

## Ends

approved-title = Done
approved-text = You have confirmed that it is you. You can go back to { $shop }.
expired-title = The time is over
expired-text = The code was not entered in time. Nothing has happened. Go back to { $shop } and start again; what you had there is kept.
exhausted-title = Too many wrong codes
exhausted-text = To protect you, this code is no longer accepted. Go back to { $shop } and start again.
canceled-title = This was canceled
canceled-text = { $shop } has canceled this, or you have started again somewhere else.
denied-title = Thank you for telling us
denied-text = The code is no longer accepted, and { $shop } knows that it was not you. If this happens again, tell { $shop }.
back = Back to { $shop }

## Links that open nothing

closed-title = This link no longer works
closed-text = It opens once, in one browser, and only for a short time. Go back to the shop that sent you here and start again.
unavailable-title = This page is not available at the moment
unavailable-text = Nothing is lost. Try again in a moment.
