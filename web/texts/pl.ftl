# Polish, with the plain imperative of the messages. Wants review by a native speaker.

label = Kod z wiadomości
numbers = { $count ->
    [one] Kod ma { $count } cyfrę.
    [few] Kod ma { $count } cyfry.
    [many] Kod ma { $count } cyfr.
   *[other] Kod ma { $count } cyfry.
}
characters = { $count ->
    [one] Kod ma { $count } znak: literę lub cyfrę.
    [few] Kod ma { $count } znaki: litery i cyfry.
    [many] Kod ma { $count } znaków: liter i cyfr.
   *[other] Kod ma { $count } znaku: liter i cyfr.
}
too-few = To jeszcze nie cały kod.
too-many = Wpisany tekst jest za długi.

amount = Kwota
payee = Odbiorca
sent = Wysłaliśmy wiadomość z kodem na { $to }.
sent-voice = Dzwonimy na { $to }, aby podać kod.
sent-email = Wysłaliśmy e-mail z kodem na { $to }.
usually = { $count ->
    [one] Zwykle dociera w ciągu { $count } sekundy.
    [few] Zwykle dociera w ciągu { $count } sekund.
    [many] Zwykle dociera w ciągu { $count } sekund.
   *[other] Zwykle dociera w ciągu { $count } sekundy.
}
ends-in = Kod wygaśnie za { $time }.
ends-soon = { $count ->
    [one] Kod wygaśnie za { $count } sekundę.
    [few] Kod wygaśnie za { $count } sekundy.
    [many] Kod wygaśnie za { $count } sekund.
   *[other] Kod wygaśnie za { $count } sekundy.
}

confirm = Potwierdź
checking = Sprawdzamy kod…
resend = Wyślij kolejną wiadomość
resend-wait = { $count ->
    [one] O kolejną wiadomość można poprosić za { $count } sekundę.
    [few] O kolejną wiadomość można poprosić za { $count } sekundy.
    [many] O kolejną wiadomość można poprosić za { $count } sekund.
   *[other] O kolejną wiadomość można poprosić za { $count } sekundy.
}
resend-ready = Teraz można poprosić o kolejną wiadomość.
resent = Wysłaliśmy kolejną wiadomość.
no-message = Brak wiadomości?
no-message-help = Sprawdź, czy telefon jest włączony i ma zasięg. Wysłaliśmy kod na { $to }.
by-sms = Wyślij SMS-em
by-voice = Wolę rozmowę głosową
by-whatsapp = Wyślij przez WhatsApp
by-telegram = Wyślij przez Telegram
by-email = Wyślij e-mailem
not-me = To nie ja
not-me-sure = Przerwać? Kod przestanie działać.
not-me-yes = Tak, przerwij
not-me-no = Nie, wróć

approved = Potwierdzono. Dziękujemy.
incorrect = Ten kod się nie zgadza. Sprawdź najnowszą wiadomość od { $shop }.
not-approved = Ten kod nie został przyjęty. Sprawdź najnowszą wiadomość od { $shop }.
superseded = To starszy kod. Użyj kodu z najnowszej wiadomości od { $shop }.
attempts-left = { $count ->
    [one] Została { $count } próba.
    [few] Zostały { $count } próby.
    [many] Zostało { $count } prób.
   *[other] Zostało { $count } próby.
}
expired = Ten kod wygasł. Zacznij od nowa, aby otrzymać następny.
exhausted = Zbyt wiele błędnych kodów. Zacznij od nowa, aby otrzymać następny.
canceled = Anulowano. Niczego nie autoryzowano.
denied = Dziękujemy za informację. Niczego nie autoryzowano.
over = To już zakończone. Zacznij od nowa, aby otrzymać następny kod.

loading = Chwileczkę…
unreachable = Chwilowo brak połączenia z nami. Wpisany tekst jest nadal tutaj. Spróbuj ponownie.
try-again = Spróbuj ponownie

frame = Potwierdzenie kodem
frame-failed = Ta część strony się nie wczytała. Spróbuj ponownie.
