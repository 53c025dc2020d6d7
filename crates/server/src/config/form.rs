//! The forms that texts in the configuration have, each with what is wrong about a text that has not.

use super::network::Network;
use super::problem::Mistake;
use super::url::{ProviderUrl, PublicUrl};

use std::net::SocketAddr;
use std::str::FromStr;

use countersign_core::id::AppId;
use countersign_core::money::Currency;
use countersign_core::phone::Country;
use countersign_core::price::Price;
use countersign_core::verification::Channel;
use countersign_delivery::provider::ProviderName;
use countersign_delivery::route::place::Prefix;
use countersign_delivery::sender::SenderId;
use countersign_delivery::sender_rules::DltTemplate;

/// The form of a text.
pub(super) struct Form {
    /// Such as "an IP address with a port".
    pub(super) name: &'static str,
    pub(super) check: fn(&str) -> Result<(), Mistake>,
}

fn parses<T: FromStr<Err = Mistake>>(text: &str) -> Result<(), Mistake> {
    text.parse::<T>().map(|_| ())
}

pub(super) static ADDRESS: Form = Form {
    name: "IP address with a port",
    check: |text| {
        let mistake = || {
            Mistake::new(
                format!("{text:?} is not an IP address with a port"),
                "write such as \"127.0.0.1:8080\", \"0.0.0.0:8080\" or \"[::1]:8080\"; names are not looked up",
            )
        };
        text.parse::<SocketAddr>().map(|_| ()).map_err(|_| mistake())
    },
};

pub(super) static PUBLIC_URL: Form = Form { name: "URL without a path", check: parses::<PublicUrl> };

pub(super) static PROVIDER_URL: Form = Form { name: "https URL", check: parses::<ProviderUrl> };

pub(super) static NETWORK: Form =
    Form { name: "an IP address or a network such as 10.0.0.0/8", check: parses::<Network> };

pub(super) static PATH: Form = Form {
    name: "path",
    check: |text| {
        if text.is_empty() || text.contains('\0') {
            return Err(Mistake::new("the path is empty", "write a path such as \"/var/lib/countersign\""));
        }
        if text.len() > 4_095 {
            return Err(Mistake::new("the path is longer than 4095 bytes", "write a shorter path"));
        }
        Ok(())
    },
};

pub(super) static PROVIDER_NAME: Form = Form {
    name: "a name of 1 to 32 of a-z, 0-9, - and _",
    check: |text| {
        text.parse::<ProviderName>().map(|_| ()).map_err(|_| {
            Mistake::new(
                format!("{text:?} is not a provider's name"),
                "write 1 to 32 of a-z, 0-9, - and _, such as \"gateway-1\"",
            )
        })
    },
};

pub(super) static COUNTRY: Form = Form {
    name: "a country's two letters (ISO 3166-1)",
    check: |text| {
        text.parse::<Country>().map(|_| ()).map_err(|_| {
            Mistake::new(format!("{text:?} is no country"), "write its two letters, such as \"GB\"")
        })
    },
};

pub(super) static PREFIX: Form = Form {
    name: "the first 1 to 15 digits of international numbers",
    check: |text| {
        text.parse::<Prefix>().map(|_| ()).map_err(|error| {
            Mistake::new(
                format!("{text:?}: {error}"),
                "write digits, the country code first, such as \"4477\"",
            )
        })
    },
};

pub(super) static OWN_CHANNEL: Form = Form {
    name: "sms, voice, whatsapp or telegram",
    check: |text| match text.parse::<Channel>() {
        Ok(channel) if channel != Channel::Email => Ok(()),
        _ => Err(Mistake::new(
            format!("{text:?} is no channel of an endpoint"),
            "write sms, voice, whatsapp or telegram; e-mail goes by a provider of kind \"smtp\"",
        )),
    },
};

pub(super) static APP: Form = Form {
    name: "an app's id",
    check: |text| {
        text.parse::<AppId>().map(|_| ()).map_err(|_| {
            Mistake::new(format!("{text:?} is no app's id"), "write it as `countersign app list` prints it")
        })
    },
};

pub(super) static CURRENCY: Form = Form {
    name: "a currency's three letters (ISO 4217)",
    check: |text| {
        text.parse::<Currency>().map(|_| ()).map_err(|_| {
            Mistake::new(format!("{text:?} is no currency"), "write its three letters, such as \"EUR\"")
        })
    },
};

pub(super) static AMOUNT: Form = Form {
    name: "an amount of money in quotes",
    check: |text| {
        Price::parse_micros(text).map(|_| ()).map_err(|wrong| {
            Mistake::new(format!("{text:?} is no amount: {wrong}"), "write it such as \"0.50\"")
        })
    },
};

pub(super) static SENDER: Form = Form {
    name: "a number of 3 to 15 digits, or a name of at most 11 characters",
    check: |text| {
        text.parse::<SenderId>().map(|_| ()).map_err(|error| {
            Mistake::new(
                format!("{text:?} is no sender: {error}"),
                "write such as \"Shop\" or \"+4915112345678\"",
            )
        })
    },
};

pub(super) static DLT_ID: Form = Form {
    name: "an id of 1 to 32 digits",
    check: |text| {
        if (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(());
        }
        Err(Mistake::new(
            format!("{text:?} is no id of India's registry"),
            "write the digits that the registry shows",
        ))
    },
};

pub(super) static DLT_TEXT: Form = Form {
    name: "a registered text with {#var#} in it",
    check: |text| {
        text.parse::<DltTemplate>().map(|_| ()).map_err(|error| {
            Mistake::new(error.to_string(), "write it as it is registered, with {#var#} for values")
        })
    },
};
