# Hindi, with the polite form. Wants review by a native speaker.

heading-login = { $shop } में लॉगिन करें
heading-signup = { $shop } खाता बनाएँ
heading-payment = भुगतान की मंज़ूरी दें
heading-account-change = खाते में बदलाव की मंज़ूरी दें
heading-order = ऑर्डर की पुष्टि करें
heading-other = पुष्टि करें कि यह आप ही हैं

title-error = गड़बड़ी: { $title }

approving-amount = राशि
approving-payee = प्राप्तकर्ता

number-label = आपका फ़ोन नंबर
number-hint-region = देश का कोड न हो तो इसे { $code } वाला नंबर माना जाएगा।
number-hint = + और देश के कोड से शुरू करें।
number-next-sms = हम इस नंबर पर SMS से एक कोड भेजेंगे। अगले पेज पर आप वह कोड डालेंगे।
number-next = हम इस नंबर पर एक कोड भेजेंगे। अगले पेज पर आप वह कोड डालेंगे।
number-submit = कोड भेजें
number-error = यह फ़ोन नंबर नहीं है। देखें कि कोई अंक छूटा या दोहराया न हो।
number-error-country = नंबर को + और देश के कोड से शुरू करें।
number-error-refused = हम इस नंबर पर कोड नहीं भेज सकते। इसे जाँचें या कोई दूसरा नंबर दें।
number-error-unavailable = हम अभी कोड नहीं भेज सकते। नंबर यहीं मौजूद है। कृपया फिर से कोशिश करें।
number-other = दूसरा नंबर इस्तेमाल करें

code-label-numeric = { $length ->
    [one] { $length } अंक का कोड
   *[other] { $length } अंकों का कोड
}
code-label-alphanumeric = { $length ->
    [one] { $length } अंक या अक्षर का कोड
   *[other] { $length } अंकों और अक्षरों का कोड
}
sent-sms = हमने कोड SMS से { $phone } पर भेजा है।
sent-voice = कोड बताने के लिए हम { $phone } पर कॉल कर रहे हैं।
sent-whatsapp = हमने कोड WhatsApp से { $phone } पर भेजा है।
sent-telegram = हमने कोड Telegram से { $phone } पर भेजा है।
sent-email = हमने कोड आपके ईमेल पते पर भेजा है।
usually = { $seconds ->
    [one] आम तौर पर { $seconds } सेकंड से कम लगता है।
   *[other] आम तौर पर { $seconds } सेकंड से कम लगते हैं।
}
never-tell = कोड किसी को न बताएँ, ऐसे व्यक्ति को भी नहीं जो खुद को { $shop } का बताए।
submit-payment = { $amount } की मंज़ूरी दें
submit = आगे बढ़ें
sending = एक क्षण…

works-minutes = { $minutes ->
    [one] कोड करीब { $minutes } मिनट और चलेगा।
   *[other] कोड करीब { $minutes } मिनट और चलेगा।
}
works-time = कोड { $time } और चलेगा।
works-warning = कोड आधे मिनट में बंद हो जाएगा। ज़्यादा समय चाहिए तो { $shop } से फिर शुरू करें।
works-over = इस कोड का समय खत्म हो गया है। { $shop } पर वापस जाकर फिर शुरू करें।

