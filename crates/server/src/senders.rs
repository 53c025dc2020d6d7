//! Whom live messages say they come from, country by country, and which texts India lets through: what
//! the operator configured, asked of the rules of [`countersign_delivery::sender_rules`].

use std::collections::BTreeMap;

use countersign_core::id::AppId;
use countersign_core::phone::Country;
use countersign_delivery::provider::{ProviderName, Registered};
use countersign_delivery::route::choose::PassedOver;
use countersign_delivery::sender::SenderId;
use countersign_delivery::sender_rules::{DltTemplate, OwnSender, SenderProblem, SenderRules, Weight};

/// The country whose operators compare texts with registered ones.
const COUNTRY_OF_REGISTERED_TEXTS: &str = "IN";

/// The senders and texts that the operator has, and the rules that they are held against.
#[derive(Clone, Debug, Default)]
pub struct Senders {
    rules: SenderRules,
    own: BTreeMap<ProviderName, OwnSender>,
    of_countries: Vec<CountrySender>,
    texts: Vec<RegisteredText>,
}

/// A sender for one country: `[[senders]]`.
#[derive(Clone, Debug)]
pub struct CountrySender {
    /// The providers that may use it; empty: all.
    pub providers: Vec<ProviderName>,
    /// The country.
    pub country: Country,
    /// The sender.
    pub sender: OwnSender,
}

/// A text registered with India's operators: `[[dlt_templates]]`.
#[derive(Clone, Debug)]
pub struct RegisteredText {
    /// The app whose text it is; none: any app's.
    pub app: Option<AppId>,
    /// The id of the shop there.
    pub entity_id: String,
    /// The id of the text there.
    pub template_id: String,
    /// The text.
    pub template: DltTemplate,
}

/// The sender of a message by one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picked<'a> {
    /// Whom the phone shows; none leaves it to the provider.
    pub sender: Option<&'a SenderId>,
    /// Why not the sender that the provider has for all countries, in words for the timeline.
    pub because: Option<String>,
}

impl RegisteredText {
    /// The ids that go with the message.
    pub fn ids(&self) -> Registered<'_> {
        Registered { entity_id: &self.entity_id, template_id: &self.template_id }
    }
}

impl CountrySender {
    fn serves(&self, provider: &ProviderName, country: Country) -> bool {
        self.country == country && (self.providers.is_empty() || self.providers.contains(provider))
    }
}

impl Senders {
    /// What the operator has: `own` are the providers' senders for all countries.
    pub fn new(
        rules: SenderRules,
        own: BTreeMap<ProviderName, OwnSender>,
        of_countries: Vec<CountrySender>,
        texts: Vec<RegisteredText>,
    ) -> Self {
        Senders { rules, own, of_countries, texts }
    }

    /// The rules.
    pub const fn rules(&self) -> &SenderRules {
        &self.rules
    }

