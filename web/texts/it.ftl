# Italian, without addressing anyone, as in the messages. Wants review by a native speaker.

label = Codice del messaggio
numbers = { $count ->
    [one] Il codice ha { $count } cifra.
   *[other] Il codice ha { $count } cifre.
}
characters = { $count ->
    [one] Il codice ha { $count } lettera o cifra.
   *[other] Il codice ha { $count } lettere e cifre.
}
too-few = Il codice inserito non è completo.
too-many = Il codice inserito è troppo lungo.

amount = Importo
payee = Beneficiario
sent = Abbiamo inviato un messaggio con un codice a { $to }.
sent-voice = Stiamo chiamando il { $to } per dettare un codice.
sent-email = Abbiamo inviato un’e-mail con un codice a { $to }.
usually = { $count ->
    [one] Di solito arriva entro { $count } secondo.
   *[other] Di solito arriva entro { $count } secondi.
}
ends-in = Il codice scade tra { $time }.
ends-soon = { $count ->
    [one] Il codice scade tra { $count } secondo.
   *[other] Il codice scade tra { $count } secondi.
}

confirm = Conferma
checking = Controllo del codice…
resend = Invia un altro messaggio
resend-wait = { $count ->
    [one] Si può chiedere un altro messaggio tra { $count } secondo.
   *[other] Si può chiedere un altro messaggio tra { $count } secondi.
}
resend-ready = Ora si può chiedere un altro messaggio.
resent = Abbiamo inviato un altro messaggio.
no-message = Nessun messaggio?
no-message-help = Controllare che il telefono sia acceso e abbia campo. Abbiamo inviato il codice a { $to }.
by-sms = Invia per SMS
by-voice = Ricevi una chiamata
by-whatsapp = Invia per WhatsApp
by-telegram = Invia per Telegram
by-email = Invia per e-mail
not-me = Non l’ho chiesto io
not-me-sure = Interrompere l’operazione? Il codice non varrà più.
not-me-yes = Sì, interrompi
not-me-no = No, indietro

approved = Confermato. Grazie.
incorrect = Questo codice non è giusto. Controllare l’ultimo messaggio di { $shop }.
not-approved = Questo codice non è stato accettato. Controllare l’ultimo messaggio di { $shop }.
superseded = Questo codice è precedente. Usare quello dell’ultimo messaggio di { $shop }.
attempts-left = { $count ->
    [one] Resta { $count } tentativo.
   *[other] Restano { $count } tentativi.
}
expired = Questo codice è scaduto. Per riceverne uno nuovo occorre ricominciare.
exhausted = Troppi codici errati. Per riceverne uno nuovo occorre ricominciare.
canceled = L’operazione è stata annullata. Non è stato autorizzato nulla.
denied = Grazie della segnalazione. Non è stato autorizzato nulla.
over = L’operazione è terminata. Per ricevere un nuovo codice occorre ricominciare.

loading = Un momento…
unreachable = Al momento non siamo raggiungibili. Il testo inserito è ancora qui. Riprovare.
try-again = Riprova

frame = Conferma con un codice
frame-failed = Questa parte della pagina non è stata caricata. Riprovare.
