//! `[[senders]]`, `[[dlt_templates]]` and the file of sender rules.

use std::collections::BTreeMap;

use countersign_core::id::AppId;
use countersign_core::phone::Country;
use countersign_core::verification::Channel;
use countersign_delivery::provider::ProviderName;
use countersign_delivery::sender::SenderId;
use countersign_delivery::sender_rules::{
    DltTemplate, GenericMatch, OwnSender, SenderProblem, SenderRules, generic_word,
};
use serde::Deserialize;

use super::problem::Mistake;
use super::rules::Rules;
use super::{Carrier, Delivery, Provider};
use crate::senders::{CountrySender, RegisteredText, Senders};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SenderDraft {
    country: Country,
    sender: SenderId,
    #[serde(default)]
    providers: Vec<ProviderName>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DltDraft {
    entity_id: String,
    template_id: String,
    text: DltTemplate,
    app: Option<AppId>,
}

/// What is wrong with a sender wherever it is used.
pub(super) fn generic(sender: &SenderId) -> Option<Mistake> {
    let word = generic_word(sender.as_str(), GenericMatch::Exact).filter(|_| sender.is_name())?;
    Some(Mistake::new(
        format!("the sender \"{sender}\" {}", SenderProblem::Generic { word }.told()),
        "write your shop's own name, or a number",
    ))
}

impl Rules<'_, '_> {
    /// All about senders, after the providers have been read.
    pub(super) fn senders(
        &mut self,
        delivery: &Delivery,
        providers: &[Provider],
        names: &[ProviderName],
        senders: Vec<SenderDraft>,
        texts: Vec<DltDraft>,
    ) -> Senders {
        let rules = self.sender_rules(delivery);
        let of_sms = providers.iter().filter(|provider| provider.carrier.carries(Channel::Sms));
        let own = of_sms.filter_map(|provider| {
            let sender = match &provider.carrier {
                Carrier::Simulated | Carrier::Smtp(_) => None,
                Carrier::Http(http) => http.sender.clone(),
                Carrier::Smpp(smpp) => smpp.sender.clone(),
                Carrier::Declared(declared) => declared.sender.clone(),
            };
            Some((provider.name.clone(), OwnSender::anywhere(sender?)))
        });
        let own: BTreeMap<_, _> = own.collect();
        let of_countries = senders.into_iter().enumerate();
        let of_countries =
            of_countries.map(|(index, draft)| self.country_sender(index, draft, &rules, names)).collect();
        let texts = texts.into_iter().map(|draft| RegisteredText {
            app: draft.app,
            entity_id: draft.entity_id,
            template_id: draft.template_id,
            template: draft.text,
        });
        Senders::new(rules, own, of_countries, texts.collect())
    }

    fn sender_rules(&mut self, delivery: &Delivery) -> SenderRules {
        let path = "delivery.sender_rules_file";
        let Some(file) = delivery.sender_rules_file.clone() else { return SenderRules::built_in() };
        let file = self.resolve(path, file);
        let read = std::fs::read_to_string(&file).map_err(|error| error.to_string());
        match read.and_then(|text| SenderRules::parse(&text).map_err(|error| error.to_string())) {
            Ok(own) => own.before(SenderRules::built_in()),
            Err(wrong) => {
                let mistake = Mistake::new(
                    format!("{}: {wrong}", file.display()),
                    "write rows such as: AT,free,any,exact,,2026-01-31,unverified,,our carrier says so",
                );
                self.document.mistake_at(path, mistake);
                SenderRules::built_in()
            }
        }
    }

    fn country_sender(
        &mut self,
        index: usize,
        draft: SenderDraft,
        rules: &SenderRules,
        names: &[ProviderName],
    ) -> CountrySender {
        let SenderDraft { country, sender, providers } = draft;
        let sender = OwnSender::of_country(sender, country);
        if let Some(problem) = Senders::bar(rules, &sender, country) {
            let source = rules.of(country).filter(|rule| !rule.source.is_empty());
            let right = source.map_or_else(
                || "write your shop's own name, or a number".to_owned(),
                |rule| format!("name another sender; see {} (as of {})", rule.source, rule.as_of),
            );
            let mistake = Mistake::new(format!("\"{}\" {}", sender.id, problem.told()), right);
            self.document.mistake_at(&format!("senders[{index}].sender"), mistake);
        }
        let is_unknown =
            |name: &ProviderName| self.document.are_sound(&["providers"]) && !names.contains(name);
        if let Some(position) = providers.iter().position(is_unknown) {
            let mistake = Mistake::new(
                format!("there is no provider \"{}\"", providers[position]),
                "name providers that have a [[providers]] section",
            );
            self.document.mistake_at(&format!("senders[{index}].providers[{position}]"), mistake);
        }
        CountrySender { providers, country, sender }
    }
}
