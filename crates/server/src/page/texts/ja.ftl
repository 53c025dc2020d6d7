# Japanese, in the polite style. Wants review by a native speaker.

heading-login = { $shop }にログイン
heading-signup = { $shop }の会員登録
heading-payment = お支払いの承認
heading-account-change = 登録内容の変更の承認
heading-order = ご注文の確認
heading-other = ご本人の確認

title-error = エラー：{ $title }

approving-amount = 金額
approving-payee = お支払い先

number-label = 電話番号
number-hint-region = 国番号がない場合は { $code } の番号として扱います。
number-hint = + と国番号から入力してください。
number-next-sms = この番号に SMS でコードを送ります。次のページでそのコードを入力します。
number-next = この番号にコードを送ります。次のページでそのコードを入力します。
number-submit = コードを送る
number-error = 電話番号ではないようです。数字の不足や重複がないか確認してください。
number-error-country = 番号は + と国番号から入力してください。
number-error-refused = この番号にはコードを送れません。番号を確認するか、別の番号をお使いください。
number-error-unavailable = 現在コードを送れません。番号は入力されたままです。もう一度お試しください。
number-other = 別の番号を使う

code-label-numeric = { $length ->
   *[other] { $length }桁のコード
}
code-label-alphanumeric = { $length ->
   *[other] { $length }文字のコード
}
sent-sms = { $phone } にSMSでコードを送信しました。
sent-voice = { $phone } に電話をかけてコードをお伝えします。
sent-whatsapp = { $phone } にWhatsAppでコードを送信しました。
sent-telegram = { $phone } にTelegramでコードを送信しました。
sent-email = ご登録のメールアドレスにコードを送信しました。
usually = { $seconds ->
   *[other] 通常は{ $seconds }秒以内に届きます。
}
never-tell = { $shop }の者だと名乗る相手であっても、コードは誰にも教えないでください。
submit-payment = { $amount } を承認する
submit = 続ける
sending = 少々お待ちください…

works-minutes = { $minutes ->
   *[other] コードの有効期限は残り約{ $minutes }分です。
}
works-time = コードの有効期限：残り { $time }
works-warning = コードの有効期限は残り30秒です。時間が足りない場合は、{ $shop }からもう一度始めてください。
works-over = このコードの有効期限が切れました。{ $shop }に戻って、もう一度始めてください。

error-too-short = { $length ->
   *[other] コードがまだ途中です。コードは{ $length }文字です。
}
error-unreadable = { $length ->
   *[other] メッセージのとおりに入力してください。コードは{ $length }文字で、数字または英字のみです。
}
error-incorrect = { $left ->
    [0] コードが違います。
   *[other] コードが違います。{ $shop }からの最新のメッセージをご確認ください。あと{ $left }回入力できます。
}
error-not-approved = このコードではお支払いを承認できませんでした。{ $shop }からの最新のメッセージをご確認いただくか、戻ってもう一度始めてください。
error-not-approved-left = { $left ->
   *[other] このコードではお支払いを承認できませんでした。{ $shop }からの最新のメッセージをご確認ください。あと{ $left }回入力できます。その後、このお支払いは停止されます。
}
error-superseded = そのコードは新しいコードに変わりました。最新のメッセージのコードを入力してください。
error-unavailable = ただいまコードを確認できません。入力内容は残っています。もう一度お試しください。同じコードは一回だけ数えられます。
error-form = このページを開いたまま時間が経ったか、別の場所でも開かれています。もう一度お試しください。

help-title = 届きませんか？
help-wait = あと{ $seconds }秒で再送信できます。
help-ready = 再送信できるようになりました。
help-none = これ以上は送信できません。{ $shop }に戻って、もう一度始めてください。
resend = もう一度送る
resend-voice = 電話で受け取る
resend-whatsapp = WhatsAppで受け取る
resend-telegram = Telegramで受け取る
resend-email = メールで受け取る
resend-sms = SMSで受け取る
resent = もう一度送信しました。コードは通常は同じです。違う場合は新しい方をお使いください。
not-now = ただいま再送信できません。
soon = あと10秒で再送信できます。
report = 心当たりがない
report-hint = お心当たりがない場合はお知らせください。コードは使えなくなります。

challenge-title = お待ちください
challenge-text = ブラウザーを確認しています。数秒かかります。
challenge-unable = この手順には、最新のブラウザーで JavaScript が必要です。有効にするか、別のブラウザーを使うか、別の方法について { $shop } にお問い合わせください。
challenge-retry = もう一度試す

approved-title = 完了しました
approved-text = ご本人であることを確認しました。{ $shop }にお戻りいただけます。
expired-title = 時間切れになりました
expired-text = 時間内にコードが入力されませんでした。手続きは行われていません。{ $shop }に戻って、もう一度始めてください。前の内容は残っています。
exhausted-title = コードの入力回数の上限です
exhausted-text = お客様を守るため、このコードは使えなくなりました。{ $shop }に戻って、もう一度始めてください。
canceled-title = 取り消されました
canceled-text = { $shop }が取り消したか、別の場所で手続きが始められました。
denied-title = お知らせありがとうございます
denied-text = コードは使えなくなり、お客様の操作ではないことが{ $shop }に伝わりました。また起きた場合は{ $shop }にご連絡ください。
back = { $shop }に戻る

closed-title = このリンクは使えません
closed-text = リンクを開けるのは、一つのブラウザーで一度だけ、短い時間に限られます。元のショップに戻って、もう一度始めてください。
unavailable-title = ただいまこのページを表示できません
unavailable-text = 内容は失われていません。少し待ってからお試しください。
