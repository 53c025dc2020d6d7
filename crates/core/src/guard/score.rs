//! Log-odds with named reasons: one machinery for the score of a request (fraud.md B.3.7) and for the step-up
//! decision (C.1).
//!
//! Each signal that is present adds its weight. One that nobody could tell adds nothing and is shown as missing: its
//! absence is no good sign. Weights are set by hand, have a version, and are whole thousandths of a point.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Points, in thousandths. One point is odds times e.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Points(pub i32);

impl fmt::Display for Points {
    /// `+1.2`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:+}", f64::from(self.0) / 1000.0)
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let points = f64::deserialize(deserializer)?;
        if !(-100.0..=100.0).contains(&points) {
            return Err(serde::de::Error::custom("points are from -100 to 100"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 100,000 thousandths")]
        let thousandths = (points * 1000.0).round() as i32;
        Ok(Points(thousandths))
    }
}

macro_rules! signals {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal, $points:literal;)+) => {
        /// What may be known about a request or a customer.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Signal {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+
        }

        impl Signal {
            /// All of them.
            pub const ALL: &[Signal] = &[$(Signal::$name,)+];

            /// Its word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Signal::$name => $word,)+ }
            }

            /// Its weight to start with, in thousandths.
            const fn first_points(self) -> i32 {
                match self { $(Signal::$name => $points,)+ }
            }
        }
    };
}

signals! {
    /// The device's cookie is valid for this customer (C.1).
    TrustedDevice = "trusted_device", -3000;
    /// A passkey was used in this session (C.1).
    Passkey = "passkey", -5000;
    /// The number was verified in the last 30 days on this device (C.1).
    VerifiedHere = "verified_here", -1500;
    /// The device was never seen (C.1).
    NewDevice = "new_device", 1200;
    /// The address is in another country than in the last 90 days (C.1).
    NewCountry = "new_country", 1000;
    /// The address belongs to a hosting network or to Tor (C.1).
    HostingAddress = "hosting_address", 2000;
    /// Faster than 900 km/h from the last sight (C.1).
    ImpossibleTravel = "impossible_travel", 1500;
    /// More than 3 orders in an hour or 3 cards in 24 hours (C.1).
    Velocity = "velocity", 1500;
    /// The amount is above the 95th percentile of the customer (C.1).
    HighForCustomer = "high_for_customer", 800;
    /// The amount is above the 99th percentile of the shop (C.1).
    HighForShop = "high_for_shop", 1200;
    /// A delivery address that was never used (C.1).
    NewAddress = "new_address", 1000;
    /// Digital goods, gift cards, or express pick-up (C.1).
    EasyToResell = "easy_to_resell", 1000;
    /// The account is younger than 24 hours (C.1).
    NewAccount = "new_account", 800;
    /// The e-mail address is of a disposable domain (B.3.7, C.1).
    DisposableEmail = "disposable_email", 1500;
    /// Password, phone or e-mail changed in the last 72 hours (C.1).
    RecentChange = "recent_change", 2000;
    /// The SIM was changed in the last 24 hours (C.1; CAMARA SIM Swap).
    SimSwapDay = "sim_swap_24h", 4000;
    /// In the last 72 hours.
    SimSwapThreeDays = "sim_swap_72h", 3000;
    /// In the last 240 hours.
    SimSwapTenDays = "sim_swap_240h", 1500;
    /// The number has another holder than when it was verified last (C.1; CAMARA Number Recycling).
    Recycled = "number_recycled", 4000;
    /// The holder has had the number for less than 30 days (C.1; CAMARA Tenure).
    ShortTenure = "short_tenure", 800;
    /// All calls are forwarded (C.1; CAMARA Call Forwarding Signal): no code by voice.
    CallForwarding = "call_forwarding", 0;
    /// The number is of a VoIP service (B.3.7, C.1).
    Voip = "voip", 700;
    /// The number is prepaid (C.1).
    Prepaid = "prepaid", 200;
    /// The network says silently that the device has the number (C.1; CAMARA Number Verification).
    NetworkMatch = "network_match", -2500;
    /// The e-mail address is younger than a week (B.3.7).
    NewEmail = "new_email", 800;
    /// Most numbers that came from the address's network lately were new (B.3.7).
    NetworkOfNewNumbers = "network_of_new_numbers", 1000;
    /// A message there costs more than four times the app's median (B.3.7).
    DearDestination = "dear_destination", 700;
    /// More distinct new numbers in the range than its conversions let expect, by e (B.3.4).
    ManyNewNumbers = "many_new_numbers", 500;
    /// By e squared.
    VeryManyNewNumbers = "very_many_new_numbers", 1000;
    /// Numbers of the range ended in near pairs lately (B.3.3).
    NearNumbers = "near_numbers", 1500;
    /// The form was filled in less than 3 seconds (B.3.7).
    FastForm = "fast_form", 1500;
    /// The browser's language is not spoken in the number's country (B.3.7).
    StrangeLanguage = "strange_language", 500;
}

