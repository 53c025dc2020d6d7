//! `countersign provider senders`

use std::fmt::Write as _;
use std::path::Path;

use clap::Args;
use countersign_core::phone::Country;
use countersign_delivery::provider::ProviderName;
use countersign_delivery::sender::SenderId;
use countersign_delivery::sender_rules::{Admission, BUILT_IN_CSV, CountryRule, RowState, Unregistered};

use crate::senders::Senders;

/// What countries do with senders.
#[derive(Args)]
pub(super) struct ShowSenders {
    /// One country, by its two letters: the rule with its source, and the sender of each provider
    #[arg(conflicts_with = "csv")]
    country: Option<Country>,
    /// The rules that come along, to start a file of your own from (delivery.sender_rules_file)
    #[arg(long)]
    csv: bool,
}

impl ShowSenders {
    /// What is printed.
    pub(super) fn text(&self, config: Option<&Path>) -> anyhow::Result<String> {
        if self.csv {
            return Ok(BUILT_IN_CSV.to_owned());
        }
        let config = super::load(config)?;
        let names: Vec<&ProviderName> = config.providers.iter().map(|provider| &provider.name).collect();
        Ok(match self.country {
            Some(country) => one(&config.senders, &names, country),
            None => all(&config.senders),
        })
    }
}

fn all(senders: &Senders) -> String {
    let mut text =
        format!("{:<8} {:<11} {:<11} {:<13} {}\n", "country", "names", "numbers", "unregistered", "as of");
    let mut rules: Vec<&CountryRule> = senders.rules().countries().collect();
    rules.sort_by_key(|rule| rule.country);
    for rule in rules {
        let _ = writeln!(
            text,
            "{:<8} {:<11} {:<11} {:<13} {}{}",
            rule.country.to_string(),
            admission(rule.names),
            admission(rule.numbers),
            unregistered(rule.unregistered),
            rule.as_of,
            if rule.state == RowState::Unverified { "  (unverified)" } else { "" },
        );
    }
    text.push_str("Everywhere: no word that any shop could use, such as OTP or Verify.\n");
    text
}

fn one(senders: &Senders, providers: &[&ProviderName], country: Country) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{key:<14} {value}");
        }
    };
    line("country", country.as_str());
    if let Some(rule) = senders.rules().of(country) {
        line("names", admission(rule.names));
        line("numbers", admission(rule.numbers));
        line("unregistered", unregistered(rule.unregistered));
        line("as of", &rule.as_of);
        line("source", if rule.source.is_empty() { "none; from memory" } else { &rule.source });
        line("note", &rule.note);
    } else {
        line("rule", "none: any sender but a word that any shop could use");
    }
    for provider in providers {
        let sender = match senders.pick(provider, Some(country)) {
            Ok(picked) => picked.sender.map_or("left to the provider", SenderId::as_str).to_owned(),
            Err(problem) => format!("none: it carries nothing there; its sender {}", problem.told()),
        };
        line("provider", &format!("{provider}: {sender}"));
    }
    text
}

const fn admission(admission: Admission) -> &'static str {
    match admission {
        Admission::Any => "any",
        Admission::Registered => "registered",
        Admission::Local => "local",
        Admission::Refused => "refused",
    }
}

const fn unregistered(unregistered: Unregistered) -> &'static str {
    match unregistered {
        Unregistered::Blocked => "blocked",
        Unregistered::Labelled => "labelled",
        Unregistered::Unknown => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(country: Option<&str>) -> String {
        let country = country.map(|code| code.parse().unwrap());
        ShowSenders { country, csv: false }.text(None).unwrap()
    }

    #[test]
    fn the_rules_are_shown_with_their_date_and_source() {
        let all = shown(None);
        assert!(all.lines().any(|line| line.starts_with("IN ") && line.contains("blocked")), "{all}");
        assert!(all.lines().any(|line| line.starts_with("BR ") && line.contains("(unverified)")), "{all}");
        let india = shown(Some("IN"));
        assert!(india.contains("https://") && india.contains("2026-"), "{india}");
        assert!(shown(Some("LI")).contains("none: any sender"));
    }

    #[test]
    fn what_is_printed_as_csv_is_read_again() {
        let printed = ShowSenders { country: None, csv: true }.text(None).unwrap();
        let rules = countersign_delivery::sender_rules::SenderRules::parse(&printed).unwrap();
        assert!(rules.countries().count() > 40);
    }
}
