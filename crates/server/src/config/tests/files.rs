//! Files: the configuration itself, secrets, keys, and who may read them.

use super::*;

const HTTP: &str = "[[providers]]\nname = \"a\"\nkind = \"http\"\nurl = \"https://gateway.example/\"\n";

fn load_in(folder: &Folder, text: &str) -> Result<Config, String> {
    Config::load(Some(&folder.config(text)), pairs(&[])).map_err(|errors| errors.to_string())
}

#[test]
fn a_configuration_that_cannot_be_read_is_told() {
    let folder = Folder::new();
    let error = |path: &Path| Config::load(Some(path), pairs(&[])).unwrap_err().to_string();
    assert!(error(&folder.0.join("none.toml")).contains("cannot read the configuration: No such file"));
    assert!(error(&folder.0).contains("cannot read the configuration"));
    assert!(error(&folder.file("b.toml", b"# a\n# \xff\n", 0o600)).contains("line 2 is not UTF-8"));
    assert!(error(&folder.file("l.toml", "#".repeat(300_000), 0o600)).contains("larger than 256 KiB"));
}

#[test]
fn paths_of_the_file_count_from_its_folder() {
    let folder = Folder::new();
    let config = load_in(&folder, "[server]\ndata_dir = \"data\"\n").unwrap();
    assert_eq!(config.server.data_dir, folder.0.join("data"));
    assert_eq!(config.keys.file, folder.0.join("data/keys.json"));
    let config = load_in(&folder, "[keys]\nfile = \"../k.json\"\n[server]\ndata_dir = \"/data\"\n").unwrap();
    assert_eq!(config.server.data_dir, Path::new("/data"));
    assert_eq!(config.keys.file, folder.0.join("../k.json"));
    let variable = pairs(&[("COUNTERSIGN__SERVER__DATA_DIR", "data")]);
    let config = Config::load(Some(&folder.config("")), variable).unwrap();
    assert_eq!(config.server.data_dir, Path::new("data"));
}

#[test]
fn a_secret_file_is_read_without_its_line_end() {
    let folder = Folder::new();
    for (text, mode) in
        [(CANARY.to_owned(), 0o600), (format!("{CANARY}\n"), 0o400), (format!("{CANARY}\r\n"), 0o600)]
    {
        let path = folder.file("secret", text, mode);
        let config = load_in(&folder, &format!("{HTTP}secret_file = {path:?}\n")).unwrap();
        let Carrier::Http(http) = &config.providers[0].carrier else { panic!("not http") };
        assert_eq!(http.secret.expose(), CANARY.as_bytes());
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_secret_file_that_others_may_read_is_refused() {
    let folder = Folder::new();
    for mode in [0o640, 0o604, 0o644, 0o660, 0o666, 0o620, 0o610] {
        folder.file("secret", CANARY, mode);
        for key in ["secret_file", "previous_secret_file"] {
            folder.file("s", CANARY, 0o600);
            let other = if key == "secret_file" { "" } else { "secret_file = \"s\"\n" };
            let error = load_in(&folder, &format!("{HTTP}{other}{key} = \"secret\"\n")).unwrap_err();
            assert!(error.contains(&format!("providers[0].{key}: others may read")), "{error}");
            assert!(error.contains(&format!("(mode {mode:04o})")) && error.contains("chmod 600"), "{error}");
            assert!(error.contains(&format!("{key} = \"secret\"")) && error.contains("^^^^^^^^"), "{error}");
            assert!(!error.contains("canary"));
        }
    }
}

#[test]
fn systemd_credentials_may_show_a_group_permission() {
    let folder = Folder::new();
    let load = |mode, credentials: &str| {
        folder.file("secret", CANARY, mode);
        let path = folder.config(&format!("{HTTP}secret_file = \"secret\"\n"));
        Config::load(Some(&path), pairs(&[("CREDENTIALS_DIRECTORY", credentials)]))
    };
    let here = folder.0.to_str().unwrap();
    load(0o440, here).unwrap();
    assert!(load(0o444, here).is_err());
    assert!(load(0o460, here).is_err());
    assert!(load(0o440, "/run/credentials/other").is_err());
}

#[test]
fn a_secret_file_that_holds_no_secret_is_refused() {
    let folder = Folder::new();
    for (text, wrong) in [
        (b"".as_slice(), "shorter than 32"),
        (b"short\n", "shorter than 32"),
        (b"two words in this one secret, many letters", "blanks"),
        (b"\xff\xff", "outside ASCII"),
        (CANARY.repeat(200).as_bytes(), "longer than 256"),
    ] {
        folder.file("secret", text, 0o600);
        let error = load_in(&folder, &format!("{HTTP}secret_file = \"secret\"\n")).unwrap_err();
        assert!(error.contains(wrong) && error.contains("openssl rand -hex 32"), "{error}");
        assert!(!error.contains("canary") && !error.contains("two words"), "{error}");
    }
    let error = load_in(&folder, &format!("{HTTP}secret_file = \"none\"\n")).unwrap_err();
    assert!(error.contains("cannot read") && error.contains("No such file"), "{error}");
    let error = load_in(&folder, &format!("{HTTP}secret_file = \".\"\n")).unwrap_err();
    assert!(error.contains("is not a file"), "{error}");
}

#[test]
fn a_configuration_with_a_secret_in_it_must_be_private() {
    let folder = Folder::new();
    let path = folder.file("open.toml", format!("{HTTP}secret = \"{CANARY}\"\n"), 0o644);
    let error = Config::load(Some(&path), pairs(&[])).unwrap_err().to_string();
    assert!(error.contains(":5:10: providers[0].secret: others may read"), "{error}");
    assert!(!error.contains("canary"), "{error}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    Config::load(Some(&path), pairs(&[])).unwrap();
    // Without a secret in it, anybody may read it.
    folder.file("s", CANARY, 0o600);
    let path = folder.file("open.toml", format!("{HTTP}secret_file = \"s\"\n"), 0o644);
    Config::load(Some(&path), pairs(&[])).unwrap();
}

#[test]
fn a_key_file_that_others_may_read_is_refused() {
    let folder = Folder::new();
    folder.file("keys.json", "{}", 0o644);
    let error = load_in(&folder, "[keys]\nfile = \"keys.json\"\n").unwrap_err();
    assert!(error.contains(":2:8: keys.file: others may read"), "{error}");
    let error = load_in(&folder, "[server]\ndata_dir = \".\"\n").unwrap_err();
    assert!(error.contains(":2:12: server.data_dir: others may read"), "{error}");
    folder.file("keys.json", "{}", 0o600);
    load_in(&folder, "[keys]\nfile = \"keys.json\"\n").unwrap();
    load_in(&folder, "[keys]\nfile = \"not-yet.json\"\n").unwrap();
}
