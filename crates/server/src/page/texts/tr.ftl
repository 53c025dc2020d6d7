# Turkish, formal; names carry no suffixes. Wants review by a native speaker.

heading-login = { $shop } hesabında oturum açın
heading-signup = { $shop } üyeliğinizi oluşturun
heading-payment = Ödemenizi onaylayın
heading-account-change = Hesap değişikliğini onaylayın
heading-order = Siparişinizi onaylayın
heading-other = Siz olduğunuzu onaylayın

title-error = Hata: { $title }

approving-amount = Tutar
approving-payee = Alıcı

number-label = Telefon numaranız
number-hint-region = Ülke kodu yoksa { $code } ile başlayan bir numara sayılır.
number-hint = + ve ülke koduyla başlayın.
number-next-sms = Bu numaraya kısa mesajla bir kod göndereceğiz. Kodu bir sonraki sayfada gireceksiniz.
number-next = Bu numaraya bir kod göndereceğiz. Kodu bir sonraki sayfada gireceksiniz.
number-submit = Kodu gönder
number-error = Bu bir telefon numarası değil. Eksik ya da fazla rakam olup olmadığına bakın.
number-error-country = Numaraya + ve ülke koduyla başlayın.
number-error-refused = Bu numaraya kod gönderemiyoruz. Numarayı kontrol edin ya da başka bir numara kullanın.
number-error-unavailable = Şu anda kod gönderemiyoruz. Numara hâlâ burada. Lütfen yeniden deneyin.
number-other = Başka bir numara kullan

code-label-numeric = { $length ->
    [one] { $length } haneli kod
   *[other] { $length } haneli kod
}
code-label-alphanumeric = { $length ->
    [one] { $length } karakterli kod
   *[other] { $length } karakterli kod
}
sent-sms = Kodu { $phone } numarasına SMS ile gönderdik.
sent-voice = Kodu okumak için { $phone } numarasını arıyoruz.
sent-whatsapp = Kodu { $phone } numarasına WhatsApp ile gönderdik.
sent-telegram = Kodu { $phone } numarasına Telegram ile gönderdik.
sent-email = Kodu e-posta adresinize gönderdik.
usually = { $seconds ->
    [one] Genellikle { $seconds } saniyeden kısa sürer.
   *[other] Genellikle { $seconds } saniyeden kısa sürer.
}
never-tell = Kodu kimseye vermeyin, { $shop } adına aradığını söyleyen birine bile.
submit-payment = { $amount } ödemeyi onayla
submit = Devam et
sending = Bir saniye…

works-minutes = { $minutes ->
    [one] Kod yaklaşık { $minutes } dakika daha geçerli.
   *[other] Kod yaklaşık { $minutes } dakika daha geçerli.
}
works-time = Kodun kalan süresi: { $time }
works-warning = Kodun süresi yarım dakika sonra doluyor. Daha fazla zamana ihtiyacınız varsa { $shop } sitesinden yeniden başlayın.
works-over = Bu kodun süresi doldu. { $shop } sitesine dönüp yeniden başlayın.

error-too-short = { $length ->
    [one] Kodun tamamını girmediniz: kod { $length } karakterdir.
   *[other] Kodun tamamını girmediniz: kod { $length } karakterdir.
}
error-unreadable = { $length ->
    [one] Kodu mesajdaki gibi girin: { $length } karakter, yalnızca rakam veya harf.
   *[other] Kodu mesajdaki gibi girin: { $length } karakter, yalnızca rakam veya harf.
}
error-incorrect = { $left ->
    [0] Bu kod doğru değil.
    [one] Bu kod doğru değil. { $shop } tarafından gönderilen son mesaja bakın. { $left } deneme hakkınız kaldı.
   *[other] Bu kod doğru değil. { $shop } tarafından gönderilen son mesaja bakın. { $left } deneme hakkınız kaldı.
}
error-not-approved = Ödeme bu kodla onaylanmadı. { $shop } tarafından gönderilen son mesaja bakın ya da geri dönüp yeniden başlayın.
error-not-approved-left = { $left ->
    [one] Ödeme bu kodla onaylanmadı. { $shop } tarafından gönderilen son mesaja bakın. { $left } deneme hakkınız kaldı, sonra bu ödeme engellenir.
   *[other] Ödeme bu kodla onaylanmadı. { $shop } tarafından gönderilen son mesaja bakın. { $left } deneme hakkınız kaldı, sonra bu ödeme engellenir.
}
error-superseded = Bu kodun yerine yenisi gönderildi. Son mesajdaki kodu girin.
error-unavailable = Kodu şu anda kontrol edemiyoruz. Yazdıklarınız hâlâ burada. Lütfen yeniden deneyin: aynı kod yalnızca bir kez sayılır.
error-form = Bu sayfa çok uzun süre açık kaldı ya da başka bir yerde de açık. Lütfen yeniden deneyin.

help-title = Mesaj gelmedi mi?
help-wait = { $seconds } sn sonra yeni bir mesaj isteyebilirsiniz.
help-ready = Şimdi yeni bir mesaj isteyebilirsiniz.
help-none = Başka mesaj gönderilemiyor. { $shop } sitesine dönüp yeniden başlayın.
resend = Yeniden gönder
resend-voice = Bunun yerine beni ara
resend-whatsapp = WhatsApp ile gönder
resend-telegram = Telegram ile gönder
resend-email = E-posta ile gönder
resend-sms = SMS ile gönder
resent = Bir mesaj daha gönderdik. Kod genellikle aynıdır; değilse yeni olanı kullanın.
not-now = Şu anda başka mesaj gönderemiyoruz.
soon = 10 saniye sonra yeni bir mesaj isteyebilirsiniz.
report = Bu ben değildim
report-hint = Bunu siz istemediyseniz bize bildirin: kod geçersiz olur.

challenge-title = Bir dakika
challenge-text = Tarayıcınız kontrol ediliyor. Bu birkaç saniye sürer.
challenge-unable = Bu adım için güncel bir tarayıcıda JavaScript gerekir. Açın, başka bir tarayıcı kullanın ya da başka bir yol için { $shop } ile iletişime geçin.
challenge-retry = Yeniden dene

approved-title = Tamamlandı
approved-text = Siz olduğunuzu onayladınız. { $shop } sitesine dönebilirsiniz.
expired-title = Süre doldu
expired-text = Kod zamanında girilmedi. Hiçbir işlem yapılmadı. { $shop } sitesine dönüp yeniden başlayın; oradaki her şey duruyor.
exhausted-title = Çok fazla yanlış kod
exhausted-text = Sizi korumak için bu kod artık kabul edilmiyor. { $shop } sitesine dönüp yeniden başlayın.
canceled-title = Bu işlem iptal edildi
canceled-text = { $shop } işlemi iptal etti ya da başka bir yerde yeniden başladınız.
denied-title = Bildirdiğiniz için teşekkürler
denied-text = Kod artık kabul edilmiyor ve { $shop } bunu sizin istemediğinizi biliyor. Yine olursa { $shop } ile iletişime geçin.
back = { $shop } sitesine dön

closed-title = Bu bağlantı artık çalışmıyor
closed-text = Yalnızca bir kez, tek bir tarayıcıda ve kısa bir süre için açılır. Geldiğiniz mağazaya dönüp yeniden başlayın.
unavailable-title = Bu sayfa şu anda kullanılamıyor
unavailable-text = Hiçbir şey kaybolmadı. Birazdan yeniden deneyin.
