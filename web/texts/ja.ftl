# Japanese, in the polite style. Wants review by a native speaker.

label = メッセージのコード
numbers = { $count ->
   *[other] コードは{ $count }桁の数字です。
}
characters = { $count ->
   *[other] コードは{ $count }文字の英数字です。
}
too-few = コードがまだ途中です。
too-many = 文字数が多すぎます。

amount = 金額
payee = お支払い先
sent = { $to } にコードを送信しました。
sent-voice = { $to } に電話をかけてコードをお伝えします。
sent-email = { $to } にメールでコードを送信しました。
usually = { $count ->
   *[other] 通常は{ $count }秒以内に届きます。
}
ends-in = コードの有効期限：残り { $time }
ends-soon = { $count ->
   *[other] コードの有効期限は残り{ $count }秒です。
}

confirm = 確認する
checking = コードを確認しています…
resend = もう一度送る
resend-wait = { $count ->
   *[other] あと{ $count }秒で再送信できます。
}
resend-ready = 再送信できるようになりました。
resent = もう一度送信しました。
no-message = 届きませんか？
no-message-help = 電話の電源が入り、電波が届いているかご確認ください。コードは { $to } に送信しました。
by-sms = SMSで受け取る
by-voice = 電話で受け取る
by-whatsapp = WhatsAppで受け取る
by-telegram = Telegramで受け取る
by-email = メールで受け取る
not-me = 心当たりがない
not-me-sure = 手続きを中止しますか？コードは使えなくなります。
not-me-yes = はい、中止する
not-me-no = いいえ、戻る

approved = 確認できました。ありがとうございます。
incorrect = コードが違います。{ $shop }からの最新のメッセージをご確認ください。
not-approved = このコードは受け付けられませんでした。{ $shop }からの最新のメッセージをご確認ください。
superseded = 以前のコードです。{ $shop }からの最新のメッセージのコードをお使いください。
attempts-left = { $count ->
   *[other] あと{ $count }回入力できます。
}
expired = このコードの有効期限が切れました。新しいコードを受け取るには、もう一度始めてください。
exhausted = コードの入力回数の上限に達しました。新しいコードを受け取るには、もう一度始めてください。
canceled = 取り消されました。何も承認されていません。
denied = お知らせありがとうございます。何も承認されていません。
over = この手続きは終了しました。新しいコードを受け取るには、もう一度始めてください。

loading = お待ちください…
unreachable = ただいま接続できません。入力内容は残っています。もう一度お試しください。
try-again = もう一度試す

frame = コードで確認
frame-failed = ページのこの部分を読み込めませんでした。もう一度お試しください。
