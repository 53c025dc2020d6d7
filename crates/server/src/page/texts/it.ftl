# Italian, without addressing anyone, as in the messages. Wants review by a native speaker.

heading-login = Accesso a { $shop }
heading-signup = Registrazione su { $shop }
heading-payment = Autorizzazione del pagamento
heading-account-change = Autorizzazione della modifica dell’account
heading-order = Conferma dell’ordine
heading-other = Conferma dell’identità

title-error = Errore: { $title }

approving-amount = Importo
approving-payee = Beneficiario

number-label = Numero di telefono
number-hint-region = Senza prefisso internazionale vale come numero con { $code }.
number-hint = Iniziare con + e il prefisso internazionale.
number-next-sms = Invieremo un codice via SMS a questo numero. Si inserisce nella pagina successiva.
number-next = Invieremo un codice a questo numero. Si inserisce nella pagina successiva.
number-submit = Invia il codice
number-error = Questo non è un numero di telefono. Controllare che non manchi né sia doppia una cifra.
number-error-country = Il numero deve iniziare con + e il prefisso internazionale.
number-error-refused = Non possiamo inviare un codice a questo numero. Occorre controllarlo o usarne un altro.
number-error-unavailable = Al momento non possiamo inviare un codice. Il numero è ancora qui. Si può riprovare tra poco.
number-other = Usa un altro numero

code-label-numeric = { $length ->
    [one] Codice di { $length } cifra
   *[other] Codice di { $length } cifre
}
code-label-alphanumeric = { $length ->
    [one] Codice di { $length } carattere
   *[other] Codice di { $length } caratteri
}
sent-sms = Il codice è stato inviato per SMS al { $phone }.
sent-voice = Stiamo chiamando il { $phone } per dettare il codice.
sent-whatsapp = Il codice è stato inviato per WhatsApp al { $phone }.
sent-telegram = Il codice è stato inviato per Telegram al { $phone }.
sent-email = Il codice è stato inviato all’indirizzo e-mail.
usually = { $seconds ->
    [one] Di solito ci vuole meno di { $seconds } secondo.
   *[other] Di solito ci vogliono meno di { $seconds } secondi.
}
never-tell = Il codice non va comunicato a nessuno, nemmeno a chi dice di chiamare da { $shop }.
submit-payment = Autorizza { $amount }
submit = Continua
sending = Un momento…

works-minutes = { $minutes ->
    [one] Il codice vale ancora circa { $minutes } minuto.
   *[other] Il codice vale ancora circa { $minutes } minuti.
}
works-time = Il codice vale ancora { $time }.
works-warning = Il codice scade tra mezzo minuto. Se serve più tempo, si può ricominciare da { $shop }.
works-over = Questo codice è scaduto. Occorre tornare su { $shop } e ricominciare.

error-too-short = { $length ->
    [one] Il codice inserito non è completo: deve avere { $length } carattere.
   *[other] Il codice inserito non è completo: deve avere { $length } caratteri.
}
error-unreadable = { $length ->
    [one] Il codice va inserito come appare nel messaggio: { $length } carattere, una cifra o una lettera.
   *[other] Il codice va inserito come appare nel messaggio: { $length } caratteri, solo cifre o lettere.
}
error-incorrect = { $left ->
    [0] Questo codice non è giusto.
    [one] Questo codice non è giusto. Controllare l’ultimo messaggio di { $shop }. Resta { $left } tentativo.
   *[other] Questo codice non è giusto. Controllare l’ultimo messaggio di { $shop }. Restano { $left } tentativi.
}
error-not-approved = Il pagamento non è stato autorizzato con questo codice. Controllare l’ultimo messaggio di { $shop }, oppure tornare indietro e ricominciare.
error-not-approved-left = { $left ->
    [one] Il pagamento non è stato autorizzato con questo codice. Controllare l’ultimo messaggio di { $shop }. Resta { $left } tentativo, poi questo pagamento viene bloccato.
   *[other] Il pagamento non è stato autorizzato con questo codice. Controllare l’ultimo messaggio di { $shop }. Restano { $left } tentativi, poi questo pagamento viene bloccato.
}
error-superseded = Questo codice è stato sostituito da uno più recente. Inserire il codice dell’ultimo messaggio.
error-unavailable = Al momento non possiamo controllare il codice. Il testo inserito è ancora qui. Riprovare: lo stesso codice conta una volta sola.
error-form = Questa pagina è rimasta aperta troppo a lungo, oppure è aperta anche altrove. Riprovare.

help-title = Nessun messaggio?
help-wait = Si può chiedere un altro messaggio tra { $seconds } s.
help-ready = Ora si può chiedere un altro messaggio.
help-none = Non si possono inviare altri messaggi. Occorre tornare su { $shop } e ricominciare.
resend = Invia di nuovo
resend-voice = Ricevi una chiamata
resend-whatsapp = Invia per WhatsApp
resend-telegram = Invia per Telegram
resend-email = Invia per e-mail
resend-sms = Invia per SMS
resent = Abbiamo inviato un altro messaggio. Di solito il codice è lo stesso; altrimenti vale il più recente.
not-now = Al momento non possiamo inviare un altro messaggio.
soon = Si può chiedere un altro messaggio tra 10 secondi.
report = Non l’ho chiesto io
report-hint = Se la richiesta viene da altri, basta dircelo: il codice non varrà più.

challenge-title = Un momento
challenge-text = Controllo del browser in corso. Ci vogliono pochi secondi.
challenge-unable = Questo passaggio richiede JavaScript in un browser aggiornato. Lo attivi, usi un altro browser o chieda un altro modo a { $shop }.
challenge-retry = Riprova

approved-title = Fatto
approved-text = L’identità è confermata. Ora si può tornare su { $shop }.
expired-title = Tempo scaduto
expired-text = Il codice non è stato inserito in tempo. Non è successo nulla. Si può tornare su { $shop } e ricominciare: lì è rimasto tutto com’era.
exhausted-title = Troppi codici errati
exhausted-text = Per sicurezza questo codice non viene più accettato. Occorre tornare su { $shop } e ricominciare.
canceled-title = Operazione annullata
canceled-text = È stata annullata da { $shop }, oppure è stata ricominciata altrove.
denied-title = Grazie della segnalazione
denied-text = Il codice non viene più accettato e { $shop } sa che la richiesta veniva da altri. Se succede di nuovo, avvisare { $shop }.
back = Torna su { $shop }

closed-title = Questo link non è più valido
closed-text = Si apre una sola volta, in un solo browser e per poco tempo. Occorre tornare sul negozio di partenza e ricominciare.
unavailable-title = Questa pagina non è disponibile al momento
unavailable-text = Non si è perso nulla. Riprovare tra un momento.
