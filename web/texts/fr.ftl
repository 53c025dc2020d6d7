# French, with vous. Wants review by a native speaker.

label = Code du message
numbers = { $count ->
    [one] Le code compte { $count } chiffre.
   *[other] Le code compte { $count } chiffres.
}
characters = { $count ->
    [one] Le code compte { $count } lettre ou chiffre.
   *[other] Le code compte { $count } lettres et chiffres.
}
too-few = Vous n’avez pas saisi le code en entier.
too-many = Vous avez saisi trop de caractères.

amount = Montant
payee = Bénéficiaire
sent = Nous avons envoyé un message avec un code à { $to }.
sent-voice = Nous appelons le { $to } pour vous dicter un code.
sent-email = Nous avons envoyé un e-mail avec un code à { $to }.
usually = { $count ->
    [one] Il arrive en général en moins de { $count } seconde.
   *[other] Il arrive en général en moins de { $count } secondes.
}
ends-in = Le code expire dans { $time }.
ends-soon = { $count ->
    [one] Le code expire dans { $count } seconde.
   *[other] Le code expire dans { $count } secondes.
}

confirm = Confirmer
checking = Vérification du code…
resend = Envoyer un autre message
resend-wait = { $count ->
    [one] Vous pourrez demander un autre message dans { $count } seconde.
   *[other] Vous pourrez demander un autre message dans { $count } secondes.
}
resend-ready = Vous pouvez maintenant demander un autre message.
resent = Nous avons envoyé un autre message.
no-message = Pas de message ?
no-message-help = Vérifiez que votre téléphone est allumé et capte le réseau. Nous avons envoyé le code à { $to }.
by-sms = Envoyer par SMS
by-voice = M’appeler plutôt
by-whatsapp = Envoyer par WhatsApp
by-telegram = Envoyer par Telegram
by-email = Envoyer par e-mail
not-me = Ce n’était pas moi
not-me-sure = Tout arrêter ? Le code ne sera plus valable.
not-me-yes = Oui, arrêter
not-me-no = Non, revenir

approved = C’est confirmé. Merci.
incorrect = Ce code n’est pas le bon. Consultez le dernier message de { $shop }.
not-approved = Ce code n’a pas été accepté. Consultez le dernier message de { $shop }.
superseded = Ce code est plus ancien. Utilisez celui du dernier message de { $shop }.
attempts-left = { $count ->
    [one] Il vous reste { $count } essai.
   *[other] Il vous reste { $count } essais.
}
expired = Ce code a expiré. Veuillez recommencer pour en recevoir un nouveau.
exhausted = Trop de codes erronés. Veuillez recommencer pour en recevoir un nouveau.
canceled = L’opération a été annulée. Rien n’a été autorisé.
denied = Merci de nous l’avoir dit. Rien n’a été autorisé.
over = Cette opération est terminée. Veuillez recommencer pour recevoir un nouveau code.

loading = Un instant…
unreachable = Nous sommes injoignables pour le moment. Votre saisie est toujours là. Veuillez réessayer.
try-again = Réessayer

frame = Confirmer avec un code
frame-failed = Cette partie de la page ne s’est pas chargée. Veuillez réessayer.
