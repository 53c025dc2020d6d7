### The texts of <countersign-otp> and <countersign-frame>. One file for each language; src/english.ts is the source of
### the keys (here with "-" for "_") and of these sentences.
### Variables: $to a masked number or address · $shop the shop's name · $time minutes and seconds · $count the number
### that a plural goes by.

# Names the field.
label = Code from the message
# Describes the field; also follows too-few and too-many.
numbers = { $count ->
    [one] The code has { $count } number.
   *[other] The code has { $count } numbers.
}
characters = { $count ->
    [one] The code has { $count } letter or number.
   *[other] The code has { $count } letters and numbers.
}
too-few = You have not entered the whole code.
too-many = You have entered too much.

amount = Amount
payee = Paid to
sent = We sent a message with a code to { $to }.
sent-voice = We are calling { $to } to read a code to you.
sent-email = We sent an e-mail with a code to { $to }.
usually = { $count ->
    [one] It usually arrives within { $count } second.
   *[other] It usually arrives within { $count } seconds.
}
ends-in = The code ends in { $time }.
ends-soon = { $count ->
    [one] The code ends in { $count } second.
   *[other] The code ends in { $count } seconds.
}

confirm = Confirm
checking = Checking the code…
resend = Send another message
resend-wait = { $count ->
    [one] You can ask again in { $count } second.
   *[other] You can ask again in { $count } seconds.
}
resend-ready = You can ask for another message now.
resent = We sent another message.
no-message = No message?
no-message-help = Check that your phone is switched on and has a signal. We sent the code to { $to }.
by-sms = Send it by SMS
by-voice = Call me instead
by-whatsapp = Send it by WhatsApp
by-telegram = Send it by Telegram
by-email = Send it by e-mail
not-me = This was not me
not-me-sure = Stop this? The code will no longer work.
not-me-yes = Yes, stop it
not-me-no = No, go back

approved = Confirmed. Thank you.
incorrect = That code is not right. Check the latest message from { $shop }.
# A payment's answer to every code that is not the right one; must not tell why.
not-approved = That code was not accepted. Check the latest message from { $shop }.
superseded = That is an older code. Use the one in the latest message from { $shop }.
attempts-left = { $count ->
    [one] You have { $count } try left.
   *[other] You have { $count } tries left.
}
expired = This code has expired. Please start again to get a new one.
exhausted = That was one wrong code too many. Please start again to get a new one.
canceled = This was canceled. Nothing was approved.
denied = Thank you for telling us. Nothing was approved.
# The client secret is unknown or over.
over = This has ended. Please start again to get a new code.

loading = One moment…
unreachable = We cannot be reached at the moment. What you typed is still here. Please try again.
try-again = Try again

# Names the frame.
frame = Confirm with a code
frame-failed = This part of the page did not load. Please try again.
