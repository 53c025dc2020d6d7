# Spanish, with usted, and "clave" as in the messages. Wants review by a native speaker.

label = Clave del mensaje
numbers = { $count ->
    [one] La clave tiene { $count } cifra.
   *[other] La clave tiene { $count } cifras.
}
characters = { $count ->
    [one] La clave tiene { $count } letra o cifra.
   *[other] La clave tiene { $count } letras y cifras.
}
too-few = No ha introducido la clave completa.
too-many = Ha introducido demasiado.

amount = Importe
payee = Beneficiario
sent = Hemos enviado un mensaje con una clave a { $to }.
sent-voice = Estamos llamando al { $to } para dictarle una clave.
sent-email = Hemos enviado un correo con una clave a { $to }.
usually = { $count ->
    [one] Suele llegar en menos de { $count } segundo.
   *[other] Suele llegar en menos de { $count } segundos.
}
ends-in = La clave caduca en { $time }.
ends-soon = { $count ->
    [one] La clave caduca en { $count } segundo.
   *[other] La clave caduca en { $count } segundos.
}

confirm = Confirmar
checking = Comprobando la clave…
resend = Enviar otro mensaje
resend-wait = { $count ->
    [one] Podrá pedir otro mensaje dentro de { $count } segundo.
   *[other] Podrá pedir otro mensaje dentro de { $count } segundos.
}
resend-ready = Ya puede pedir otro mensaje.
resent = Hemos enviado otro mensaje.
no-message = ¿No llega el mensaje?
no-message-help = Compruebe que su teléfono está encendido y tiene cobertura. Hemos enviado la clave a { $to }.
by-sms = Enviar por SMS
by-voice = Prefiero una llamada
by-whatsapp = Enviar por WhatsApp
by-telegram = Enviar por Telegram
by-email = Enviar por correo
not-me = No he sido yo
not-me-sure = ¿Detener la operación? La clave dejará de valer.
not-me-yes = Sí, detenerla
not-me-no = No, volver

approved = Confirmado. Gracias.
incorrect = Esa clave no es correcta. Mire el último mensaje de { $shop }.
not-approved = Esa clave no se ha aceptado. Mire el último mensaje de { $shop }.
superseded = Esa clave es anterior. Use la del último mensaje de { $shop }.
attempts-left = { $count ->
    [one] Le queda { $count } intento.
   *[other] Le quedan { $count } intentos.
}
expired = Esta clave ha caducado. Empiece de nuevo para recibir otra.
exhausted = Demasiadas claves incorrectas. Empiece de nuevo para recibir otra.
canceled = La operación se ha cancelado. No se ha autorizado nada.
denied = Gracias por avisarnos. No se ha autorizado nada.
over = La operación ha terminado. Empiece de nuevo para recibir otra clave.

loading = Un momento…
unreachable = Ahora mismo no se puede conectar con nosotros. Lo que ha escrito sigue aquí. Inténtelo de nuevo.
try-again = Intentar de nuevo

frame = Confirmar con una clave
frame-failed = Esta parte de la página no se ha cargado. Inténtelo de nuevo.
