//! The schema holds against the structs, and the generated files against the schema.

use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::super::rules::{ChallengeDraft, Draft, KeysDraft, ProviderDraft};
use super::super::schema::{Layout, Preset, SECTIONS, settable, variable};
use super::super::sender_rules::{DltDraft, SenderDraft};
use super::super::{example_toml, reference_markdown};
use super::*;

/// Asks a struct for the names of its fields.
struct FieldNames<'n>(&'n mut Vec<&'static str>);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("not a struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.extend(fields);
        Err(de::Error::custom("only asked"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn fields_of<T: for<'de> Deserialize<'de>>() -> Vec<&'static str> {
    let mut fields = Vec::new();
    assert!(T::deserialize(FieldNames(&mut fields)).is_err());
    assert!(!fields.is_empty());
    fields
}

#[test]
fn every_key_of_the_structs_is_in_the_schema_and_the_other_way_round() {
    let sections: Vec<&str> = SECTIONS.iter().map(|section| section.name).collect();
    assert_eq!(fields_of::<Draft>(), sections);
    for (section, fields) in [
        ("server", fields_of::<Server>()),
        ("keys", fields_of::<KeysDraft>()),
        ("log", fields_of::<Log>()),
        ("delivery", fields_of::<Delivery>()),
        ("senders", fields_of::<SenderDraft>()),
        ("dlt_templates", fields_of::<DltDraft>()),
        ("providers", fields_of::<ProviderDraft>()),
        ("challenge", fields_of::<ChallengeDraft>()),
        ("simulated_phone", fields_of::<SimulatedPhone>()),
        ("metrics", fields_of::<Metrics>()),
    ] {
        let section = SECTIONS.iter().find(|known| known.name == section).unwrap();
        let mut keys: Vec<&str> = section.keys.iter().map(|key| key.name).collect();
        let mut fields = fields;
        keys.sort_unstable();
        fields.sort_unstable();
        assert_eq!(fields, keys, "[{}]", section.name);
    }
}

#[test]
fn the_longest_submission_is_what_the_provider_takes() {
    let longest = countersign_delivery::http::HttpTimeouts::MAX_ANSWER.as_secs();
    assert_eq!(i64::try_from(longest).unwrap(), super::super::schema::MAX_SUBMIT_S);
}

/// Files that are not there, and what needs one; see `carriers` and `senders`.
const FILES: [&str; 6] =
    ["prices_file", "max_spend", "sender_rules_file", "vendor_file", "networks_file", "daily_spend"];

#[test]
fn each_key_can_be_set_alone_to_its_example() {
    for section in SECTIONS.iter().filter(|section| section.layout == Layout::Once) {
        for key in section.keys.iter().filter(|key| !FILES.contains(&key.name)) {
            load(&format!("[{}]\n{} = {}\n", section.name, key.name, key.example())).unwrap();
        }
    }
    for (section, key) in settable().filter(|(_, key)| !FILES.contains(&key.name)) {
        let list_or_text = key.example().trim_matches(['"', '[', ']']);
        load_with("", &[(&variable(section, key), list_or_text)]).unwrap();
    }
}

#[test]
fn the_example_is_the_default() {
    let default = format!("{:?}", Config::load(None, pairs(&[])).unwrap());
    assert_eq!(format!("{:?}", load(&example_toml()).unwrap()), default);
}

#[test]
fn the_example_with_every_key_set_is_the_default_and_a_provider() {
    let all: String = example_toml()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        // One secret too many, files that are not there or of another kind of provider, and an address that
        // is the default by being unset.
        .filter(|line| {
            ![
                "secret = ",
                "previous_secret_file",
                "prices_file",
                "max_spend",
                "sender_rules_file",
                "vendor_file",
                "networks_file",
                "daily_spend",
                "file = \"/etc/countersign/carrier",
            ]
            .iter()
            .any(|key| line.starts_with(key))
        })
        .collect::<String>()
        .replace("\"/etc/countersign/gateway.secret\"", "\"s\"")
        .replace("listen = \"127.0.0.1:9464\"\n", "");
    let mut config = load(&all).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.providers.len(), 1);
    assert_eq!(config.delivery.route.len(), 1);
    config.providers.clear();
    config.routes = RouteTable::default();
    config.senders = Config::load(None, pairs(&[])).unwrap().senders;
    config.delivery.route.clear();
    let mut default = Config::load(None, pairs(&[])).unwrap();
    assert_eq!(config.keys.file, default.server.data_dir.join("keys.json"));
    default.keys = config.keys.clone();
    assert_eq!(format!("{config:?}"), format!("{default:?}"));
}

#[test]
fn the_reference_names_every_key_default_and_variable() {
    let page = reference_markdown();
    for section in SECTIONS {
        for key in section.keys {
            assert!(page.contains(&format!(".{}`\n", key.name)), "{}", key.name);
            assert!(key.about.ends_with('.'), "{}", key.name);
            if let Preset::Value(value) = key.preset {
                assert!(page.contains(&format!("- Default: `{value}`")), "{}", key.name);
            }
        }
    }
    for (section, key) in settable() {
        assert!(page.contains(&format!("`{}`", variable(section, key))));
    }
}

fn generated() -> [(PathBuf, String); 2] {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    [
        (root.join("docs/configuration.md"), reference_markdown()),
        (root.join("countersign.example.toml"), example_toml()),
    ]
}

#[test]
fn the_generated_files_are_up_to_date() {
    for (path, text) in generated() {
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == text,
            "{} is out of date; refresh it with: cargo test -p countersign-server --lib refresh_the_generated_files -- --ignored",
            path.display()
        );
    }
}

#[test]
#[ignore = "writes docs/configuration.md and countersign.example.toml"]
fn refresh_the_generated_files() {
    for (path, text) in generated() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}
