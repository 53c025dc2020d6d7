//! The definitions that come with this version. Each is a file in `definitions/`, its fixtures beside it.

/// Names, definitions and fixtures.
macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        const SHIPPED: &[(&str, &str, &str)] = &[$((
            $name,
            include_str!(concat!("../../definitions/", $name, ".toml")),
            include_str!(concat!("../../definitions/fixtures/", $name, ".toml")),
        )),*];

    };
}

shipped!(
    "africastalking",
    "android-sms-gateway",
    "aws-sms-voice",
    "aws-voice",
    "bandwidth",
    "brevo",
    "clicksend",
    "infobip",
    "jasmin",
    "kannel",
    "messagebird",
    "msg91",
    "plivo",
    "sinch",
    "telegram-gateway",
    "telnyx",
    "twilio",
    "twilio-voice",
    "vonage-messages",
    "vonage-sms",
    "whatsapp-cloud",
);

/// The text of a definition, by its name.
pub fn definition(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(known, ..)| *known == name).map(|(_, definition, _)| *definition)
}

/// The text of its fixtures.
pub fn fixtures(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(known, ..)| *known == name).map(|(.., fixtures)| *fixtures)
}

/// The names, in alphabetical order.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, ..)| *name)
}
