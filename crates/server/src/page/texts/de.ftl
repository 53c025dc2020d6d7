# German, with the formal Sie. Wants review by a native speaker.

heading-login = Bei { $shop } anmelden
heading-signup = Bei { $shop } registrieren
heading-payment = Zahlung freigeben
heading-account-change = Änderung Ihres Kontos freigeben
heading-order = Bestellung bestätigen
heading-other = Bestätigen Sie, dass Sie es sind

title-error = Fehler: { $title }

approving-amount = Betrag
approving-payee = Empfänger

number-label = Ihre Telefonnummer
number-hint-region = Ohne Ländervorwahl gilt sie als Nummer mit { $code }.
number-hint = Beginnen Sie mit + und der Ländervorwahl.
number-next-sms = Wir senden einen Code per SMS an diese Nummer. Auf der nächsten Seite geben Sie ihn ein.
number-next = Wir senden einen Code an diese Nummer. Auf der nächsten Seite geben Sie ihn ein.
number-submit = Code senden
number-error = Das ist keine Telefonnummer. Prüfen Sie, ob eine Ziffer fehlt oder doppelt ist.
number-error-country = Beginnen Sie die Nummer mit + und der Ländervorwahl.
number-error-refused = An diese Nummer können wir keinen Code senden. Prüfen Sie sie, oder nehmen Sie eine andere.
number-error-unavailable = Wir können gerade keinen Code senden. Die Nummer ist noch da. Bitte versuchen Sie es noch einmal.
number-other = Andere Nummer verwenden

code-label-numeric = { $length ->
    [one] Code mit { $length } Ziffer
   *[other] Code mit { $length } Ziffern
}
code-label-alphanumeric = { $length ->
    [one] Code mit { $length } Zeichen
   *[other] Code mit { $length } Zeichen
}
sent-sms = Wir haben den Code per SMS an { $phone } gesendet.
sent-voice = Wir rufen { $phone } an und sagen den Code an.
sent-whatsapp = Wir haben den Code per WhatsApp an { $phone } gesendet.
sent-telegram = Wir haben den Code per Telegram an { $phone } gesendet.
sent-email = Wir haben den Code an Ihre E-Mail-Adresse gesendet.
usually = { $seconds ->
    [one] Das dauert meist weniger als { $seconds } Sekunde.
   *[other] Das dauert meist weniger als { $seconds } Sekunden.
}
never-tell = Geben Sie den Code an niemanden weiter, auch nicht, wenn jemand sagt, er sei von { $shop }.
submit-payment = { $amount } freigeben
submit = Weiter
sending = Einen Moment …

works-minutes = { $minutes ->
    [one] Der Code gilt noch etwa { $minutes } Minute.
   *[other] Der Code gilt noch etwa { $minutes } Minuten.
}
works-time = Der Code gilt noch { $time }.
works-warning = Der Code gilt nur noch eine halbe Minute. Wenn Sie mehr Zeit brauchen, beginnen Sie bei { $shop } noch einmal.
works-over = Dieser Code ist abgelaufen. Gehen Sie zurück zu { $shop } und beginnen Sie noch einmal.

