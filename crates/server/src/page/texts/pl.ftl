# Polish, with the plain imperative of the messages. Wants review by a native speaker.

heading-login = Logowanie do { $shop }
heading-signup = Rejestracja w { $shop }
heading-payment = Autoryzacja płatności
heading-account-change = Autoryzacja zmiany danych konta
heading-order = Potwierdzenie zakupu
heading-other = Potwierdź, że to Ty

title-error = Błąd: { $title }

approving-amount = Kwota
approving-payee = Odbiorca

number-label = Numer telefonu
number-hint-region = Bez numeru kierunkowego kraju zostanie odczytany jako numer z { $code }.
number-hint = Zacznij od + i numeru kierunkowego kraju.
number-next-sms = Wyślemy na ten numer kod w wiadomości SMS. Na następnej stronie wpiszesz ten kod.
number-next = Wyślemy na ten numer kod. Na następnej stronie wpiszesz ten kod.
number-submit = Wyślij kod
number-error = To nie jest numer telefonu. Sprawdź, czy nie brakuje cyfry i czy żadna nie jest podwójna.
number-error-country = Zacznij numer od + i numeru kierunkowego kraju.
number-error-refused = Nie możemy wysłać kodu na ten numer. Sprawdź go albo użyj innego.
number-error-unavailable = Nie możemy teraz wysłać kodu. Numer jest nadal wpisany. Spróbuj ponownie.
number-other = Użyj innego numeru

code-label-numeric = { $length ->
    [one] Kod { $length }-cyfrowy
    [few] Kod { $length }-cyfrowy
    [many] Kod { $length }-cyfrowy
   *[other] Kod { $length }-cyfrowy
}
code-label-alphanumeric = { $length ->
    [one] Kod { $length }-znakowy
    [few] Kod { $length }-znakowy
    [many] Kod { $length }-znakowy
   *[other] Kod { $length }-znakowy
}
sent-sms = Wysłaliśmy kod SMS-em na numer { $phone }.
sent-voice = Dzwonimy na numer { $phone }, aby podać kod.
sent-whatsapp = Wysłaliśmy kod przez WhatsApp na numer { $phone }.
sent-telegram = Wysłaliśmy kod przez Telegram na numer { $phone }.
sent-email = Wysłaliśmy kod na Twój adres e-mail.
usually = { $seconds ->
    [one] Zwykle trwa to krócej niż { $seconds } sekundę.
    [few] Zwykle trwa to krócej niż { $seconds } sekundy.
    [many] Zwykle trwa to krócej niż { $seconds } sekund.
   *[other] Zwykle trwa to krócej niż { $seconds } sekundy.
}
never-tell = Nie podawaj kodu nikomu, nawet osobie, która twierdzi, że jest z { $shop }.
submit-payment = Autoryzuj { $amount }
submit = Dalej
sending = Chwileczkę…

works-minutes = { $minutes ->
    [one] Kod działa jeszcze około { $minutes } minuty.
    [few] Kod działa jeszcze około { $minutes } minut.
    [many] Kod działa jeszcze około { $minutes } minut.
   *[other] Kod działa jeszcze około { $minutes } minuty.
}
works-time = Kod działa jeszcze { $time }.
works-warning = Kod wygaśnie za pół minuty. Jeśli potrzebujesz więcej czasu, zacznij od nowa w { $shop }.
works-over = Ten kod wygasł. Wróć do { $shop } i zacznij od nowa.

