# Chinese in simplified characters, with 您. Wants review by a native speaker.

heading-login = 登录{ $shop }
heading-signup = 注册{ $shop }账户
heading-payment = 确认支付
heading-account-change = 确认更改账户信息
heading-order = 确认订单
heading-other = 确认是您本人

title-error = 错误：{ $title }

approving-amount = 金额
approving-payee = 收款方

number-label = 您的手机号码
number-hint-region = 没有国家代码的号码按 { $code } 处理。
number-hint = 请以 + 和国家代码开头。
number-next-sms = 我们将通过短信向该号码发送验证码。请在下一页输入。
number-next = 我们将向该号码发送验证码。请在下一页输入。
number-submit = 发送验证码
number-error = 这不是有效的电话号码。请检查是否缺少或多出数字。
number-error-country = 号码请以 + 和国家代码开头。
number-error-refused = 我们无法向该号码发送验证码。请检查号码，或使用其他号码。
number-error-unavailable = 我们暂时无法发送验证码。您输入的号码仍在。请重试。
number-other = 使用其他号码

code-label-numeric = { $length ->
   *[other] { $length } 位数字验证码
}
code-label-alphanumeric = { $length ->
   *[other] { $length } 位验证码
}
sent-sms = 验证码已通过短信发送至 { $phone }。
sent-voice = 我们正在拨打 { $phone }，为您播报验证码。
sent-whatsapp = 验证码已通过 WhatsApp 发送至 { $phone }。
sent-telegram = 验证码已通过 Telegram 发送至 { $phone }。
sent-email = 验证码已发送至您的邮箱。
usually = { $seconds ->
   *[other] 通常不到 { $seconds } 秒即可收到。
}
never-tell = 请勿将验证码告知任何人，即使对方自称来自{ $shop }。
submit-payment = 确认支付 { $amount }
submit = 继续
sending = 请稍候…

works-minutes = { $minutes ->
   *[other] 验证码约在 { $minutes } 分钟后失效。
}
works-time = 验证码剩余有效时间：{ $time }
works-warning = 验证码将在半分钟后失效。如需更多时间，请从{ $shop }重新开始。
works-over = 此验证码已过期。请返回{ $shop }重新开始。

error-too-short = { $length ->
   *[other] 验证码尚未输完：共 { $length } 位。
}
error-unreadable = { $length ->
   *[other] 请按消息中的验证码输入：共 { $length } 位，仅含数字或字母。
}
error-incorrect = { $left ->
    [0] 验证码不正确。
   *[other] 验证码不正确。请查看{ $shop }发来的最新消息。您还可以尝试 { $left } 次。
}
error-not-approved = 未能用此验证码确认支付。请查看{ $shop }发来的最新消息，或返回重新开始。
error-not-approved-left = { $left ->
   *[other] 未能用此验证码确认支付。请查看{ $shop }发来的最新消息。您还可以尝试 { $left } 次，之后此笔支付将被锁定。
}
error-superseded = 该验证码已被新的验证码取代。请输入最新消息中的验证码。
error-unavailable = 目前无法核对验证码。您输入的内容仍在。请重试：同一验证码只计一次。
error-form = 此页面打开时间过长，或已在别处打开。请重试。

help-title = 没有收到消息？
help-wait = { $seconds } 秒后可以再次获取。
help-ready = 现在可以再次获取。
help-none = 无法再发送消息。请返回{ $shop }重新开始。
resend = 重新发送
resend-voice = 改用语音电话
resend-whatsapp = 通过 WhatsApp 发送
resend-telegram = 通过 Telegram 发送
resend-email = 通过邮件发送
resend-sms = 通过短信发送
resent = 已再次发送。验证码通常不变；如有不同，请使用较新的。
not-now = 目前无法再次发送消息。
soon = 10 秒后可以再次获取。
report = 不是我本人操作
report-hint = 如非本人操作，请告知我们，验证码将随即失效。

challenge-title = 请稍候
challenge-text = 正在检查您的浏览器，需要几秒钟。
challenge-unable = 此步骤需要在较新的浏览器中启用 JavaScript。请启用它，换一个浏览器，或联系 { $shop } 了解其他方式。
challenge-retry = 重试

approved-title = 完成
approved-text = 已确认是您本人。您可以返回{ $shop }。
expired-title = 已超时
expired-text = 验证码未在有效时间内输入。未进行任何操作。请返回{ $shop }重新开始，原有内容仍会保留。
exhausted-title = 验证码错误次数过多
exhausted-text = 为保护您的安全，此验证码不再有效。请返回{ $shop }重新开始。
canceled-title = 已取消
canceled-text = { $shop }已取消此操作，或您已在别处重新开始。
denied-title = 感谢您告知我们
denied-text = 验证码不再有效，{ $shop }已获知不是您本人操作。如再次发生，请告知{ $shop }。
back = 返回{ $shop }

closed-title = 此链接已失效
closed-text = 链接只能在一个浏览器中打开一次，且有时间限制。请返回原来的商店重新开始。
unavailable-title = 此页面暂时无法使用
unavailable-text = 没有任何内容丢失。请稍后再试。