error-too-short = { $length ->
    [one] Sie haben noch nicht den ganzen Code eingegeben: Er hat { $length } Zeichen.
   *[other] Sie haben noch nicht den ganzen Code eingegeben: Er hat { $length } Zeichen.
}
error-unreadable = { $length ->
    [one] Geben Sie den Code so ein, wie er in der Nachricht steht: { $length } Zeichen, eine Ziffer oder ein Buchstabe.
   *[other] Geben Sie den Code so ein, wie er in der Nachricht steht: { $length } Zeichen, nur Ziffern oder Buchstaben.
}
error-incorrect = { $left ->
    [0] Dieser Code ist nicht richtig.
    [one] Dieser Code ist nicht richtig. Sehen Sie in der neuesten Nachricht von { $shop } nach. Sie haben noch { $left } Versuch.
   *[other] Dieser Code ist nicht richtig. Sehen Sie in der neuesten Nachricht von { $shop } nach. Sie haben noch { $left } Versuche.
}
error-not-approved = Die Zahlung wurde mit diesem Code nicht freigegeben. Sehen Sie in der neuesten Nachricht von { $shop } nach, oder gehen Sie zurück und beginnen Sie noch einmal.
error-not-approved-left = { $left ->
    [one] Die Zahlung wurde mit diesem Code nicht freigegeben. Sehen Sie in der neuesten Nachricht von { $shop } nach. Sie haben noch { $left } Versuch, danach wird diese Zahlung gesperrt.
   *[other] Die Zahlung wurde mit diesem Code nicht freigegeben. Sehen Sie in der neuesten Nachricht von { $shop } nach. Sie haben noch { $left } Versuche, danach wird diese Zahlung gesperrt.
}
error-superseded = Dieser Code wurde durch einen neueren ersetzt. Geben Sie den Code aus der neuesten Nachricht ein.
error-unavailable = Wir können den Code gerade nicht prüfen. Ihre Eingabe ist noch da. Bitte versuchen Sie es noch einmal: Derselbe Code zählt nur einmal.
error-form = Diese Seite war zu lange offen oder ist noch woanders offen. Bitte versuchen Sie es noch einmal.

help-title = Keine Nachricht erhalten?
help-wait = Sie können in { $seconds } s noch eine Nachricht anfordern.
help-ready = Sie können jetzt noch eine Nachricht anfordern.
help-none = Es kann keine Nachricht mehr gesendet werden. Gehen Sie zurück zu { $shop } und beginnen Sie noch einmal.
resend = Noch einmal senden
resend-voice = Lieber anrufen lassen
resend-whatsapp = Per WhatsApp senden
resend-telegram = Per Telegram senden
resend-email = Per E-Mail senden
resend-sms = Per SMS senden
resent = Wir haben noch eine Nachricht gesendet. Der Code darin ist meist derselbe; wenn nicht, nehmen Sie den neueren.
not-now = Wir können gerade keine weitere Nachricht senden.
soon = In 10 Sekunden können Sie noch eine Nachricht anfordern.
report = Das war ich nicht
report-hint = Wenn Sie das nicht angefordert haben, sagen Sie es uns: Dann gilt der Code nicht mehr.

challenge-title = Einen Moment
challenge-text = Ihr Browser wird geprüft. Das dauert ein paar Sekunden.
challenge-unable = Dieser Schritt braucht JavaScript in einem aktuellen Browser. Schalten Sie es ein, nehmen Sie einen anderen Browser oder fragen Sie { $shop } nach einem anderen Weg.
challenge-retry = Noch einmal versuchen

approved-title = Fertig
approved-text = Sie haben bestätigt, dass Sie es sind. Sie können zu { $shop } zurückgehen.
expired-title = Die Zeit ist abgelaufen
expired-text = Der Code wurde nicht rechtzeitig eingegeben. Es ist nichts passiert. Gehen Sie zurück zu { $shop } und beginnen Sie noch einmal; was Sie dort hatten, ist noch da.
exhausted-title = Zu viele falsche Codes
exhausted-text = Zu Ihrem Schutz wird dieser Code nicht mehr angenommen. Gehen Sie zurück zu { $shop } und beginnen Sie noch einmal.
canceled-title = Der Vorgang wurde abgebrochen
canceled-text = { $shop } hat ihn abgebrochen, oder Sie haben woanders noch einmal begonnen.
denied-title = Danke für den Hinweis
denied-text = Der Code wird nicht mehr angenommen, und { $shop } weiß, dass Sie es nicht waren. Wenn das wieder vorkommt, sagen Sie es { $shop }.
back = Zurück zu { $shop }

closed-title = Dieser Link gilt nicht mehr
closed-text = Er lässt sich nur einmal öffnen, in einem Browser und für kurze Zeit. Gehen Sie zurück zu dem Shop, von dem Sie kommen, und beginnen Sie noch einmal.
unavailable-title = Diese Seite ist gerade nicht erreichbar
unavailable-text = Es ist nichts verloren. Versuchen Sie es gleich noch einmal.
