# French, with vous. Wants review by a native speaker.

heading-login = Connexion à { $shop }
heading-signup = Inscription à { $shop }
heading-payment = Autorisez votre paiement
heading-account-change = Autorisez la modification de votre compte
heading-order = Confirmez votre commande
heading-other = Confirmez que c’est bien vous

title-error = Erreur : { $title }

approving-amount = Montant
approving-payee = Bénéficiaire

number-label = Votre numéro de téléphone
number-hint-region = Sans indicatif de pays, il est lu comme un numéro en { $code }.
number-hint = Commencez par + et l’indicatif du pays.
number-next-sms = Nous enverrons un code par SMS à ce numéro. Vous le saisirez à la page suivante.
number-next = Nous enverrons un code à ce numéro. Vous le saisirez à la page suivante.
number-submit = Envoyer le code
number-error = Ce n’est pas un numéro de téléphone. Vérifiez qu’aucun chiffre ne manque ou n’est doublé.
number-error-country = Commencez le numéro par + et l’indicatif du pays.
number-error-refused = Nous ne pouvons pas envoyer de code à ce numéro. Vérifiez-le ou utilisez-en un autre.
number-error-unavailable = Nous ne pouvons pas envoyer de code pour le moment. Le numéro est toujours là. Veuillez réessayer.
number-other = Utiliser un autre numéro

code-label-numeric = { $length ->
    [one] Code à { $length } chiffre
   *[other] Code à { $length } chiffres
}
code-label-alphanumeric = { $length ->
    [one] Code à { $length } caractère
   *[other] Code à { $length } caractères
}
sent-sms = Nous avons envoyé le code par SMS au { $phone }.
sent-voice = Nous appelons le { $phone } pour vous dicter le code.
sent-whatsapp = Nous avons envoyé le code par WhatsApp au { $phone }.
sent-telegram = Nous avons envoyé le code par Telegram au { $phone }.
sent-email = Nous avons envoyé le code à votre adresse e-mail.
usually = { $seconds ->
    [one] Cela prend en général moins de { $seconds } seconde.
   *[other] Cela prend en général moins de { $seconds } secondes.
}
never-tell = Ne communiquez le code à personne, pas même à quelqu’un qui dit travailler pour { $shop }.
submit-payment = Autoriser { $amount }
submit = Continuer
sending = Un instant…

works-minutes = { $minutes ->
    [one] Le code est encore valable environ { $minutes } minute.
   *[other] Le code est encore valable environ { $minutes } minutes.
}
works-time = Le code est encore valable { $time }.
works-warning = Le code n’est plus valable que trente secondes. S’il vous faut plus de temps, recommencez depuis { $shop }.
works-over = Ce code a expiré. Retournez sur { $shop } et recommencez.

error-too-short = { $length ->
    [one] Vous n’avez pas saisi le code en entier : il compte { $length } caractère.
   *[other] Vous n’avez pas saisi le code en entier : il compte { $length } caractères.
}
error-unreadable = { $length ->
    [one] Saisissez le code tel qu’il figure dans le message : { $length } caractère, un chiffre ou une lettre.
   *[other] Saisissez le code tel qu’il figure dans le message : { $length } caractères, uniquement des chiffres ou des lettres.
}
error-incorrect = { $left ->
    [0] Ce code n’est pas le bon.
    [one] Ce code n’est pas le bon. Consultez le dernier message de { $shop }. Il vous reste { $left } essai.
   *[other] Ce code n’est pas le bon. Consultez le dernier message de { $shop }. Il vous reste { $left } essais.
}
error-not-approved = Le paiement n’a pas été autorisé avec ce code. Consultez le dernier message de { $shop }, ou revenez en arrière et recommencez.
error-not-approved-left = { $left ->
    [one] Le paiement n’a pas été autorisé avec ce code. Consultez le dernier message de { $shop }. Il vous reste { $left } essai avant le blocage de ce paiement.
   *[other] Le paiement n’a pas été autorisé avec ce code. Consultez le dernier message de { $shop }. Il vous reste { $left } essais avant le blocage de ce paiement.
}
error-superseded = Ce code a été remplacé par un plus récent. Saisissez celui du dernier message.
error-unavailable = Nous ne pouvons pas vérifier le code pour le moment. Votre saisie est toujours là. Veuillez réessayer : le même code ne compte qu’une fois.
error-form = Cette page est restée ouverte trop longtemps, ou elle est aussi ouverte ailleurs. Veuillez réessayer.

help-title = Pas de message ?
help-wait = Vous pourrez demander un autre message dans { $seconds } s.
help-ready = Vous pouvez maintenant demander un autre message.
help-none = Aucun autre message ne peut être envoyé. Retournez sur { $shop } et recommencez.
resend = Renvoyer le code
resend-voice = M’appeler plutôt
resend-whatsapp = Envoyer par WhatsApp
resend-telegram = Envoyer par Telegram
resend-email = Envoyer par e-mail
resend-sms = Envoyer par SMS
resent = Nous avons envoyé un autre message. Le code y est en général le même ; sinon, utilisez le plus récent.
not-now = Nous ne pouvons pas envoyer d’autre message pour le moment.
soon = Vous pourrez demander un autre message dans 10 secondes.
report = Ce n’était pas moi
report-hint = Si vous n’avez rien demandé, dites-le-nous : le code ne sera plus valable.

challenge-title = Un instant
challenge-text = Vérification de votre navigateur. Cela prend quelques secondes.
challenge-unable = Cette étape a besoin de JavaScript dans un navigateur récent. Activez-le, utilisez un autre navigateur ou demandez une autre solution à { $shop }.
challenge-retry = Réessayer

approved-title = C’est fait
approved-text = Vous avez confirmé que c’est bien vous. Vous pouvez retourner sur { $shop }.
expired-title = Le temps est écoulé
expired-text = Le code n’a pas été saisi à temps. Rien n’a été fait. Retournez sur { $shop } et recommencez ; vous y retrouverez tout.
exhausted-title = Trop de codes erronés
exhausted-text = Pour vous protéger, ce code n’est plus accepté. Retournez sur { $shop } et recommencez.
canceled-title = L’opération a été annulée
canceled-text = { $shop } l’a annulée, ou vous avez recommencé ailleurs.
denied-title = Merci de nous l’avoir dit
denied-text = Le code n’est plus accepté, et { $shop } sait que ce n’était pas vous. Si cela se reproduit, prévenez { $shop }.
back = Retour à { $shop }

closed-title = Ce lien n’est plus valable
closed-text = Il ne s’ouvre qu’une fois, dans un seul navigateur et pendant peu de temps. Retournez sur la boutique qui vous a envoyé ici et recommencez.
unavailable-title = Cette page n’est pas disponible pour le moment
unavailable-text = Rien n’est perdu. Réessayez dans un instant.
