mod carriers;
mod files;
mod mistakes;
mod overlay;
mod schema;
mod senders;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// 32 characters that must be shown nowhere.
const CANARY: &str = "canary0canary1canary2canary3cana";

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("countersign-config-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn config(&self, text: &str) -> PathBuf {
        self.file("c.toml", text, 0o600)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn pairs(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    variables.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn load_with(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let folder = Folder::new();
    folder.file("s", format!("{CANARY}\n"), 0o600);
    Config::load(Some(&folder.config(text)), pairs(variables))
}

fn load(text: &str) -> Result<Config, ConfigErrors> {
    load_with(text, &[])
}

/// The text of the errors, with the folder's name cut off.
fn errors_with(text: &str, variables: &[(&str, &str)]) -> String {
    let errors = load_with(text, variables).unwrap_err().to_string();
    let folder = std::env::temp_dir();
    errors
        .split('\n')
        .map(|line| match line.strip_prefix(&*folder.to_string_lossy()) {
            Some(rest) => rest.split_once("/c.toml").map_or(rest, |(_, rest)| rest).to_owned(),
            None => line.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn errors(text: &str) -> String {
    errors_with(text, &[])
}

#[test]
fn without_a_file_everything_has_its_default() {
    let config = Config::load(None, pairs(&[])).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.public_url.as_str(), "http://127.0.0.1:8080");
    assert_eq!(config.server.data_dir, Path::new("/var/lib/countersign"));
    assert_eq!(config.keys.file, Path::new("/var/lib/countersign/keys.json"));
    assert_eq!(config.log, Log { level: LogLevel::Info, format: LogFormat::Json });
    assert_eq!(config.delivery.lease(), Duration::from_secs(30));
    assert_eq!(config.delivery.submit_timeout(), Duration::from_secs(10));
    assert_eq!(config.delivery.concurrency, 64);
    assert!(config.providers.is_empty() && config.delivery.route.is_empty());
    assert!(!config.simulated_phone.enabled);
    assert_eq!(config.metrics, Metrics { enabled: true, listen: None });
}

#[test]
fn a_whole_file_is_read() {
    let config = load(
        r#"
        [server]
        listen = "[::1]:9000"
        public_url = "https://verify.shop.example/"
        trusted_proxies = ["10.0.0.0/8", "192.0.2.7"]
        [log]
        level = "debug"
        format = "text"
        [delivery]
        route = ["second", "phone"]
        [[providers]]
        name = "phone"
        kind = "simulated"
        [[providers]]
        name = "second"
        kind = "http"
        url = "https://gateway.example/send"
        secret_file = "s"
        timeout_s = 5
        [simulated_phone]
        enabled = true
        [metrics]
        listen = "127.0.0.1:9464"
        "#,
    )
    .unwrap();
    assert_eq!(config.server.public_url.as_str(), "https://verify.shop.example");
    assert!(config.server.trusted_proxies[0].contains("10.1.1.1".parse().unwrap()));
    assert_eq!(config.log, Log { level: LogLevel::Debug, format: LogFormat::Text });
    let route: Vec<&str> = config.delivery.route.iter().map(ProviderName::as_str).collect();
    assert_eq!(route, ["second", "phone"]);
    assert!(matches!(config.providers[0].carrier, Carrier::Simulated));
    let Carrier::Http(http) = &config.providers[1].carrier else { panic!("not http") };
    assert_eq!(http.secret.expose(), CANARY.as_bytes());
    assert_eq!(http.timeout(), Duration::from_secs(5));
    assert!(http.previous_secret.is_none());
}

#[test]
fn an_empty_route_is_all_providers_in_the_order_of_the_file() {
    let text = "[simulated_phone]\nenabled = true\n[[providers]]\nname = \"z\"\nkind = \"simulated\"\n\
                [[providers]]\nname = \"a\"\nkind = \"simulated\"\n";
    let route: Vec<String> =
        load(text).unwrap().delivery.route.into_iter().map(|name| name.as_str().to_owned()).collect();
    assert_eq!(route, ["z", "a"]);
}

#[test]
fn toml_may_be_written_in_its_other_ways() {
    let config = load("server.listen = '127.0.0.1:1'\nlog = { level = \"warn\" }\nproviders = []\n").unwrap();
    assert_eq!(config.server.listen.port(), 1);
    assert_eq!(config.log.level, LogLevel::Warn);
    assert_eq!(load("\u{feff}[server]\r\nmax_connections = 0x1_0\r\n").unwrap().server.max_connections, 16);
}

#[test]
fn the_check_shows_every_value_with_its_origin() {
    let folder = Folder::new();
    let path = folder.config(&format!(
        "[server]\nlisten = \"0.0.0.0:80\"\n[[providers]]\nname = \"a\"\nkind = \"http\"\n\
         url = \"https://gateway.example/?token=hunter2\"\nsecret = \"{CANARY}\"\n"
    ));
    let text = check(Some(&path), pairs(&[("COUNTERSIGN__LOG__LEVEL", "warn")])).unwrap();
    let line = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(text.starts_with("# ok: "));
    assert_eq!(line("listen = "), "listen = \"0.0.0.0:80\" # line 2");
    assert_eq!(line("level = "), "level = \"warn\" # COUNTERSIGN__LOG__LEVEL");
    assert_eq!(line("lease_s = "), "lease_s = 30 # default");
    assert_eq!(line("secret = "), "secret = \"•••\" # line 7");
    assert_eq!(line("url = "), "url = \"https://gateway.example/?•••\" # line 6");
    assert!(!text.contains("canary") && !text.contains("hunter2"));
    text.parse::<toml::Table>().unwrap();
    assert_eq!(
        check(Some(&path), pairs(&[("COUNTERSIGN__LOG__LEVEL", "loud")])).unwrap_err().problems().len(),
        1
    );
}

#[test]
fn what_the_check_shows_of_the_defaults_is_a_configuration_again() {
    let text = check(None, pairs(&[])).unwrap();
    assert!(text.contains("# note: there are no providers"));
    let config = load(&text).unwrap();
    assert_eq!(format!("{config:?}"), format!("{:?}", Config::load(None, pairs(&[])).unwrap()));
}

#[test]
fn remarks_tell_what_is_allowed_and_risky() {
    let config = load(
        "[server]\npublic_url = \"https://shop.example\"\n[simulated_phone]\nenabled = true\n\
         [delivery]\nroute = [\"b\"]\n\
         [[providers]]\nname = \"a\"\nkind = \"simulated\"\n\
         [[providers]]\nname = \"b\"\nkind = \"http\"\nurl = \"http://gateway/\"\nallow_plain_http = true\nsecret_file = \"s\"\n",
    )
    .unwrap();
    let remarks = config.remarks().join("\n");
    for expected in
        ["shows codes", "\"a\" is not in", "unencrypted to provider \"b\"", "/metrics", "trusted_proxies"]
    {
        assert!(remarks.contains(expected), "{expected}: {remarks}");
    }
    assert_eq!(Config::load(None, pairs(&[])).unwrap().remarks().len(), 1);
    let moved = load("[server]\nlisten = \"127.0.0.1:9\"\n").unwrap().remarks();
    assert!(moved.iter().any(|remark| remark.contains("the port 9")), "{moved:?}");
}

#[test]
fn i12_no_secret_is_in_debug() {
    let config = load(&format!(
        "[[providers]]\nname = \"a\"\nkind = \"http\"\nurl = \"https://gateway.example/?t=hunter2\"\nsecret = \"{CANARY}\"\nprevious_secret_file = \"s\"\n"
    ))
    .unwrap();
    let Carrier::Http(http) = &config.providers[0].carrier else { panic!("not http") };
    assert_eq!(http.secret.expose(), CANARY.as_bytes());
    assert_eq!(http.previous_secret.as_ref().unwrap().expose(), CANARY.as_bytes());
    let debug = format!("{config:?}");
    assert!(debug.contains("gateway.example"));
    assert!(!debug.contains("canary") && !debug.contains("hunter2"), "{debug}");
}
