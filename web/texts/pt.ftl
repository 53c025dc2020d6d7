# Portuguese that reads well in Portugal and in Brazil, hence without names for "you". Wants review by a native speaker.

label = Código da mensagem
numbers = { $count ->
    [one] O código tem { $count } dígito.
   *[other] O código tem { $count } dígitos.
}
characters = { $count ->
    [one] O código tem { $count } letra ou dígito.
   *[other] O código tem { $count } letras e dígitos.
}
too-few = O código ainda não está completo.
too-many = O código escrito é longo demais.

amount = Valor
payee = Para
sent = Foi enviada uma mensagem com um código para { $to }.
sent-voice = Vamos ligar para { $to } e ditar um código.
sent-email = Foi enviado um e-mail com um código para { $to }.
usually = { $count ->
    [one] Normalmente chega em menos de { $count } segundo.
   *[other] Normalmente chega em menos de { $count } segundos.
}
ends-in = O código expira em { $time }.
ends-soon = { $count ->
    [one] O código expira em { $count } segundo.
   *[other] O código expira em { $count } segundos.
}

confirm = Confirmar
checking = Verificação do código…
resend = Enviar outra mensagem
resend-wait = { $count ->
    [one] Pode pedir outra mensagem daqui a { $count } segundo.
   *[other] Pode pedir outra mensagem daqui a { $count } segundos.
}
resend-ready = Já pode pedir outra mensagem.
resent = Foi enviada outra mensagem.
no-message = Sem mensagem?
no-message-help = Verifique se o telefone está ligado e tem sinal. O código foi enviado para { $to }.
by-sms = Enviar por SMS
by-voice = Prefiro uma chamada
by-whatsapp = Enviar por WhatsApp
by-telegram = Enviar por Telegram
by-email = Enviar por e-mail
not-me = Não fui eu
not-me-sure = Parar a operação? O código deixa de valer.
not-me-yes = Sim, parar
not-me-no = Não, voltar

approved = Confirmado. Agradecemos.
incorrect = Esse código não está certo. Veja a última mensagem de { $shop }.
not-approved = Esse código não serviu. Veja a última mensagem de { $shop }.
superseded = Esse código é mais antigo. Use o da última mensagem de { $shop }.
attempts-left = { $count ->
    [one] Resta { $count } tentativa.
   *[other] Restam { $count } tentativas.
}
expired = Este código expirou. Comece de novo para receber outro.
exhausted = Muitos códigos errados. Comece de novo para receber outro.
canceled = A operação foi cancelada. Nada foi autorizado.
denied = Agradecemos o aviso. Nada foi autorizado.
over = A operação terminou. Comece de novo para receber outro código.

loading = Um momento…
unreachable = Neste momento o serviço não responde. O que escreveu continua aqui. Tente de novo.
try-again = Tentar de novo

frame = Confirmar com um código
frame-failed = Esta parte da página não abriu. Tente de novo.
