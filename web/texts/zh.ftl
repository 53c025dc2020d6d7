# Chinese in simplified characters, with 您. Wants review by a native speaker.

label = 消息中的验证码
numbers = { $count ->
   *[other] 验证码为 { $count } 位数字。
}
characters = { $count ->
   *[other] 验证码为 { $count } 位字母和数字。
}
too-few = 验证码尚未输完。
too-many = 输入的内容过长。

amount = 金额
payee = 收款方
sent = 已将含验证码的消息发送至 { $to }。
sent-voice = 我们正在拨打 { $to }，为您播报验证码。
sent-email = 已将含验证码的邮件发送至 { $to }。
usually = { $count ->
   *[other] 通常 { $count } 秒内即可收到。
}
ends-in = 验证码剩余有效时间：{ $time }
ends-soon = { $count ->
   *[other] 验证码将在 { $count } 秒后失效。
}

confirm = 确认
checking = 正在核对验证码…
resend = 重新发送
resend-wait = { $count ->
   *[other] { $count } 秒后可以再次获取。
}
resend-ready = 现在可以再次获取。
resent = 已再次发送。
no-message = 没有收到消息？
no-message-help = 请检查手机是否已开机并有信号。验证码已发送至 { $to }。
by-sms = 通过短信发送
by-voice = 改用语音电话
by-whatsapp = 通过 WhatsApp 发送
by-telegram = 通过 Telegram 发送
by-email = 通过邮件发送
not-me = 不是我本人操作
not-me-sure = 要停止此操作吗？验证码将不再有效。
not-me-yes = 是，停止
not-me-no = 否，返回

approved = 已确认。谢谢。
incorrect = 验证码不正确。请查看{ $shop }发来的最新消息。
not-approved = 该验证码未被接受。请查看{ $shop }发来的最新消息。
superseded = 这是较早的验证码。请使用{ $shop }最新消息中的验证码。
attempts-left = { $count ->
   *[other] 您还可以尝试 { $count } 次。
}
expired = 此验证码已过期。请重新开始以获取新的验证码。
exhausted = 验证码错误次数过多。请重新开始以获取新的验证码。
canceled = 此操作已取消。未确认任何内容。
denied = 感谢您告知我们。未确认任何内容。
over = 此操作已结束。请重新开始以获取新的验证码。

loading = 请稍候…
unreachable = 目前无法连接。您输入的内容仍在。请重试。
try-again = 重试

frame = 用验证码确认
frame-failed = 页面的这一部分未能加载。请重试。
