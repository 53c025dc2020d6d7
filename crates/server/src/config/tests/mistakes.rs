//! Every kind of mistake is told at its place.

use super::*;

#[test]
fn a_mistake_shows_line_column_caret_key_and_a_way_out() {
    assert_eq!(
        errors("[server]\nlisten = \"8080\" # all\n"),
        ":2:10: server.listen: \"8080\" is not an IP address with a port\n\
         \x20 |\n\
         2 | listen = \"8080\" # all\n\
         \x20 |          ^^^^^^\n\
         \x20 = write such as \"127.0.0.1:8080\", \"0.0.0.0:8080\" or \"[::1]:8080\"; names are not looked up\n\
         \n\
         1 mistake in the configuration"
    );
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text = errors(
        "[server]\nlisen = \"127.0.0.1:1\"\nmax_connections = 0\n[log]\nlevel = \"loud\"\n[sever]\n[delivery]\nlease_s = \"30s\"\n",
    );
    let places: Vec<&str> = text.lines().filter(|line| line.starts_with(':')).collect();
    assert_eq!(
        places,
        [
            ":2:1: server.lisen: there is no key \"lisen\" below [server]",
            ":3:19: server.max_connections: 0 is out of range",
            ":5:9: log.level: \"loud\" is none of the choices",
            ":6:2: sever: there is no section or key \"sever\" here",
            ":8:11: delivery.lease_s: expected whole number of seconds, 5 to 300, found a text",
        ]
    );
    assert!(text.ends_with("5 mistakes in the configuration"));
    for way_out in [
        "did you mean listen?",
        "1 to 1000000",
        "\"error\" or \"warn\"",
        "did you mean [server]?",
        "without quotes and unit, such as lease_s = 30",
    ] {
        assert!(text.contains(way_out), "{way_out}: {text}");
    }
}

/// File, place and what is wrong, part of the way out.
const MISTAKES: &[(&str, &str, &str)] = &[
    // Not TOML.
    ("[server\n", ":1:8: not TOML: ", "https://toml.io"),
    ("[log]\nlevel = info\n", ":2:9: not TOML: ", "texts in quotes"),
    ("[log]\nlevel = \"info\"\nlevel = \"warn\"\n", ":3:1: not TOML: duplicate key", ""),
    // Unknown names.
    (
        "[log]\nlevl = \"info\"\n",
        ":2:1: log.levl: there is no key \"levl\" below [log]",
        "did you mean level?",
    ),
    ("[log]\nlisten = \"a\"\n", ":2:1: log.listen: there is no key", "listen belongs below [server]"),
    ("[log]\ncolour = 1\n", ":2:1: log.colour: there is no key", "[log] has: level, format"),
    ("listen = \"a\"\n", ":1:1: listen: there is no section or key", "listen belongs below [server]"),
    ("[database]\n", ":1:2: database: there is no section or key", "there are [server], [keys]"),
    ("[[provider]]\n", ":1:3: provider: there is no section or key", "did you mean [[providers]]?"),
    // Wrong types.
    ("server = 3\n", ":1:1: server: server is not written as a section", "write [server]"),
    ("[[server]]\n", ":1:3: server: server is not written as a section", "write [server]"),
    (
        "[providers]\nname = \"a\"\n",
        ":1:2: providers: providers is not written as a section",
        "write [[providers]]",
    ),
    (
        "providers = [1]\n",
        ":1:14: providers[0]: providers is not written as a section",
        "write [[providers]]",
    ),
    (
        "[metrics]\nenabled = \"yes\"\n",
        ":2:11: metrics.enabled: expected true or false, found a text",
        "enabled = true",
    ),
    (
        "[metrics]\nenabled = 1\n",
        ":2:11: metrics.enabled: expected true or false, found a whole number",
        "enabled = true",
    ),
    ("[delivery]\nlease_s = 3e1\n", ":2:11: delivery.lease_s: expected", "lease_s = 30"),
    ("[delivery]\nlease_s = 1979-05-27\n", ":2:11: delivery.lease_s: expected", "lease_s = 30"),
    ("[log]\nlevel = []\n", ":2:9: log.level: expected \"error\" or", "found a list"),
    ("[log]\nlevel.a = 1\n", ":2:1: log.level: expected \"error\" or", "found a table"),
    (
        "[server]\ntrusted_proxies = \"10.0.0.0/8\"\n",
        ":2:19: server.trusted_proxies: expected list",
        "in brackets",
    ),
    (
        "[server]\ntrusted_proxies = [\"10.0.0.0/8\", 7]\n",
        ":2:34: server.trusted_proxies: expected",
        "in quotes",
    ),
    // Out of bounds.
    ("[delivery]\nlease_s = 4\n", ":2:11: delivery.lease_s: 4 is out of range", "seconds, 5 to 300"),
    ("[delivery]\nlease_s = 301\n", ":2:11: delivery.lease_s: 301 is out of range", "seconds, 5 to 300"),
    ("[delivery]\nlease_s = -30\n", ":2:11: delivery.lease_s: -30 is out of range", "seconds, 5 to 300"),
    (
        "[delivery]\nlease_s = 99999999999999999999\n",
        ":2:11: delivery.lease_s: 99999999999999999999 is out of range",
        "seconds, 5 to 300",
    ),
    ("[log]\nformat = \"jsn\"\n", ":2:10: log.format: \"jsn\" is none", "did you mean \"json\"?"),
    ("[server]\ndata_dir = \"\"\n", ":2:12: server.data_dir: the path is empty", "/var/lib/countersign"),
    (
        "[server]\npublic_url = \"http://shop.example\"\n",
        ":2:14: server.public_url: the public URL is not https",
        "proxy",
    ),
    (
        "[server]\ntrusted_proxies = [\n  \"10.0.0.1/8\",\n]\n",
        ":3:3: server.trusted_proxies:",
        "\"10.0.0.0/8\"",
    ),
    ("[server]\ntrusted_proxies = [\"0.0.0.0/0\"]\n", ":2:20: server.trusted_proxies:", "your proxies only"),
    // Between keys.
    (
        "[delivery]\nlease_s = 10\n",
        ":2:11: delivery.lease_s: a submission may take 10 s",
        "shorter than lease_s",
    ),
    (
        "[delivery]\nlease_s = 20\nsubmit_timeout_s = 20\n",
        ":3:20: delivery.submit_timeout_s: a submission may take 20 s",
        "shorter than lease_s",
    ),
    (
        "[delivery]\nretry_first_delay_ms = 5000\nretry_longest_delay_s = 4\n",
        ":2:24: delivery.retry_first_delay_ms: the first wait of 5000 ms",
        "1000 ×",
    ),
    (
        "[delivery]\nroute = [\"a\"]\n",
        ":2:10: delivery.route[0]: there is no provider \"a\"",
        "[[providers]]",
    ),
    (
        "[metrics]\nlisten = \"127.0.0.1:8080\"\n",
        ":2:10: metrics.listen: this is the address of server.listen",
        "port",
    ),
];