    /// The sender for a country, none for international networks: the first of those that were configured
    /// for it, else the provider's own; or what bars all of them. A provider without any sender chooses by
    /// itself.
    pub fn pick(
        &self,
        provider: &ProviderName,
        country: Option<Country>,
    ) -> Result<Picked<'_>, SenderProblem> {
        let own = self.own.get(provider);
        let Some(country) = country else {
            return Ok(Picked { sender: own.map(|own| &own.id), because: None });
        };
        let special = self.of_countries.iter().filter(|sender| sender.serves(provider, country));
        let choice = self.rules.choose(special.map(|sender| &sender.sender).chain(own), country);
        match (choice.sender, choice.passed_over.last()) {
            (Some(chosen), _) => {
                let other = own.filter(|own| own.id != chosen.id);
                let because = other.map(|own| self.not_this_one(own, country));
                Ok(Picked { sender: Some(&chosen.id), because })
            }
            (None, Some((_, problem))) => Err(*problem),
            (None, None) => Ok(Picked { sender: None, because: None }),
        }
    }

    fn not_this_one(&self, own: &OwnSender, country: Country) -> String {
        let why = self.rules.problem(own, country).map(PassedOver::from).map(PassedOver::as_str);
        format!("not sender {}: {}", own.id, why.unwrap_or("country_has_its_own"))
    }

    /// The texts that a message of this app to this country must be one of; none where any text will do.
    pub fn texts(&self, app: AppId, country: Option<Country>) -> Option<Vec<&RegisteredText>> {
        if country?.as_str() != COUNTRY_OF_REGISTERED_TEXTS {
            return None;
        }
        let texts: Vec<_> = self.texts.iter().filter(|text| text.app.is_none_or(|of| of == app)).collect();
        (!texts.is_empty()).then_some(texts)
    }

    /// What whoever configured them should know: one sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let own = self.own.iter().filter_map(|(provider, own)| self.remark_on_own(provider, own));
        let special = self.of_countries.iter().filter_map(|special| {
            let problem = self.rules.problem(&special.sender, special.country)?;
            let (id, country) = (&special.sender.id, special.country);
            Some(format!("sender \"{id}\" for {country} {}, as far as is known", problem.told()))
        });
        let for_india = |special: &CountrySender| special.country.as_str() == COUNTRY_OF_REGISTERED_TEXTS;
        let lonely = !self.texts.is_empty() && !self.of_countries.iter().any(for_india);
        let lonely = lonely.then(|| {
            "there are [[dlt_templates]] and no [[senders]] for IN: India wants a registered sender too"
                .to_owned()
        });
        own.chain(special).chain(lonely).collect()
    }

    /// The countries that would not let a provider's own sender through, and for which it has no other.
    fn remark_on_own(&self, provider: &ProviderName, own: &OwnSender) -> Option<String> {
        let barred: Vec<String> = self
            .rules
            .countries()
            .map(|rule| rule.country)
            .filter(|country| self.pick(provider, Some(*country)).is_err())
            .map(|country| country.to_string())
            .collect();
        if barred.is_empty() {
            return None;
        }
        Some(format!(
            "provider \"{provider}\" carries nothing to {}: its sender \"{}\" is not let through there; \
             see `countersign provider senders`, and give it others below [[senders]]",
            barred.join(", "),
            own.id
        ))
    }

    /// What is wrong with a sender for a country, if it is known that it is not let through.
    pub fn bar(rules: &SenderRules, sender: &OwnSender, country: Country) -> Option<SenderProblem> {
        let problem = rules.problem(sender, country)?;
        (rules.weight(problem, country) == Weight::Bars).then_some(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        code.parse().unwrap()
    }

    fn id(text: &str) -> SenderId {
        text.parse().unwrap()
    }

    fn provider(name: &str) -> ProviderName {
        name.parse().unwrap()
    }

    fn senders() -> Senders {
        let own = BTreeMap::from([(provider("a"), OwnSender::anywhere(id("MyShop")))]);
        let special = |providers: &[&str], code: &str, sender: &str| CountrySender {
            providers: providers.iter().map(|name| provider(name)).collect(),
            country: country(code),
            sender: OwnSender::of_country(id(sender), country(code)),
        };
        let of_countries = vec![
            special(&["a"], "US", "+12025550123"),
            special(&[], "IN", "MYSHOP"),
            special(&["b"], "SG", "MyShop"),
        ];
        let template = DltTemplate::parse("{#var#} is it").unwrap();
        let (entity_id, template_id) = ("1101".to_owned(), "1107".to_owned());
        let text = RegisteredText { app: None, entity_id, template_id, template };
        Senders::new(SenderRules::built_in(), own, of_countries, vec![text])
    }

    #[test]
    fn a_countrys_own_sender_comes_before_the_one_for_all() {
        let senders = senders();
        let of = |name: &str, code: &str| {
            let picked = senders.pick(&provider(name), Some(country(code)))?;
            Ok((picked.sender.map(SenderId::as_str).unwrap_or_default().to_owned(), picked.because))
        };
        let plain = |sender: &str| Ok((sender.to_owned(), None));
        let instead = |sender: &str, why: &str| Ok((sender.to_owned(), Some(why.to_owned())));
        assert_eq!(of("a", "DE"), plain("MyShop"));
        assert_eq!(of("a", "US"), instead("+12025550123", "not sender MyShop: names_refused"));
        assert_eq!(of("a", "IN"), instead("MYSHOP", "not sender MyShop: sender_not_registered"));
        assert_eq!(of("a", "SG"), Err(SenderProblem::NotRegistered));
        assert_eq!(of("a", "AT"), plain("MyShop"), "what becomes of it there is not known");
        assert_eq!(of("b", "SG"), plain("MyShop"));
        assert_eq!(of("b", "US"), plain(""), "left to the provider");
        assert_eq!(senders.pick(&provider("a"), None).unwrap().sender, Some(&id("MyShop")));
    }

    #[test]
    fn texts_are_compared_for_india_alone() {
        let (senders, app) = (senders(), AppId::from_bytes([1; 16]));
        assert_eq!(senders.texts(app, Some(country("IN"))).map(|texts| texts.len()), Some(1));
        assert!(senders.texts(app, Some(country("GB"))).is_none());
        assert!(senders.texts(app, None).is_none());
    }

    #[test]
    fn remarks_name_the_countries_that_a_sender_does_not_reach() {
        let remarks = senders().remarks();
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        assert!(remarks[0].contains(" IE") && remarks[0].contains("\"MyShop\""), "{remarks:?}");
        let told = remarks[0].split(':').next().unwrap();
        for reached in [" US", " IN", " AT", " DE"] {
            assert!(!told.contains(reached), "{reached}: {told}");
        }
    }
}
