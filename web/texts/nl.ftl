# Dutch, with the formal u. Wants review by a native speaker.

label = Code uit het bericht
numbers = { $count ->
    [one] De code heeft { $count } cijfer.
   *[other] De code heeft { $count } cijfers.
}
characters = { $count ->
    [one] De code heeft { $count } letter of cijfer.
   *[other] De code heeft { $count } letters en cijfers.
}
too-few = U hebt nog niet de hele code ingevuld.
too-many = U hebt te veel ingevuld.

amount = Bedrag
payee = Aan
sent = We hebben een bericht met een code gestuurd naar { $to }.
sent-voice = We bellen { $to } en lezen een code voor.
sent-email = We hebben een e-mail met een code gestuurd naar { $to }.
usually = { $count ->
    [one] Het komt meestal binnen { $count } seconde.
   *[other] Het komt meestal binnen { $count } seconden.
}
ends-in = De code verloopt over { $time }.
ends-soon = { $count ->
    [one] De code verloopt over { $count } seconde.
   *[other] De code verloopt over { $count } seconden.
}

confirm = Bevestigen
checking = De code wordt gecontroleerd…
resend = Nog een bericht sturen
resend-wait = { $count ->
    [one] U kunt over { $count } seconde nog een bericht vragen.
   *[other] U kunt over { $count } seconden nog een bericht vragen.
}
resend-ready = U kunt nu nog een bericht vragen.
resent = We hebben nog een bericht gestuurd.
no-message = Geen bericht ontvangen?
no-message-help = Kijk of uw telefoon aanstaat en bereik heeft. We hebben de code gestuurd naar { $to }.
by-sms = Per sms sturen
by-voice = Bel mij liever
by-whatsapp = Via WhatsApp sturen
by-telegram = Via Telegram sturen
by-email = Per e-mail sturen
not-me = Dit was ik niet
not-me-sure = Wilt u dit stoppen? De code werkt dan niet meer.
not-me-yes = Ja, stoppen
not-me-no = Nee, terug

approved = Bevestigd. Bedankt.
incorrect = Die code klopt niet. Kijk in het laatste bericht van { $shop }.
not-approved = Die code is niet geaccepteerd. Kijk in het laatste bericht van { $shop }.
superseded = Dat is een oudere code. Gebruik die uit het laatste bericht van { $shop }.
attempts-left = { $count ->
    [one] U hebt nog { $count } poging.
   *[other] U hebt nog { $count } pogingen.
}
expired = Deze code is verlopen. Begin opnieuw om een nieuwe te krijgen.
exhausted = Dat was één foute code te veel. Begin opnieuw om een nieuwe te krijgen.
canceled = Dit is geannuleerd. Er is niets goedgekeurd.
denied = Bedankt voor uw melding. Er is niets goedgekeurd.
over = Dit is afgelopen. Begin opnieuw om een nieuwe code te krijgen.

loading = Een ogenblik…
unreachable = We zijn nu niet bereikbaar. Wat u hebt ingevuld staat er nog. Probeer het opnieuw.
try-again = Opnieuw proberen

frame = Bevestigen met een code
frame-failed = Dit deel van de pagina is niet geladen. Probeer het opnieuw.
