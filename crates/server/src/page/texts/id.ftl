# Indonesian, with Anda. Wants review by a native speaker.

heading-login = Masuk ke { $shop }
heading-signup = Buat akun { $shop } Anda
heading-payment = Setujui pembayaran Anda
heading-account-change = Setujui perubahan akun Anda
heading-order = Konfirmasi pesanan Anda
heading-other = Konfirmasi bahwa ini Anda

title-error = Kesalahan: { $title }

approving-amount = Jumlah
approving-payee = Kepada

number-label = Nomor telepon Anda
number-hint-region = Tanpa kode negara, nomor dibaca sebagai nomor { $code }.
number-hint = Mulailah dengan + dan kode negara.
number-next-sms = Kami akan mengirim kode lewat SMS ke nomor ini. Kode itu Anda masukkan di halaman berikutnya.
number-next = Kami akan mengirim kode ke nomor ini. Kode itu Anda masukkan di halaman berikutnya.
number-submit = Kirim kode
number-error = Itu bukan nomor telepon. Periksa apakah ada angka yang kurang atau berlebih.
number-error-country = Awali nomor dengan + dan kode negara.
number-error-refused = Kami tidak dapat mengirim kode ke nomor ini. Periksa nomornya atau gunakan nomor lain.
number-error-unavailable = Kami tidak dapat mengirim kode saat ini. Nomornya masih ada di sini. Silakan coba lagi.
number-other = Gunakan nomor lain

code-label-numeric = { $length ->
   *[other] Kode { $length } angka
}
code-label-alphanumeric = { $length ->
   *[other] Kode { $length } karakter
}
sent-sms = Kami mengirim kode lewat SMS ke { $phone }.
sent-voice = Kami menelepon { $phone } untuk membacakan kode.
sent-whatsapp = Kami mengirim kode lewat WhatsApp ke { $phone }.
sent-telegram = Kami mengirim kode lewat Telegram ke { $phone }.
sent-email = Kami mengirim kode ke alamat email Anda.
usually = { $seconds ->
   *[other] Biasanya kurang dari { $seconds } detik.
}
never-tell = Jangan berikan kode ini kepada siapa pun, bahkan kepada orang yang mengaku dari { $shop }.
submit-payment = Setujui { $amount }
submit = Lanjutkan
sending = Sebentar…

works-minutes = { $minutes ->
   *[other] Kode berlaku sekitar { $minutes } menit lagi.
}
works-time = Kode berlaku { $time } lagi.
works-warning = Kode berakhir dalam setengah menit. Jika perlu waktu lebih lama, mulai lagi dari { $shop }.
works-over = Kode ini sudah tidak berlaku. Kembali ke { $shop } dan mulai lagi.

error-too-short = { $length ->
   *[other] Kode belum lengkap: kode terdiri dari { $length } karakter.
}
error-unreadable = { $length ->
   *[other] Masukkan kode seperti di pesan: { $length } karakter, hanya angka atau huruf.
}
error-incorrect = { $left ->
    [0] Kode itu tidak tepat.
   *[other] Kode itu tidak tepat. Periksa pesan terbaru dari { $shop }. Tersisa { $left } percobaan.
}
error-not-approved = Pembayaran tidak disetujui dengan kode ini. Periksa pesan terbaru dari { $shop }, atau kembali dan mulai lagi.
error-not-approved-left = { $left ->
   *[other] Pembayaran tidak disetujui dengan kode ini. Periksa pesan terbaru dari { $shop }. Tersisa { $left } percobaan, lalu pembayaran ini diblokir.
}
error-superseded = Kode itu sudah diganti dengan yang lebih baru. Masukkan kode dari pesan terbaru.
error-unavailable = Kami belum bisa memeriksa kode saat ini. Yang Anda ketik masih ada. Silakan coba lagi: kode yang sama hanya dihitung sekali.
error-form = Halaman ini terbuka terlalu lama, atau juga terbuka di tempat lain. Silakan coba lagi.

help-title = Tidak ada pesan?
help-wait = Anda bisa meminta pesan lain dalam { $seconds } dtk.
help-ready = Anda bisa meminta pesan lain sekarang.
help-none = Tidak ada lagi pesan yang bisa dikirim. Kembali ke { $shop } dan mulai lagi.
resend = Kirim lagi
resend-voice = Telepon saya saja
resend-whatsapp = Kirim lewat WhatsApp
resend-telegram = Kirim lewat Telegram
resend-email = Kirim lewat email
resend-sms = Kirim lewat SMS
resent = Kami mengirim pesan lain. Kodenya biasanya sama; jika tidak, pakai yang lebih baru.
not-now = Kami belum bisa mengirim pesan lain saat ini.
soon = Anda bisa meminta pesan lain dalam 10 detik.
report = Ini bukan saya
report-hint = Jika Anda tidak memintanya, beri tahu kami: kode tidak akan berlaku lagi.

challenge-title = Sebentar
challenge-text = Kami sedang memeriksa peramban Anda. Ini perlu beberapa detik.
challenge-unable = Langkah ini memerlukan JavaScript di peramban terbaru. Aktifkan, gunakan peramban lain, atau hubungi { $shop } untuk cara lain.
challenge-retry = Coba lagi

approved-title = Selesai
approved-text = Anda sudah mengonfirmasi bahwa ini Anda. Anda bisa kembali ke { $shop }.
expired-title = Waktu habis
expired-text = Kode tidak dimasukkan tepat waktu. Tidak ada yang terjadi. Kembali ke { $shop } dan mulai lagi; semua yang ada di sana masih tersimpan.
exhausted-title = Terlalu banyak kode salah
exhausted-text = Demi keamanan Anda, kode ini tidak diterima lagi. Kembali ke { $shop } dan mulai lagi.
canceled-title = Ini telah dibatalkan
canceled-text = Dibatalkan oleh { $shop }, atau Anda sudah memulai lagi di tempat lain.
denied-title = Terima kasih atas laporannya
denied-text = Kode tidak diterima lagi, dan { $shop } tahu bahwa ini bukan Anda. Jika terjadi lagi, beri tahu { $shop }.
back = Kembali ke { $shop }

closed-title = Tautan ini tidak berlaku lagi
closed-text = Tautan ini terbuka sekali, di satu browser, dan hanya sebentar. Kembali ke toko asal Anda dan mulai lagi.
unavailable-title = Halaman ini sedang tidak tersedia
unavailable-text = Tidak ada yang hilang. Coba lagi sebentar lagi.