/// What the score of a request looks at.
pub const REQUEST_SIGNALS: &[Signal] = &[
    Signal::DisposableEmail,
    Signal::NewEmail,
    Signal::NewDevice,
    Signal::HostingAddress,
    Signal::NetworkOfNewNumbers,
    Signal::Voip,
    Signal::DearDestination,
    Signal::ManyNewNumbers,
    Signal::VeryManyNewNumbers,
    Signal::NearNumbers,
    Signal::FastForm,
    Signal::StrangeLanguage,
];

/// What is known: of each signal, whether it is there, or that nobody could tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    present: u64,
    answered: u64,
}

/// What is known of one signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// It is there.
    Present,
    /// It is not.
    Absent,
}

impl From<bool> for Observed {
    fn from(is_there: bool) -> Self {
        if is_there { Observed::Present } else { Observed::Absent }
    }
}

impl Facts {
    /// Nothing is known.
    pub const UNKNOWN: Facts = Facts { present: 0, answered: 0 };

    /// With what is known of a signal.
    #[must_use]
    pub const fn with(self, signal: Signal, observed: Observed) -> Self {
        let bit = 1 << signal as u64;
        let present = match observed {
            Observed::Present => self.present | bit,
            Observed::Absent => self.present & !bit,
        };
        Facts { present, answered: self.answered | bit }
    }

    /// With what is known of a signal, if anything is.
    #[must_use]
    pub const fn maybe(self, signal: Signal, observed: Option<Observed>) -> Self {
        match observed {
            Some(observed) => self.with(signal, observed),
            None => self,
        }
    }

    /// With the hours since the SIM was last changed: the strongest of the three signals that fits, alone.
    #[must_use]
    pub const fn with_sim_swap(self, hours_ago: Option<u32>) -> Self {
        let level = match hours_ago {
            Some(0..24) => Some(Signal::SimSwapDay),
            Some(24..72) => Some(Signal::SimSwapThreeDays),
            Some(72..240) => Some(Signal::SimSwapTenDays),
            _ => None,
        };
        let facts = self
            .with(Signal::SimSwapDay, Observed::Absent)
            .with(Signal::SimSwapThreeDays, Observed::Absent)
            .with(Signal::SimSwapTenDays, Observed::Absent);
        match level {
            Some(signal) => facts.with(signal, Observed::Present),
            None => facts,
        }
    }

    /// With how far the distinct new numbers of the range are above what is expected (B.3.4).
    #[must_use]
    pub fn with_surprise(self, surprise: f64) -> Self {
        let level = |from: f64, to: f64| {
            if surprise >= from && surprise < to { Observed::Present } else { Observed::Absent }
        };
        self.with(Signal::ManyNewNumbers, level(1.0, 2.0))
            .with(Signal::VeryManyNewNumbers, level(2.0, f64::INFINITY))
    }

    /// Whether a signal is there.
    pub const fn has(&self, signal: Signal) -> bool {
        self.present >> signal as u64 & 1 == 1
    }

    /// Whether anything is known of a signal.
    pub const fn knows(&self, signal: Signal) -> bool {
        self.answered >> signal as u64 & 1 == 1
    }
}

/// What each signal weighs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Weights {
    /// Which weights they are: stands beside each decision. Whoever changes a weight changes it.
    pub version: String,
    /// Weights that differ from those to start with.
    pub points: BTreeMap<Signal, Points>,
}

impl Default for Weights {
    fn default() -> Self {
        Weights { version: "2026-11".to_owned(), points: BTreeMap::new() }
    }
}