error-too-short = { $length ->
    [one] कोड अभी पूरा नहीं है: इसमें { $length } अंक या अक्षर है।
   *[other] कोड अभी पूरा नहीं है: इसमें { $length } अंक या अक्षर हैं।
}
error-unreadable = { $length ->
    [one] कोड वैसे ही डालें जैसे संदेश में है: केवल { $length } अंक या अक्षर।
   *[other] कोड वैसे ही डालें जैसे संदेश में है: केवल { $length } अंक या अक्षर।
}
error-incorrect = { $left ->
    [0] यह कोड सही नहीं है।
    [one] यह कोड सही नहीं है। { $shop } का सबसे नया संदेश देखें। आप { $left } बार और कोशिश कर सकते हैं।
   *[other] यह कोड सही नहीं है। { $shop } का सबसे नया संदेश देखें। आप { $left } बार और कोशिश कर सकते हैं।
}
error-not-approved = इस कोड से भुगतान को मंज़ूरी नहीं मिली। { $shop } का सबसे नया संदेश देखें, या वापस जाकर फिर शुरू करें।
error-not-approved-left = { $left ->
    [one] इस कोड से भुगतान को मंज़ूरी नहीं मिली। { $shop } का सबसे नया संदेश देखें। आप { $left } बार और कोशिश कर सकते हैं, फिर यह भुगतान रोक दिया जाएगा।
   *[other] इस कोड से भुगतान को मंज़ूरी नहीं मिली। { $shop } का सबसे नया संदेश देखें। आप { $left } बार और कोशिश कर सकते हैं, फिर यह भुगतान रोक दिया जाएगा।
}
error-superseded = इस कोड की जगह नया कोड आ चुका है। सबसे नए संदेश का कोड डालें।
error-unavailable = हम अभी कोड की जाँच नहीं कर पा रहे हैं। आपका लिखा हुआ यहीं है। कृपया फिर कोशिश करें: वही कोड केवल एक बार गिना जाता है।
error-form = यह पेज बहुत देर तक खुला रहा, या कहीं और भी खुला है। कृपया फिर कोशिश करें।

help-title = संदेश नहीं मिला?
help-wait = आप { $seconds } सेकंड में दूसरा संदेश माँग सकते हैं।
help-ready = अब आप दूसरा संदेश माँग सकते हैं।
help-none = अब और संदेश नहीं भेजे जा सकते। { $shop } पर वापस जाकर फिर शुरू करें।
resend = फिर से भेजें
resend-voice = मुझे कॉल करें
resend-whatsapp = WhatsApp से भेजें
resend-telegram = Telegram से भेजें
resend-email = ईमेल से भेजें
resend-sms = SMS से भेजें
resent = हमने दूसरा संदेश भेजा है। कोड आम तौर पर वही होता है; अलग हो तो नया वाला डालें।
not-now = हम अभी दूसरा संदेश नहीं भेज सकते।
soon = आप 10 सेकंड में दूसरा संदेश माँग सकते हैं।
report = यह मैंने नहीं किया
report-hint = अगर आपने इसे नहीं माँगा, तो हमें बताएँ: कोड काम करना बंद कर देगा।

challenge-title = एक क्षण
challenge-text = आपके ब्राउज़र की जाँच हो रही है। इसमें कुछ सेकंड लगते हैं।
challenge-unable = इस चरण के लिए नए ब्राउज़र में JavaScript चाहिए। इसे चालू करें, दूसरा ब्राउज़र इस्तेमाल करें या दूसरे तरीके के लिए { $shop } से संपर्क करें।
challenge-retry = फिर कोशिश करें

approved-title = हो गया
approved-text = पुष्टि हो गई कि यह आप ही हैं। आप { $shop } पर वापस जा सकते हैं।
expired-title = समय खत्म हो गया
expired-text = कोड समय पर नहीं डाला गया। कुछ भी नहीं बदला है। { $shop } पर वापस जाकर फिर शुरू करें; वहाँ सब कुछ वैसा ही है।
exhausted-title = बहुत बार गलत कोड डाला गया
exhausted-text = आपकी सुरक्षा के लिए यह कोड अब स्वीकार नहीं होगा। { $shop } पर वापस जाकर फिर शुरू करें।
canceled-title = इसे रद्द कर दिया गया है
canceled-text = { $shop } ने इसे रद्द किया है, या आपने कहीं और फिर शुरू किया है।
denied-title = बताने के लिए धन्यवाद
denied-text = कोड अब स्वीकार नहीं होगा, और { $shop } को पता है कि यह आपने नहीं किया। फिर ऐसा हो तो { $shop } को बताएँ।
back = { $shop } पर वापस जाएँ

closed-title = यह लिंक अब काम नहीं करता
closed-text = यह एक बार, एक ही ब्राउज़र में और थोड़े समय के लिए खुलता है। जिस दुकान से आप आए थे, वहाँ वापस जाकर फिर शुरू करें।
unavailable-title = यह पेज अभी उपलब्ध नहीं है
unavailable-text = कुछ भी खोया नहीं है। थोड़ी देर में फिर कोशिश करें।
