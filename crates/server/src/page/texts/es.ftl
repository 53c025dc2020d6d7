# Spanish, with usted, and "clave" as in the messages. Wants review by a native speaker.

heading-login = Acceda a { $shop }
heading-signup = Cree su cuenta en { $shop }
heading-payment = Autorice el pago
heading-account-change = Autorice el cambio en su cuenta
heading-order = Confirme su pedido
heading-other = Confirme que es usted

title-error = Error: { $title }

approving-amount = Importe
approving-payee = Beneficiario

number-label = Su número de teléfono
number-hint-region = Sin prefijo de país se toma como un número con { $code }.
number-hint = Empiece con + y el prefijo del país.
number-next-sms = Enviaremos una clave por SMS a ese número. En la página siguiente podrá introducirla.
number-next = Enviaremos una clave a ese número. En la página siguiente podrá introducirla.
number-submit = Enviar la clave
number-error = Eso no es un número de teléfono. Compruebe que no falte ni se repita ninguna cifra.
number-error-country = Empiece el número con + y el prefijo del país.
number-error-refused = No podemos enviar una clave a este número. Compruébelo o use otro.
number-error-unavailable = No podemos enviar una clave en este momento. El número sigue aquí. Inténtelo de nuevo.
number-other = Usar otro número

code-label-numeric = { $length ->
    [one] Clave de { $length } cifra
   *[other] Clave de { $length } cifras
}
code-label-alphanumeric = { $length ->
    [one] Clave de { $length } carácter
   *[other] Clave de { $length } caracteres
}
sent-sms = Hemos enviado la clave por SMS al { $phone }.
sent-voice = Estamos llamando al { $phone } para dictarle la clave.
sent-whatsapp = Hemos enviado la clave por WhatsApp al { $phone }.
sent-telegram = Hemos enviado la clave por Telegram al { $phone }.
sent-email = Hemos enviado la clave a su correo electrónico.
usually = { $seconds ->
    [one] Suele tardar menos de { $seconds } segundo.
   *[other] Suele tardar menos de { $seconds } segundos.
}
never-tell = No comparta la clave con nadie, ni siquiera con quien diga ser de { $shop }.
submit-payment = Autorizar { $amount }
submit = Continuar
sending = Un momento…

works-minutes = { $minutes ->
    [one] La clave vale todavía { $minutes } minuto, más o menos.
   *[other] La clave vale todavía unos { $minutes } minutos.
}
works-time = La clave vale todavía { $time }.
works-warning = La clave caduca en medio minuto. Si necesita más tiempo, vuelva a empezar desde { $shop }.
works-over = Esta clave ha caducado. Vuelva a { $shop } y empiece de nuevo.

error-too-short = { $length ->
    [one] No ha introducido la clave completa: tiene { $length } carácter.
   *[other] No ha introducido la clave completa: tiene { $length } caracteres.
}
error-unreadable = { $length ->
    [one] Introduzca la clave tal como está en el mensaje: { $length } carácter, una cifra o una letra.
   *[other] Introduzca la clave tal como está en el mensaje: { $length } caracteres, solo cifras o letras.
}
error-incorrect = { $left ->
    [0] Esa clave no es correcta.
    [one] Esa clave no es correcta. Mire el último mensaje de { $shop }. Le queda { $left } intento.
   *[other] Esa clave no es correcta. Mire el último mensaje de { $shop }. Le quedan { $left } intentos.
}
error-not-approved = El pago no se ha autorizado con esta clave. Mire el último mensaje de { $shop }, o vuelva atrás y empiece de nuevo.
error-not-approved-left = { $left ->
    [one] El pago no se ha autorizado con esta clave. Mire el último mensaje de { $shop }. Le queda { $left } intento; después, este pago se bloquea.
   *[other] El pago no se ha autorizado con esta clave. Mire el último mensaje de { $shop }. Le quedan { $left } intentos; después, este pago se bloquea.
}
error-superseded = Esa clave se ha sustituido por otra más reciente. Introduzca la del último mensaje.
error-unavailable = Ahora mismo no podemos comprobar la clave. Lo que ha escrito sigue aquí. Inténtelo de nuevo: la misma clave solo cuenta una vez.
error-form = Esta página ha estado abierta demasiado tiempo, o está abierta también en otro sitio. Inténtelo de nuevo.

help-title = ¿No llega el mensaje?
help-wait = Podrá pedir otro mensaje dentro de { $seconds } s.
help-ready = Ya puede pedir otro mensaje.
help-none = No se pueden enviar más mensajes. Vuelva a { $shop } y empiece de nuevo.
resend = Enviar otra vez
resend-voice = Prefiero una llamada
resend-whatsapp = Enviar por WhatsApp
resend-telegram = Enviar por Telegram
resend-email = Enviar por correo
resend-sms = Enviar por SMS
resent = Hemos enviado otro mensaje. La clave suele ser la misma; si no lo es, use la más reciente.
not-now = Ahora mismo no podemos enviar otro mensaje.
soon = Podrá pedir otro mensaje dentro de 10 segundos.
report = No he sido yo
report-hint = Si usted no ha pedido esto, díganoslo: la clave dejará de valer.

challenge-title = Un momento
challenge-text = Estamos comprobando su navegador. Tarda unos segundos.
challenge-unable = Este paso necesita JavaScript en un navegador actualizado. Actívelo, use otro navegador o pida otra forma a { $shop }.
challenge-retry = Intentar de nuevo

approved-title = Listo
approved-text = Ha confirmado que es usted. Ya puede volver a { $shop }.
expired-title = El tiempo ha terminado
expired-text = La clave no se ha introducido a tiempo. No ha pasado nada. Vuelva a { $shop } y empiece de nuevo; lo que tenía allí sigue guardado.
exhausted-title = Demasiadas claves incorrectas
exhausted-text = Para protegerle, esta clave ya no se acepta. Vuelva a { $shop } y empiece de nuevo.
canceled-title = Se ha cancelado
canceled-text = { $shop } lo ha cancelado, o usted ha empezado de nuevo en otro sitio.
denied-title = Gracias por avisarnos
denied-text = La clave ya no se acepta, y { $shop } sabe que no ha sido usted. Si vuelve a ocurrir, avise a { $shop }.
back = Volver a { $shop }

closed-title = Este enlace ya no funciona
closed-text = Se abre una sola vez, en un solo navegador y durante poco tiempo. Vuelva a la tienda que le ha enviado aquí y empiece de nuevo.
unavailable-title = Esta página no está disponible en este momento
unavailable-text = No se ha perdido nada. Inténtelo de nuevo en un momento.
