//! The environment over the file.

use super::*;

#[test]
fn a_variable_counts_before_the_file_and_the_file_before_the_default() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\nmax_connections = 7\n";
    let config = load_with(file, &[("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:2")]).unwrap();
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.server.max_connections, 7);
    assert_eq!(config.server.max_in_flight_requests, 1_024);
}

#[test]
fn every_type_can_be_set() {
    let config = load_with(
        "",
        &[
            ("COUNTERSIGN__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8,"),
            ("COUNTERSIGN__SERVER__SHUTDOWN_GRACE_S", " 5 "),
            ("COUNTERSIGN__METRICS__ENABLED", "false"),
            ("COUNTERSIGN__LOG__FORMAT", "text"),
            ("COUNTERSIGN__KEYS__FILE", "/run/keys.json"),
            ("COUNTERSIGN__DELIVERY__ROUTE", ""),
        ],
    )
    .unwrap();
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.server.shutdown_grace_s, 5);
    assert!(!config.metrics.enabled);
    assert_eq!(config.log.format, LogFormat::Text);
    assert_eq!(config.keys.file, Path::new("/run/keys.json"));
}

#[test]
fn of_two_variables_with_one_name_the_later_counts() {
    let name = "COUNTERSIGN__SERVER__LISTEN";
    let config = Config::load(None, pairs(&[(name, "127.0.0.1:1"), (name, "127.0.0.1:2")])).unwrap();
    assert_eq!(config.server.listen.port(), 2);
}

#[test]
fn a_wrong_variable_is_shown_with_a_caret() {
    assert_eq!(
        errors_with("", &[("COUNTERSIGN__SERVER__LISTEN", "8080")]),
        "COUNTERSIGN__SERVER__LISTEN: server.listen: \"8080\" is not an IP address with a port\n\
         \x20 | COUNTERSIGN__SERVER__LISTEN=8080\n\
         \x20 |                             ^^^^\n\
         \x20 = write such as \"127.0.0.1:8080\", \"0.0.0.0:8080\" or \"[::1]:8080\"; names are not looked up\n\
         \n\
         1 mistake in the configuration"
    );
}

#[test]
fn wrong_variables_are_told_with_a_way_out() {
    for (name, value, wrong, right) in [
        (
            "COUNTERSIGN__DELIVERY__LEASE_S",
            "30s",
            "delivery.lease_s: \"30s\" is not whole number",
            "such as 30",
        ),
        ("COUNTERSIGN__DELIVERY__LEASE_S", "4", "delivery.lease_s: 4 is out of range", "5 to 300"),
        ("COUNTERSIGN__DELIVERY__LEASE_S", "true", "delivery.lease_s: expected whole number", "lease_s = 30"),
        ("COUNTERSIGN__DELIVERY__LEASE_S", "", "delivery.lease_s: \"\" is not", "such as 30"),
        ("COUNTERSIGN__DELIVERY__LEASE_S", "[1]", "delivery.lease_s: \"[1]\" is not", "such as 30"),
        (
            "COUNTERSIGN__METRICS__ENABLED",
            "yes",
            "metrics.enabled: \"yes\" is not true or false",
            "such as true",
        ),
        ("COUNTERSIGN__LOG__LEVEL", "INFO", "log.level: \"INFO\" is none", "did you mean \"info\"?"),
        ("COUNTERSIGN__SERVER__TRUSTED_PROXIES", "10.0.0.1,a", "\"a\" is neither", "10.0.0.0/8"),
        (
            "COUNTERSIGN__DELIVERY__ROUTE",
            "a",
            "delivery.route[0]: there is no provider \"a\"",
            "[[providers]]",
        ),
        ("COUNTERSIGN__DELIVERY__LEASE_S", "9", "delivery.lease_s: a submission may take 10 s", "shorter"),
        (
            "COUNTERSIGN__SERVER__LISTN",
            "a",
            "sets nothing that there is",
            "did you mean COUNTERSIGN__SERVER__LISTEN?",
        ),
        (
            "COUNTERSIGN__server__listen",
            "a",
            "sets nothing that there is",
            "did you mean COUNTERSIGN__SERVER__LISTEN?",
        ),
        ("COUNTERSIGN__LISTEN_ON_EVERYTHING", "a", "sets nothing that there is", "docs/configuration.md"),
        ("COUNTERSIGN__", "a", "sets nothing that there is", "unset"),
        ("COUNTERSIGN__ü", "a", "sets nothing that there is", "unset"),
        ("COUNTERSIGN__PROVIDERS__0__URL", "a", "providers cannot be set by", "write [[providers]]"),
        ("COUNTERSIGN_SERVER_LISTEN", "a", "is not read", "did you mean COUNTERSIGN__SERVER__LISTEN?"),
    ] {
        let text = errors_with("", &[(name, value)]);
        assert!(text.starts_with(&format!("{name}: ")), "{text}");
        assert!(text.contains(wrong) && text.contains(right), "{name}: {text}");
        assert!(text.ends_with("1 mistake in the configuration"), "{text}");
    }
}

#[test]
fn variables_that_are_none_of_ours_are_left_alone() {
    // The second is what Kubernetes sets for a service of the name "countersign".
    let others = [
        ("PATH", "/bin"),
        ("COUNTERSIGN_PORT", "tcp://10.0.0.1:80"),
        ("COUNTERSIGN_CONFIG", "a"),
        ("COUNTERSIGN", ""),
    ];
    Config::load(None, pairs(&others)).unwrap();
}

#[test]
fn i12_an_unknown_variables_value_is_not_shown() {
    for name in ["COUNTERSIGN__PROVIDERS__0__SECRET", "COUNTERSIGN__KEYS__SECRET", "COUNTERSIGN__X"] {
        let errors = Config::load(None, pairs(&[(name, CANARY)])).unwrap_err();
        assert!(!format!("{errors} {errors:?}").contains("canary"));
    }
}

#[test]
fn what_is_not_unicode_is_told_or_left_alone() {
    use std::os::unix::ffi::OsStringExt as _;
    let broken = OsString::from_vec(vec![0xff]);
    let errors = Config::load(None, [("COUNTERSIGN__LOG__LEVEL".into(), broken.clone())]).unwrap_err();
    assert!(errors.to_string().starts_with("COUNTERSIGN__LOG__LEVEL: is not UTF-8"));
    Config::load(None, [(broken.clone(), broken)]).unwrap();
}

#[test]
fn mistakes_of_file_and_environment_are_told_together() {
    let text =
        errors_with("[log]\nlevel = 1\n", &[("COUNTERSIGN__SERVER__LISTEN", "a"), ("COUNTERSIGN__B", "")]);
    assert!(text.starts_with(":2:9: log.level:"));
    assert!(text.ends_with("3 mistakes in the configuration"), "{text}");
    let text = errors_with("[log\n", &[("COUNTERSIGN__SERVER__LISTEN", "a")]);
    assert!(text.ends_with("2 mistakes in the configuration"), "{text}");
}
