//! Providers with a file of their own.

use countersign_core::verification::Channel;

use super::*;

const SMPP: &str = "host = \"smsc.example\"\nport = 2775\nsystem_id = \"shop\"\npassword = \"canary12\"\n";
const TWILIO: &str =
    "definition = \"twilio\"\nsender = \"Shop\"\n\n[setting]\naccount_sid = \"AC1\"\n\n[secret]\n";

fn load_carrier(kind: &str, own: &str, mode: u32) -> Result<Config, ConfigErrors> {
    let folder = Folder::new();
    folder.file("carrier.toml", own, mode);
    folder.file("token", "canary-token\n", 0o600);
    let text = format!("[[providers]]\nname = \"carrier\"\nkind = \"{kind}\"\nfile = \"carrier.toml\"\n");
    Config::load(Some(&folder.config(&text)), pairs(&[]))
}

fn refused(kind: &str, own: &str, mode: u32) -> String {
    load_carrier(kind, own, mode).unwrap_err().to_string()
}

#[test]
fn an_smpp_provider_is_read_from_its_file() {
    let config = load_carrier("smpp", SMPP, 0o600).unwrap();
    let Carrier::Smpp(smpp) = &config.providers[0].carrier else { panic!("not smpp") };
    assert_eq!((smpp.host.as_str(), smpp.port, smpp.window), ("smsc.example", 2775, 10));
    assert!(config.remarks().iter().any(|remark| remark.contains("unencrypted")));
    let debug = format!("{config:?}");
    assert!(!debug.contains("canary"), "{debug}");
}

#[test]
fn a_declared_provider_is_made_of_a_definition_its_settings_and_secrets() {
    for secret in ["auth_token = \"canary-token\"", "auth_token = { file = \"token\" }"] {
        let config = load_carrier("declared", &format!("{TWILIO}{secret}\n"), 0o600);
        let config = config.unwrap_or_else(|errors| panic!("{errors}"));
        let Carrier::Declared(carrier) = &config.providers[0].carrier else { panic!("not declared") };
        assert_eq!(carrier.definition.name(), "twilio");
        let debug = format!("{config:?}");
        assert!(!debug.contains("canary"), "{debug}");
    }
}

#[test]
fn the_file_of_the_documentation_is_one() {
    let page = include_str!("../../../../../docs/providers.md");
    let file = page.split_once("```toml provider\n").unwrap().1.split_once("\n```").unwrap().0;
    load_carrier("declared", file, 0o600).unwrap_or_else(|errors| panic!("{errors}"));
}

#[test]
fn an_smtp_server_is_read_from_its_file_and_so_is_that_of_the_documentation() {
    let page = include_str!("../../../../../docs/channels.md");
    let file = page.split_once("```toml smtp\n").unwrap().1.split_once("\n```").unwrap().0;
    let file = file.replace("/etc/countersign/mail.password", "token");
    let config = load_carrier("smtp", &file, 0o600).unwrap_or_else(|errors| panic!("{errors}"));
    let Carrier::Smtp(smtp) = &config.providers[0].carrier else { panic!("not smtp") };
    assert_eq!((smtp.config.port(), smtp.config.user.as_deref()), (587, Some("shop")));
    assert!(config.providers[0].carrier.carries(Channel::Email));
    let debug = format!("{config:?}");
    assert!(!debug.contains("canary"), "{debug}");
    let open = load_carrier("smtp", "host = \"mx.example\"\ntls = \"none\"\nfrom = \"a@b.example\"\n", 0o600)
        .unwrap();
    assert!(open.remarks().iter().any(|remark| remark.contains("unencrypted")));
}

