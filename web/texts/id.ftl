# Indonesian, with Anda. Wants review by a native speaker.

label = Kode dari pesan
numbers = { $count ->
   *[other] Kode terdiri dari { $count } angka.
}
characters = { $count ->
   *[other] Kode terdiri dari { $count } huruf dan angka.
}
too-few = Kode belum lengkap.
too-many = Yang dimasukkan terlalu panjang.

amount = Jumlah
payee = Kepada
sent = Kami mengirim pesan berisi kode ke { $to }.
sent-voice = Kami menelepon { $to } untuk membacakan kode.
sent-email = Kami mengirim email berisi kode ke { $to }.
usually = { $count ->
   *[other] Biasanya tiba dalam { $count } detik.
}
ends-in = Kode berakhir dalam { $time }.
ends-soon = { $count ->
   *[other] Kode berakhir dalam { $count } detik.
}

confirm = Konfirmasi
checking = Memeriksa kode…
resend = Kirim pesan lain
resend-wait = { $count ->
   *[other] Anda bisa meminta pesan lain dalam { $count } detik.
}
resend-ready = Anda bisa meminta pesan lain sekarang.
resent = Kami mengirim pesan lain.
no-message = Tidak ada pesan?
no-message-help = Pastikan ponsel Anda menyala dan mendapat sinyal. Kami mengirim kode ke { $to }.
by-sms = Kirim lewat SMS
by-voice = Telepon saya saja
by-whatsapp = Kirim lewat WhatsApp
by-telegram = Kirim lewat Telegram
by-email = Kirim lewat email
not-me = Ini bukan saya
not-me-sure = Hentikan? Kode tidak akan berlaku lagi.
not-me-yes = Ya, hentikan
not-me-no = Tidak, kembali

approved = Terkonfirmasi. Terima kasih.
incorrect = Kode itu tidak tepat. Periksa pesan terbaru dari { $shop }.
not-approved = Kode itu tidak diterima. Periksa pesan terbaru dari { $shop }.
superseded = Itu kode yang lebih lama. Pakai kode di pesan terbaru dari { $shop }.
attempts-left = { $count ->
   *[other] Tersisa { $count } percobaan.
}
expired = Kode ini sudah tidak berlaku. Silakan mulai lagi untuk mendapatkan kode baru.
exhausted = Terlalu banyak kode salah. Silakan mulai lagi untuk mendapatkan kode baru.
canceled = Ini telah dibatalkan. Tidak ada yang disetujui.
denied = Terima kasih atas laporannya. Tidak ada yang disetujui.
over = Ini sudah berakhir. Silakan mulai lagi untuk mendapatkan kode baru.

loading = Sebentar…
unreachable = Kami tidak dapat dihubungi saat ini. Yang Anda ketik masih ada. Silakan coba lagi.
try-again = Coba lagi

frame = Konfirmasi dengan kode
frame-failed = Bagian halaman ini tidak dimuat. Silakan coba lagi.
