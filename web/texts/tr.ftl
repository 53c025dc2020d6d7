# Turkish, formal; names carry no suffixes. Wants review by a native speaker.

label = Mesajdaki kod
numbers = { $count ->
    [one] Kod { $count } rakamdan oluşur.
   *[other] Kod { $count } rakamdan oluşur.
}
characters = { $count ->
    [one] Kod { $count } harf veya rakamdan oluşur.
   *[other] Kod { $count } harf ve rakamdan oluşur.
}
too-few = Kodun tamamını girmediniz.
too-many = Gereğinden fazla karakter girdiniz.

amount = Tutar
payee = Alıcı
sent = Kodu içeren bir mesaj gönderdik: { $to }
sent-voice = Size bir kod okumak için arıyoruz: { $to }
sent-email = Kodu içeren bir e-posta gönderdik: { $to }
usually = { $count ->
    [one] Genellikle { $count } saniye içinde gelir.
   *[other] Genellikle { $count } saniye içinde gelir.
}
ends-in = Kodun kalan süresi: { $time }
ends-soon = { $count ->
    [one] Kodun süresi { $count } saniye sonra doluyor.
   *[other] Kodun süresi { $count } saniye sonra doluyor.
}

confirm = Onayla
checking = Kod kontrol ediliyor…
resend = Bir mesaj daha gönder
resend-wait = { $count ->
    [one] { $count } saniye sonra yeni bir mesaj isteyebilirsiniz.
   *[other] { $count } saniye sonra yeni bir mesaj isteyebilirsiniz.
}
resend-ready = Şimdi yeni bir mesaj isteyebilirsiniz.
resent = Bir mesaj daha gönderdik.
no-message = Mesaj gelmedi mi?
no-message-help = Telefonunuzun açık olduğunu ve çektiğini kontrol edin. Kodu buraya gönderdik: { $to }
by-sms = SMS ile gönder
by-voice = Bunun yerine beni ara
by-whatsapp = WhatsApp ile gönder
by-telegram = Telegram ile gönder
by-email = E-posta ile gönder
not-me = Bu ben değildim
not-me-sure = İşlem durdurulsun mu? Kod geçersiz olur.
not-me-yes = Evet, durdur
not-me-no = Hayır, geri dön

approved = Onaylandı. Teşekkürler.
incorrect = Bu kod doğru değil. { $shop } tarafından gönderilen son mesaja bakın.
not-approved = Bu kod kabul edilmedi. { $shop } tarafından gönderilen son mesaja bakın.
superseded = Bu daha eski bir kod. { $shop } tarafından gönderilen son mesajdaki kodu kullanın.
attempts-left = { $count ->
    [one] { $count } deneme hakkınız kaldı.
   *[other] { $count } deneme hakkınız kaldı.
}
expired = Bu kodun süresi doldu. Yeni kod almak için yeniden başlayın.
exhausted = Çok fazla yanlış kod girildi. Yeni kod almak için yeniden başlayın.
canceled = Bu işlem iptal edildi. Hiçbir şey onaylanmadı.
denied = Bildirdiğiniz için teşekkürler. Hiçbir şey onaylanmadı.
over = Bu işlem sona erdi. Yeni kod almak için yeniden başlayın.

loading = Bir dakika…
unreachable = Şu anda bize ulaşılamıyor. Yazdıklarınız hâlâ burada. Lütfen yeniden deneyin.
try-again = Yeniden dene

frame = Kodla onay
frame-failed = Sayfanın bu bölümü yüklenmedi. Lütfen yeniden deneyin.