#[test]
fn what_is_wrong_with_a_carriers_file_is_said_without_its_secrets() {
    for (kind, own, mode, expected) in [
        ("smpp", SMPP, 0o644, "others may read"),
        ("smpp", "host = \"smsc.example\"\npasword = \"canary12\"\n", 0o600, "line 2"),
        ("smpp", "host = \"smsc.example\"\n\npassword = [\"canary12\"]\n", 0o600, "line 3"),
        ("smpp", &*format!("{SMPP}window = 0\n"), 0o600, "window"),
        (
            "smpp",
            &*format!("{SMPP}[timing]\nresponse_ms = 9001\n"),
            0o600,
            "line 6: queue_ms and response_ms",
        ),
        (
            "smpp",
            &*format!("{SMPP}timing = {{ queue_ms = 5001 }}\n"),
            0o600,
            "line 5: queue_ms and response_ms",
        ),
        ("declared", "definition = \"twillio\"\n", 0o600, "no definition \"twillio\""),
        ("declared", "sender = \"Shop\"\n", 0o600, "names no definition"),
        ("declared", TWILIO, 0o600, "auth_token"),
        ("smtp", "host = \"mx.example\"\nfrom = \"canary\"\n", 0o600, "no e-mail address"),
        (
            "smtp",
            "host = \"mx.example\"\nfrom = \"a@b.example\"\ntls = \"none\"\nuser = \"u\"\npassword = \"canary12\"\n",
            0o600,
            "password",
        ),
        ("declared", &*format!("{TWILIO}auth_token = {{ file = \"missing\" }}\n"), 0o600, "missing"),
    ] {
        let errors = refused(kind, own, mode);
        assert!(errors.contains("providers[0].file") && errors.contains(expected), "{expected}: {errors}");
        assert!(!errors.contains("canary"), "{errors}");
    }
    let without = load("[[providers]]\nname = \"c\"\nkind = \"smpp\"\n").unwrap_err().to_string();
    assert!(without.contains("file is missing"), "{without}");
    let alien =
        load("[[providers]]\nname = \"c\"\nkind = \"smpp\"\nfile = \"s\"\nurl = \"https://x.example\"\n");
    let alien = alien.unwrap_err().to_string();
    assert!(alien.contains("a provider of kind \"smpp\" has no url"), "{alien}");
}

const GATEWAYS: &str = "[[providers]]\nname = \"a\"\nkind = \"http\"\nurl = \"https://a.example/\"\nsecret_file = \"s\"\n\
                        [[providers]]\nname = \"b\"\nkind = \"http\"\nurl = \"https://b.example/\"\nsecret_file = \"s\"\n";

#[test]
fn routes_by_destination_are_read_and_the_most_special_counts() {
    use countersign_core::phone::E164;
    use countersign_delivery::route::table::Destination;

    let config = load(&format!(
        "{GATEWAYS}[[routes]]\nproviders = [\"a\", \"b\"]\ncountry = \"GB\"\n\
         [[routes]]\nproviders = [\"b\"]\nprefix = \"4477\"\norder = \"cost\"\n"
    ))
    .unwrap_or_else(|errors| panic!("{errors}"));
    let first = |number: &str| {
        let to = E164::parse_fictional(number, None).unwrap();
        let app = countersign_core::id::AppId::from_bytes([1; 16]);
        let destination = Destination { app, channel: Channel::Sms, to: &to };
        let now = countersign_core::time::Timestamp::from_millis(1_795_428_000_000);
        let candidates = config.routes.candidates(&destination, &config.prices, now)?;
        Some(candidates.routes[0].provider.to_string())
    };
    assert_eq!(first("+447700900123").as_deref(), Some("b"));
    assert_eq!(first("+447400123456").as_deref(), Some("a"));
    assert_eq!(first("+4915112345678"), None);
}

#[test]
fn providers_of_other_channels_are_read_and_routed_by_their_channel() {
    let folder = Folder::new();
    let call = "definition = \"twilio-voice\"\nsender = \"+4915112345678\"\n[setting]\naccount_sid = \"AC1\"\n[secret]\nauth_token = \"canary-token\"\n";
    let whatsapp = "definition = \"whatsapp-cloud\"\n[setting]\nphone_number_id = \"1\"\ntemplate = \"code\"\n[secret]\naccess_token = \"canary-1\"\napp_secret = \"canary-2\"\nverify_token = \"canary-3\"\n";
    let telegram = "definition = \"telegram-gateway\"\n[secret]\ntoken = \"canary-4\"\n";
    let mut text = String::new();
    for (name, own) in [("call", call), ("whatsapp", whatsapp), ("telegram", telegram)] {
        folder.file(&format!("{name}.toml"), own, 0o600);
        let section = [("name", name), ("kind", "declared"), ("file", &format!("{name}.toml"))]
            .map(|(key, value)| format!("{key} = \"{value}\"\n"));
        text.push_str("[[providers]]\n");
        text.push_str(&section.concat());
    }
    let load = |routes: &str| Config::load(Some(&folder.config(&format!("{text}{routes}"))), pairs(&[]));
    let right = "[[routes]]\nchannel = \"voice\"\nproviders = [\"call\"]\n";
    let config = load(right).unwrap_or_else(|errors| panic!("{errors}"));
    let carried = [Channel::Voice, Channel::WhatsApp, Channel::Telegram];
    for (provider, channel) in config.providers.iter().zip(carried) {
        let all = Channel::ALL.into_iter().filter(|channel| provider.carrier.carries(*channel));
        assert_eq!(all.collect::<Vec<_>>(), [channel], "{}", provider.name);
    }
    let wrong = load("[[routes]]\nproviders = [\"call\"]\n").unwrap_err().to_string();
    assert!(wrong.contains("routes[0].providers[0]") && wrong.contains("does not carry sms"), "{wrong}");
}

