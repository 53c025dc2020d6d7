# Portuguese that reads well in Portugal and in Brazil, hence without names for "you". Wants review by a native speaker.

heading-login = Entrar em { $shop }
heading-signup = Criar conta em { $shop }
heading-payment = Autorize o pagamento
heading-account-change = Autorize a alteração da sua conta
heading-order = Confirme o seu pedido
heading-other = Confirme a sua identidade

title-error = Erro: { $title }

approving-amount = Valor
approving-payee = Para

number-label = Número de telefone
number-hint-region = Sem o código do país, é lido como um número com { $code }.
number-hint = Comece com + e o código do país.
number-next-sms = Enviaremos um código por SMS para este número. Escreva-o na página seguinte.
number-next = Enviaremos um código para este número. Escreva-o na página seguinte.
number-submit = Enviar o código
number-error = Isto não é um número de telefone. Verifique se não falta nem se repete nenhum algarismo.
number-error-country = Comece o número com + e o código do país.
number-error-refused = Não podemos enviar um código para este número. Verifique-o ou use outro.
number-error-unavailable = Não podemos enviar um código neste momento. O número continua aqui. Tente novamente.
number-other = Usar outro número

code-label-numeric = { $length ->
    [one] Código de { $length } dígito
   *[other] Código de { $length } dígitos
}
code-label-alphanumeric = { $length ->
    [one] Código de { $length } caractere
   *[other] Código de { $length } caracteres
}
sent-sms = O código foi enviado por SMS para { $phone }.
sent-voice = Vamos ligar para { $phone } e ditar o código.
sent-whatsapp = O código foi enviado por WhatsApp para { $phone }.
sent-telegram = O código foi enviado por Telegram para { $phone }.
sent-email = O código foi enviado para o seu e-mail.
usually = { $seconds ->
    [one] Normalmente demora menos de { $seconds } segundo.
   *[other] Normalmente demora menos de { $seconds } segundos.
}
never-tell = Não dê o código a ninguém, nem a quem disser que é de { $shop }.
submit-payment = Autorizar { $amount }
submit = Continuar
sending = Um momento…

works-minutes = { $minutes ->
    [one] O código ainda vale cerca de { $minutes } minuto.
   *[other] O código ainda vale cerca de { $minutes } minutos.
}
works-time = O código ainda vale { $time }.
works-warning = O código expira em meio minuto. Se precisar de mais tempo, comece de novo em { $shop }.
works-over = Este código expirou. Volte a { $shop } e comece de novo.

error-too-short = { $length ->
    [one] O código ainda não está completo: tem { $length } caractere.
   *[other] O código ainda não está completo: tem { $length } caracteres.
}
error-unreadable = { $length ->
    [one] Escreva o código tal como está na mensagem: { $length } caractere, um dígito ou uma letra.
   *[other] Escreva o código tal como está na mensagem: { $length } caracteres, só dígitos ou letras.
}
error-incorrect = { $left ->
    [0] Esse código não está certo.
    [one] Esse código não está certo. Veja a última mensagem de { $shop }. Resta { $left } tentativa.
   *[other] Esse código não está certo. Veja a última mensagem de { $shop }. Restam { $left } tentativas.
}
error-not-approved = O pagamento não foi autorizado com este código. Veja a última mensagem de { $shop }, ou volte e comece de novo.
error-not-approved-left = { $left ->
    [one] O pagamento não foi autorizado com este código. Veja a última mensagem de { $shop }. Resta { $left } tentativa; depois, este pagamento é bloqueado.
   *[other] O pagamento não foi autorizado com este código. Veja a última mensagem de { $shop }. Restam { $left } tentativas; depois, este pagamento é bloqueado.
}
error-superseded = Esse código foi substituído por um mais recente. Escreva o código da última mensagem.
error-unavailable = Neste momento não podemos verificar o código. O que escreveu continua aqui. Tente de novo: o mesmo código só conta uma vez.
error-form = Esta página ficou aberta por muito tempo, ou está aberta também em outro lugar. Tente de novo.

help-title = Sem mensagem?
help-wait = Pode pedir outra mensagem daqui a { $seconds } s.
help-ready = Já pode pedir outra mensagem.
help-none = Não é possível enviar mais mensagens. Volte a { $shop } e comece de novo.
resend = Enviar de novo
resend-voice = Prefiro uma chamada
resend-whatsapp = Enviar por WhatsApp
resend-telegram = Enviar por Telegram
resend-email = Enviar por e-mail
resend-sms = Enviar por SMS
resent = Foi enviada outra mensagem. O código costuma ser o mesmo; se não for, use o mais recente.
not-now = Neste momento não podemos enviar outra mensagem.
soon = Pode pedir outra mensagem daqui a 10 segundos.
report = Não fui eu
report-hint = Se não fez este pedido, avise-nos: o código deixa de valer.

challenge-title = Um momento
challenge-text = Estamos verificando o seu navegador. Leva alguns segundos.
challenge-unable = Esta etapa precisa de JavaScript em um navegador atualizado. Ative-o, use outro navegador ou peça outra forma a { $shop }.
challenge-retry = Tentar novamente

approved-title = Concluído
approved-text = A sua identidade está confirmada. Pode voltar a { $shop }.
expired-title = O tempo acabou
expired-text = O código não foi escrito a tempo. Nada aconteceu. Volte a { $shop } e comece de novo; o que estava lá continua guardado.
exhausted-title = Muitos códigos errados
exhausted-text = Para sua proteção, este código deixou de valer. Volte a { $shop } e comece de novo.
canceled-title = Operação cancelada
canceled-text = Foi cancelada por { $shop }, ou começou de novo em outro lugar.
denied-title = Agradecemos o aviso
denied-text = O código deixou de valer, e { $shop } já sabe que o pedido partiu de outra pessoa. Se voltar a acontecer, avise { $shop }.
back = Voltar a { $shop }

closed-title = Este link já não funciona
closed-text = Abre uma só vez, em um só navegador e durante pouco tempo. Volte à loja de onde veio e comece de novo.
unavailable-title = Esta página não está disponível neste momento
unavailable-text = Nada se perdeu. Tente de novo daqui a pouco.