impl Weights {
    /// What a signal weighs.
    pub fn of(&self, signal: Signal) -> Points {
        self.points.get(&signal).copied().unwrap_or(Points(signal.first_points()))
    }

    /// The sum of those that are present among `considered`.
    pub fn sum(&self, facts: Facts, considered: &[Signal]) -> Points {
        let present = considered.iter().filter(|signal| facts.has(**signal));
        Points(present.map(|signal| self.of(*signal).0).sum())
    }

    /// The sum with its reasons, the heaviest first.
    pub fn explain(&self, facts: Facts, considered: &[Signal], bias: Points) -> Score {
        let mut reasons: Vec<Reason> = considered
            .iter()
            .filter(|signal| facts.has(**signal))
            .map(|&signal| Reason { signal, points: self.of(signal) })
            .collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.points.0.abs()));
        Score {
            points: Points(bias.0 + reasons.iter().map(|reason| reason.points.0).sum::<i32>()),
            reasons,
            missing: considered.iter().copied().filter(|signal| !facts.knows(*signal)).collect(),
            weights: self.version.clone(),
        }
    }
}

/// A signal that counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The signal.
    pub signal: Signal,
    /// What it added.
    pub points: Points,
}

/// A sum of points, and what it is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The sum, the bias included.
    pub points: Points,
    /// What it is made of, the heaviest first.
    pub reasons: Vec<Reason>,
    /// What nobody could tell. It added nothing.
    pub missing: Vec<Signal>,
    /// The version of the weights.
    pub weights: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn present_signals_add_up_and_missing_ones_are_shown() {
        let facts = Facts::UNKNOWN
            .with(Signal::FastForm, Observed::Present)
            .with(Signal::HostingAddress, Observed::Present)
            .with(Signal::NewDevice, Observed::Absent)
            .maybe(Signal::Voip, None);
        let score = Weights::default().explain(facts, REQUEST_SIGNALS, Points(-500));
        assert_eq!(score.points, Points(3000));
        let named: Vec<_> = score.reasons.iter().map(|reason| reason.signal).collect();
        assert_eq!(named, [Signal::HostingAddress, Signal::FastForm]);
        assert!(score.missing.contains(&Signal::Voip) && !score.missing.contains(&Signal::NewDevice));
        assert_eq!(score.missing.len(), REQUEST_SIGNALS.len() - 3);
        assert_eq!(Weights::default().sum(facts, REQUEST_SIGNALS), Points(3500));
    }

    #[test]
    fn levels_exclude_one_another() {
        for (hours, points) in
            [(Some(3), 4000), (Some(30), 3000), (Some(100), 1500), (Some(999), 0), (None, 0)]
        {
            let facts = Facts::UNKNOWN.with_sim_swap(hours);
            assert_eq!(Weights::default().sum(facts, Signal::ALL), Points(points), "{hours:?}");
            assert!(facts.knows(Signal::SimSwapDay));
        }
        for (surprise, points) in [(0.5, 0), (1.5, 500), (9.0, 1000)] {
            let facts = Facts::UNKNOWN.with_surprise(surprise);
            assert_eq!(Weights::default().sum(facts, Signal::ALL), Points(points));
        }
    }

    #[test]
    fn every_signal_has_its_own_word_and_place() {
        assert!(Signal::ALL.len() < 64);
        for signal in Signal::ALL {
            assert_eq!(serde_json::to_value(signal).unwrap().as_str(), Some(signal.as_str()));
            let alone = Facts::UNKNOWN.with(*signal, Observed::Present);
            assert_eq!(Signal::ALL.iter().filter(|one| alone.has(**one)).count(), 1);
        }
    }

    #[test]
    fn weights_can_be_set_and_carry_their_version() {
        let weights: Weights =
            serde_json::from_str(r#"{"version":"mine-1","points":{"fast_form":2.25}}"#).unwrap();
        let facts = Facts::UNKNOWN.with(Signal::FastForm, Observed::Present);
        let score = weights.explain(facts, REQUEST_SIGNALS, Points(0));
        assert_eq!((score.points, score.weights.as_str()), (Points(2250), "mine-1"));
        assert!(serde_json::from_str::<Weights>(r#"{"points":{"slow_form":1}}"#).is_err());
        assert!(serde_json::from_str::<Weights>(r#"{"points":{"fast_form":1000}}"#).is_err());
    }
}