#[test]
fn an_endpoint_names_the_channels_that_it_takes() {
    let of = |channels: &str| {
        let folder = Folder::new();
        folder.file("s", "0123456789abcdef0123456789abcdef", 0o600);
        let text = format!(
            "[[providers]]\nname = \"a\"\nkind = \"http\"\nurl = \"https://a.example/\"\nsecret_file = \"s\"\n{channels}"
        );
        Config::load(Some(&folder.config(&text)), pairs(&[]))
    };
    let carried = |config: Config| Channel::ALL.map(|channel| config.providers[0].carrier.carries(channel));
    assert_eq!(carried(of("").unwrap()), [true, false, false, false, false]);
    assert_eq!(
        carried(of("channels = [\"voice\", \"telegram\"]\n").unwrap()),
        [false, true, false, true, false]
    );
    for wrong in ["email", "fax"] {
        let errors = of(&format!("channels = [\"{wrong}\"]\n")).unwrap_err().to_string();
        assert!(errors.contains("providers[0].channels"), "{errors}");
    }
}

#[test]
fn exploring_is_off_unless_a_route_switches_it_on() {
    use countersign_core::phone::E164;
    use countersign_core::verification::Channel;
    use countersign_delivery::route::table::Destination;
    use countersign_delivery::route::thompson::ThompsonSettings;

    let of = |line: &str| {
        let config = load(&format!("{GATEWAYS}[[routes]]\nproviders = [\"a\", \"b\"]\n{line}\n"));
        let config = config.unwrap_or_else(|errors| panic!("{errors}"));
        let to = E164::parse_fictional("+447700900123", None).unwrap();
        let app = countersign_core::id::AppId::from_bytes([1; 16]);
        let now = countersign_core::time::Timestamp::from_millis(1_795_428_000_000);
        let destination = Destination { app, channel: Channel::Sms, to: &to };
        config.routes.candidates(&destination, &config.prices, now).unwrap().thompson
    };
    assert_eq!(of("explore_min_per_day = 100"), None);
    let on = ThompsonSettings { max_explored_percent: 7, ..ThompsonSettings::default() };
    assert_eq!(of("explore_percent = 7"), Some(on));
}

#[test]
fn wrong_routes_and_prices_are_told_where_they_stand() {
    let unknown =
        load(&format!("{GATEWAYS}[[routes]]\nproviders = [\"a\", \"c\"]\n")).unwrap_err().to_string();
    assert!(unknown.contains("routes[0].providers[1]") && unknown.contains("no provider \"c\""), "{unknown}");
    let same = load(&format!("{GATEWAYS}[[routes]]\nproviders = [\"a\"]\n[[routes]]\nproviders = [\"b\"]\n"));
    let same = same.unwrap_err().to_string();
    assert!(same.contains("same messages"), "{same}");
    for (key, value) in [("country", "XX"), ("prefix", "0044"), ("number_type", "fax"), ("app", "mine")] {
        let wrong = load(&format!("{GATEWAYS}[[routes]]\nproviders = [\"a\"]\n{key} = \"{value}\"\n"));
        let wrong = wrong.unwrap_err().to_string();
        assert!(wrong.contains(&format!("routes[0].{key}")), "{wrong}");
    }
    let folder = Folder::new();
    folder.file(
        "prices.csv",
        "provider,prefix,price,currency,valid_from\na,44,cheap,EUR,2026-01-01\n",
        0o644,
    );
    let errors = Config::load(Some(&folder.config("[delivery]\nprices_file = \"prices.csv\"\n")), pairs(&[]));
    let errors = errors.unwrap_err().to_string();
    assert!(errors.contains("delivery.prices_file") && errors.contains('2'), "{errors}");
    folder.file(
        "prices.csv",
        "provider,prefix,price,currency,valid_from\na,44,0.045,EUR,2026-01-01\n",
        0o644,
    );
    Config::load(Some(&folder.config("[delivery]\nprices_file = \"prices.csv\"\n")), pairs(&[])).unwrap();
    for (lines, word) in [
        ("max_spend = \"0.50\"", "no price is known"),
        ("prices_file = \"prices.csv\"\nmax_spend = \"half\"", "\"half\" is no amount"),
    ] {
        let wrong = Config::load(Some(&folder.config(&format!("[delivery]\n{lines}\n"))), pairs(&[]));
        let wrong = wrong.unwrap_err().to_string();
        assert!(wrong.contains("delivery.max_spend") && wrong.contains(word), "{wrong}");
    }
}