#[test]
fn each_mistake_is_told_alone_and_at_its_place() {
    for (file, place, way_out) in MISTAKES {
        let text = errors(file);
        assert!(text.starts_with(place), "{file}\n{text}");
        assert!(text.contains(way_out), "{file}\n{text}");
        assert!(text.contains('^'), "{file}\n{text}");
        assert!(text.ends_with("\n1 mistake in the configuration"), "{file}\n{text}");
    }
}

const PHONE: &str =
    "[simulated_phone]\nenabled = true\n[[providers]]\nname = \"phone\"\nkind = \"simulated\"\n";

const HTTP: &str = "[[providers]]\nname = \"a\"\nkind = \"http\"\nurl = \"https://gateway.example/\"\n";

#[test]
fn mistakes_of_providers_are_told_at_their_place() {
    let good = format!("{HTTP}secret_file = \"s\"\n");
    for (file, place, way_out) in [
        (
            "[[providers]]\nkind = \"simulated\"\n".to_owned(),
            ":1:1: providers[0].name: name is missing",
            "add name = ",
        ),
        (
            "[[providers]]\nname = \"a\"\n".to_owned(),
            ":1:1: providers[0].kind: kind is missing",
            "add kind = ",
        ),
        (
            "[[providers]]\nname = \"A b\"\nkind = \"http\"\n".to_owned(),
            ":2:8: providers[0].name: \"A b\"",
            "gateway-1",
        ),
        (
            "[[providers]]\nname = \"a\"\nkind = \"htp\"\n".to_owned(),
            ":3:8: providers[0].kind: \"htp\" is none",
            "did you mean \"http\"?",
        ),
        (
            format!("{PHONE}url = \"https://a.example\"\n"),
            ":6:7: providers[0].url: a provider of kind \"simulated\" has no",
            "remove",
        ),
        (PHONE.replace("true", "false"), ":5:8: providers[0].kind: nobody could read", "enabled = true"),
        (
            "[[providers]]\nname = \"a\"\nkind = \"http\"\nsecret_file = \"s\"\n".to_owned(),
            ":1:1: providers[0].url: url is missing",
            "add such as url",
        ),
        (HTTP.to_owned(), ":1:1: providers[0].secret_file: secret_file is missing", "openssl rand"),
        (
            format!("{good}secret = \"{CANARY}\"\n"),
            ":6:10: providers[0].secret: there is a secret_file too",
            "remove one",
        ),
        (good.replace("https", "http"), ":4:7: providers[0].url: http would show", "allow_plain_http = true"),
        (good.replace("https", "ftp"), ":4:7: providers[0].url: not a web address", "https://"),
        (
            format!("{good}timeout_s = 11\n"),
            ":6:13: providers[0].timeout_s: 11 s is longer than delivery.submit_timeout_s, 10 s",
            "submit_timeout_s longer",
        ),
        (format!("{good}{good}"), ":7:8: providers[1].name: there is another provider \"a\"", "of its own"),
        (
            format!(
                "[delivery]\nroute = [\"a\", \"b-c\"]\n{}",
                good.replace("\"a\"", "\"b_c\"").replace("[\"b_c\"", "[\"a\"")
            ),
            ":2:10: delivery.route[0]: there is no provider \"a\"",
            "did you mean \"b_c\"?",
        ),
        (
            format!("[delivery]\nroute = [\"a\", \"a\"]\n{good}"),
            ":2:15: delivery.route[1]: \"a\" is in the route twice",
            "once",
        ),
    ] {
        let text = errors(&file);
        assert!(text.starts_with(place), "{file}\n{text}");
        assert!(text.contains(way_out), "{file}\n{text}");
    }
    load(&good).unwrap();
    load(PHONE).unwrap();
    let another = |number| format!("[[providers]]\nname = \"p{number}\"\nkind = \"simulated\"\n");
    let most: Vec<String> = (1..32).map(another).collect();
    let most = format!("{PHONE}{}", most.concat());
    load(&most).unwrap();
    let text = errors(&format!("{most}{}", another(32)));
    assert!(
        text.starts_with(":3:3: providers: there are 33 providers") && text.contains("at most 32"),
        "{text}"
    );
}