error-too-short = { $length ->
    [one] To jeszcze nie cały kod: ma on { $length } znak.
    [few] To jeszcze nie cały kod: ma on { $length } znaki.
    [many] To jeszcze nie cały kod: ma on { $length } znaków.
   *[other] To jeszcze nie cały kod: ma on { $length } znaku.
}
error-unreadable = { $length ->
    [one] Wpisz kod tak, jak jest w wiadomości: { $length } znak, cyfra lub litera.
    [few] Wpisz kod tak, jak jest w wiadomości: { $length } znaki, tylko cyfry lub litery.
    [many] Wpisz kod tak, jak jest w wiadomości: { $length } znaków, tylko cyfry lub litery.
   *[other] Wpisz kod tak, jak jest w wiadomości: { $length } znaku, tylko cyfry lub litery.
}
error-incorrect = { $left ->
    [0] Ten kod się nie zgadza.
    [one] Ten kod się nie zgadza. Sprawdź najnowszą wiadomość od { $shop }. Została { $left } próba.
    [few] Ten kod się nie zgadza. Sprawdź najnowszą wiadomość od { $shop }. Zostały { $left } próby.
    [many] Ten kod się nie zgadza. Sprawdź najnowszą wiadomość od { $shop }. Zostało { $left } prób.
   *[other] Ten kod się nie zgadza. Sprawdź najnowszą wiadomość od { $shop }. Zostało { $left } próby.
}
error-not-approved = Płatność nie została autoryzowana tym kodem. Sprawdź najnowszą wiadomość od { $shop } albo wróć i zacznij od nowa.
error-not-approved-left = { $left ->
    [one] Płatność nie została autoryzowana tym kodem. Sprawdź najnowszą wiadomość od { $shop }. Została { $left } próba, potem ta płatność będzie zablokowana.
    [few] Płatność nie została autoryzowana tym kodem. Sprawdź najnowszą wiadomość od { $shop }. Zostały { $left } próby, potem ta płatność będzie zablokowana.
    [many] Płatność nie została autoryzowana tym kodem. Sprawdź najnowszą wiadomość od { $shop }. Zostało { $left } prób, potem ta płatność będzie zablokowana.
   *[other] Płatność nie została autoryzowana tym kodem. Sprawdź najnowszą wiadomość od { $shop }. Zostało { $left } próby, potem ta płatność będzie zablokowana.
}
error-superseded = Ten kod zastąpiono nowszym. Wpisz kod z najnowszej wiadomości.
error-unavailable = Nie możemy teraz sprawdzić kodu. Wpisany tekst jest nadal tutaj. Spróbuj ponownie: ten sam kod liczy się tylko raz.
error-form = Ta strona była otwarta zbyt długo lub jest otwarta także gdzie indziej. Spróbuj ponownie.

help-title = Brak wiadomości?
help-wait = O kolejną wiadomość można poprosić za { $seconds } s.
help-ready = Teraz można poprosić o kolejną wiadomość.
help-none = Nie można wysłać więcej wiadomości. Wróć do { $shop } i zacznij od nowa.
resend = Wyślij ponownie
resend-voice = Wolę rozmowę głosową
resend-whatsapp = Wyślij przez WhatsApp
resend-telegram = Wyślij przez Telegram
resend-email = Wyślij e-mailem
resend-sms = Wyślij SMS-em
resent = Wysłaliśmy kolejną wiadomość. Kod jest w niej zwykle ten sam; jeśli nie, użyj nowszego.
not-now = Nie możemy teraz wysłać kolejnej wiadomości.
soon = O kolejną wiadomość można poprosić za 10 sekund.
report = To nie ja
report-hint = Jeśli to nie Twoja prośba, daj nam znać: kod przestanie działać.

challenge-title = Chwileczkę
challenge-text = Sprawdzamy przeglądarkę. To potrwa kilka sekund.
challenge-unable = Ten krok wymaga JavaScriptu w aktualnej przeglądarce. Włącz go, użyj innej przeglądarki albo zapytaj { $shop } o inny sposób.
challenge-retry = Spróbuj ponownie

approved-title = Gotowe
approved-text = Potwierdzono, że to Ty. Możesz wrócić do { $shop }.
expired-title = Czas minął
expired-text = Kodu nie wpisano na czas. Nic się nie stało. Wróć do { $shop } i zacznij od nowa; wszystko tam zostało zachowane.
exhausted-title = Zbyt wiele błędnych kodów
exhausted-text = Dla Twojej ochrony ten kod nie jest już przyjmowany. Wróć do { $shop } i zacznij od nowa.
canceled-title = Anulowano
canceled-text = Anulowano to w { $shop } albo zaczęto od nowa gdzie indziej.
denied-title = Dziękujemy za informację
denied-text = Kod nie jest już przyjmowany, a { $shop } wie, że to nie Ty. Jeśli to się powtórzy, powiadom { $shop }.
back = Wróć do { $shop }

closed-title = Ten link już nie działa
closed-text = Otwiera się raz, w jednej przeglądarce i tylko przez krótki czas. Wróć do sklepu, z którego prowadził link, i zacznij od nowa.
unavailable-title = Ta strona jest chwilowo niedostępna
unavailable-text = Nic nie przepadło. Spróbuj ponownie za chwilę.
