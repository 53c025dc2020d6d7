# Dutch, with the formal u. Wants review by a native speaker.

heading-login = Inloggen bij { $shop }
heading-signup = Registreren bij { $shop }
heading-payment = Keur uw betaling goed
heading-account-change = Keur de wijziging van uw account goed
heading-order = Bevestig uw bestelling
heading-other = Bevestig dat u het bent

title-error = Fout: { $title }

approving-amount = Bedrag
approving-payee = Aan

number-label = Uw telefoonnummer
number-hint-region = Zonder landnummer geldt het als een nummer met { $code }.
number-hint = Begin met + en het landnummer.
number-next-sms = We sturen een code per sms naar dit nummer. Op de volgende pagina vult u die in.
number-next = We sturen een code naar dit nummer. Op de volgende pagina vult u die in.
number-submit = Code sturen
number-error = Dat is geen telefoonnummer. Controleer of er geen cijfer ontbreekt of dubbel staat.
number-error-country = Begin het nummer met + en het landnummer.
number-error-refused = We kunnen geen code naar dit nummer sturen. Controleer het of gebruik een ander nummer.
number-error-unavailable = We kunnen nu geen code sturen. Het nummer staat er nog. Probeer het opnieuw.
number-other = Een ander nummer gebruiken

code-label-numeric = { $length ->
    [one] Code van { $length } cijfer
   *[other] Code van { $length } cijfers
}
code-label-alphanumeric = { $length ->
    [one] Code van { $length } teken
   *[other] Code van { $length } tekens
}
sent-sms = We hebben de code per sms gestuurd naar { $phone }.
sent-voice = We bellen { $phone } en lezen de code voor.
sent-whatsapp = We hebben de code via WhatsApp gestuurd naar { $phone }.
sent-telegram = We hebben de code via Telegram gestuurd naar { $phone }.
sent-email = We hebben de code naar uw e-mailadres gestuurd.
usually = { $seconds ->
    [one] Dit duurt meestal minder dan { $seconds } seconde.
   *[other] Dit duurt meestal minder dan { $seconds } seconden.
}
never-tell = Deel de code met niemand, ook niet met iemand die zegt van { $shop } te zijn.
submit-payment = { $amount } goedkeuren
submit = Doorgaan
sending = Een ogenblik…

works-minutes = { $minutes ->
    [one] De code werkt nog ongeveer { $minutes } minuut.
   *[other] De code werkt nog ongeveer { $minutes } minuten.
}
works-time = De code werkt nog { $time }.
works-warning = De code werkt nog maar een halve minuut. Hebt u meer tijd nodig? Begin dan opnieuw bij { $shop }.
works-over = Deze code is verlopen. Ga terug naar { $shop } en begin opnieuw.

error-too-short = { $length ->
    [one] U hebt nog niet de hele code ingevuld: die heeft { $length } teken.
   *[other] U hebt nog niet de hele code ingevuld: die heeft { $length } tekens.
}
error-unreadable = { $length ->
    [one] Vul de code in zoals die in het bericht staat: { $length } teken, een cijfer of een letter.
   *[other] Vul de code in zoals die in het bericht staat: { $length } tekens, alleen cijfers of letters.
}
error-incorrect = { $left ->
    [0] Die code klopt niet.
    [one] Die code klopt niet. Kijk in het laatste bericht van { $shop }. U hebt nog { $left } poging.
   *[other] Die code klopt niet. Kijk in het laatste bericht van { $shop }. U hebt nog { $left } pogingen.
}
error-not-approved = De betaling is met deze code niet goedgekeurd. Kijk in het laatste bericht van { $shop }, of ga terug en begin opnieuw.
error-not-approved-left = { $left ->
    [one] De betaling is met deze code niet goedgekeurd. Kijk in het laatste bericht van { $shop }. U hebt nog { $left } poging, daarna wordt deze betaling geblokkeerd.
   *[other] De betaling is met deze code niet goedgekeurd. Kijk in het laatste bericht van { $shop }. U hebt nog { $left } pogingen, daarna wordt deze betaling geblokkeerd.
}
error-superseded = Die code is vervangen door een nieuwere. Vul de code uit het laatste bericht in.
error-unavailable = We kunnen de code nu niet controleren. Wat u hebt ingevuld staat er nog. Probeer het opnieuw: dezelfde code telt maar één keer.
error-form = Deze pagina was te lang open, of is ook ergens anders open. Probeer het opnieuw.

help-title = Geen bericht ontvangen?
help-wait = U kunt over { $seconds } s nog een bericht vragen.
help-ready = U kunt nu nog een bericht vragen.
help-none = Er kunnen geen berichten meer worden verstuurd. Ga terug naar { $shop } en begin opnieuw.
resend = Opnieuw sturen
resend-voice = Bel mij liever
resend-whatsapp = Via WhatsApp sturen
resend-telegram = Via Telegram sturen
resend-email = Per e-mail sturen
resend-sms = Per sms sturen
resent = We hebben nog een bericht gestuurd. Meestal staat daar dezelfde code in; anders geldt de nieuwste.
not-now = We kunnen nu niet nog een bericht sturen.
soon = U kunt over 10 seconden nog een bericht vragen.
report = Dit was ik niet
report-hint = Hebt u dit niet gevraagd? Laat het ons weten: dan werkt de code niet meer.

challenge-title = Een ogenblik
challenge-text = Uw browser wordt gecontroleerd. Dit duurt een paar seconden.
challenge-unable = Deze stap heeft JavaScript nodig in een recente browser. Zet het aan, gebruik een andere browser of vraag { $shop } om een andere manier.
challenge-retry = Opnieuw proberen

approved-title = Klaar
approved-text = U hebt bevestigd dat u het bent. U kunt teruggaan naar { $shop }.
expired-title = De tijd is om
expired-text = De code is niet op tijd ingevuld. Er is niets gebeurd. Ga terug naar { $shop } en begin opnieuw; wat u daar had, is bewaard.
exhausted-title = Te veel foute codes
exhausted-text = Om u te beschermen wordt deze code niet meer geaccepteerd. Ga terug naar { $shop } en begin opnieuw.
canceled-title = Dit is geannuleerd
canceled-text = { $shop } heeft dit geannuleerd, of u bent ergens anders opnieuw begonnen.
denied-title = Bedankt voor uw melding
denied-text = De code wordt niet meer geaccepteerd en { $shop } weet dat u het niet was. Gebeurt dit nog eens? Meld het dan bij { $shop }.
back = Terug naar { $shop }

closed-title = Deze link werkt niet meer
closed-text = Hij werkt één keer, in één browser en maar korte tijd. Ga terug naar de winkel waar u vandaan kwam en begin opnieuw.
unavailable-title = Deze pagina is nu niet beschikbaar
unavailable-text = Er is niets verloren. Probeer het zo opnieuw.