#[test]
fn a_mistake_does_not_hide_those_of_other_sections() {
    let text = errors(
        "[log]\nlevel = 1\n[delivery]\nlease_s = 10\n[[providers]]\nname = \"a\"\nkind = \"simulated\"\n",
    );
    assert!(
        text.contains("log.level:")
            && text.contains("delivery.lease_s:")
            && text.contains("providers[0].kind:")
    );
    assert!(text.ends_with("3 mistakes in the configuration"), "{text}");
}

#[test]
fn many_mistakes_are_bounded_in_print_and_counted() {
    let keys: Vec<String> = (0..200).map(|number| format!("k{number} = 1")).collect();
    let text = errors(&format!("[log]\n{}", keys.join("\n")));
    assert!(text.ends_with("200 mistakes in the configuration, of which the first 50 are shown"));
    assert_eq!(text.matches("there is no key").count(), 50);
    assert!(errors(&"= = =\n".repeat(500)).matches("not TOML").count() <= 5);
}

#[test]
fn i12_no_error_shows_a_secret() {
    for secret in [
        format!("secret = \"{CANARY} \""),
        format!("secret = \"{}\"", &CANARY[..20]),
        format!("secret = \"{CANARY}{}\"", CANARY.repeat(10)),
        format!("secret = {CANARY}"),
        format!("secret = \"{CANARY}"),
        format!("secret = [\"{CANARY}\"]"),
        format!("secrt = \"{CANARY}\""),
        format!("secret_key = \"{CANARY}\""),
        format!("secret = \"\"\"\n{CANARY}\n{CANARY}\\q\"\"\""),
        format!("secret = \"{CANARY}\"\nsecret = \"{CANARY}\""),
        format!("secret = \"{CANARY}\" nonsense"),
        format!("token = \"{CANARY}\""),
    ] {
        let file = format!("{HTTP}{secret}\n");
        let errors = load(&file).unwrap_err();
        assert!(!errors.to_string().contains("canary"), "{file}\n{errors}");
        assert!(!format!("{errors:?}").contains("canary"), "{file}\n{errors:?}");
    }
    let url =
        HTTP.replace("https://gateway.example/", "https://canary:canary@gateway.example/?canary#canary");
    assert!(!errors(&url).contains("canary"));
}

/// Whatever slips in typing, nothing of a secret is shown and nothing falls over.
#[test]
fn i12_no_slip_of_one_character_shows_a_secret() {
    let good = format!(
        "[log]\nlevel = \"warn\"\n{HTTP}secret = \"{CANARY}\"\nsecret_file = \"s\"\n[metrics]\nenabled = true\n"
    );
    let folder = Folder::new();
    folder.file("s", CANARY, 0o600);
    let mut refused = 0;
    let secret_at = good.find("secret = ").unwrap();
    for at in secret_at - 20..secret_at + 70 {
        let (before, after) = good.split_at(at);
        let inserted = ["\"", "'", "\n", "=", "[", "#", ".", "x", "\"\"\"", "\\"]
            .map(|slip| format!("{before}{slip}{after}"));
        let cut = after.get(1..).map(|after| format!("{before}{after}"));
        for slip in inserted.into_iter().chain(cut).chain([before.to_owned()]) {
            let Err(errors) = Config::load(Some(&folder.config(&slip)), pairs(&[])) else { continue };
            refused += 1;
            let text = errors.to_string();
            // Five letters of it would be a find; the word itself is in no key.
            assert!(!text.contains("anary"), "{slip}\n---\n{text}");
        }
    }
    assert!(refused > 500, "{refused}");
}
