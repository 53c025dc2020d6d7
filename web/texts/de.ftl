# German, with the formal Sie. Wants review by a native speaker.

label = Code aus der Nachricht
numbers = { $count ->
    [one] Der Code hat { $count } Ziffer.
   *[other] Der Code hat { $count } Ziffern.
}
characters = { $count ->
    [one] Der Code hat { $count } Zeichen, einen Buchstaben oder eine Ziffer.
   *[other] Der Code hat { $count } Zeichen, Buchstaben und Ziffern.
}
too-few = Sie haben noch nicht den ganzen Code eingegeben.
too-many = Sie haben zu viel eingegeben.

amount = Betrag
payee = Empfänger
sent = Wir haben eine Nachricht mit einem Code an { $to } gesendet.
sent-voice = Wir rufen { $to } an und sagen einen Code an.
sent-email = Wir haben eine E-Mail mit einem Code an { $to } gesendet.
usually = { $count ->
    [one] Das dauert meist nicht länger als { $count } Sekunde.
   *[other] Das dauert meist nicht länger als { $count } Sekunden.
}
ends-in = Der Code gilt noch { $time }.
ends-soon = { $count ->
    [one] Der Code gilt noch { $count } Sekunde.
   *[other] Der Code gilt noch { $count } Sekunden.
}

confirm = Bestätigen
checking = Der Code wird geprüft …
resend = Noch eine Nachricht senden
resend-wait = { $count ->
    [one] Sie können in { $count } Sekunde noch eine Nachricht anfordern.
   *[other] Sie können in { $count } Sekunden noch eine Nachricht anfordern.
}
resend-ready = Sie können jetzt noch eine Nachricht anfordern.
resent = Wir haben noch eine Nachricht gesendet.
no-message = Keine Nachricht erhalten?
no-message-help = Prüfen Sie, ob Ihr Telefon eingeschaltet ist und Empfang hat. Der Code ging an { $to }.
by-sms = Per SMS senden
by-voice = Lieber anrufen lassen
by-whatsapp = Per WhatsApp senden
by-telegram = Per Telegram senden
by-email = Per E-Mail senden
not-me = Das war ich nicht
not-me-sure = Den Vorgang beenden? Der Code gilt dann nicht mehr.
not-me-yes = Ja, beenden
not-me-no = Nein, zurück

approved = Bestätigt. Vielen Dank.
incorrect = Dieser Code ist nicht richtig. Sehen Sie in der neuesten Nachricht von { $shop } nach.
not-approved = Dieser Code wurde nicht angenommen. Sehen Sie in der neuesten Nachricht von { $shop } nach.
superseded = Das ist ein älterer Code. Nehmen Sie den aus der neuesten Nachricht von { $shop }.
attempts-left = { $count ->
    [one] Sie haben noch { $count } Versuch.
   *[other] Sie haben noch { $count } Versuche.
}
expired = Dieser Code ist abgelaufen. Bitte beginnen Sie noch einmal, um einen neuen zu erhalten.
exhausted = Das war ein falscher Code zu viel. Bitte beginnen Sie noch einmal, um einen neuen zu erhalten.
canceled = Der Vorgang wurde abgebrochen. Es wurde nichts bestätigt.
denied = Danke für den Hinweis. Es wurde nichts bestätigt.
over = Dieser Vorgang ist beendet. Bitte beginnen Sie noch einmal, um einen neuen Code zu erhalten.

loading = Einen Moment …
unreachable = Wir sind gerade nicht erreichbar. Ihre Eingabe ist noch da. Bitte versuchen Sie es noch einmal.
try-again = Noch einmal versuchen

frame = Mit einem Code bestätigen
frame-failed = Dieser Teil der Seite wurde nicht geladen. Bitte versuchen Sie es noch einmal.
