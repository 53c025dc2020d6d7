//! Trusted devices: tokens that shops show, and those that they are given. The rules are in the core.

use countersign_core::device::{DEVICE_LIFETIME, DeviceToken, DeviceUse, PresentedDevice, PurposeClass};
use countersign_core::phone::E164;
use countersign_core::step::Trust;
use countersign_core::subject::SubjectKey;
use countersign_core::time::Timestamp;
use countersign_core::verification::{State, Verification};
use zeroize::Zeroizing;

use super::{Caller, Services};

/// A token as a shop sent it, whatever it is. Wiped on drop, and no log shows it.
pub struct ShownToken(pub Zeroizing<String>);

/// What came of a token.
pub struct DeviceAnswer {
    /// Which it is.
    pub used: DeviceUse,
    /// What the browser shows next time.
    pub next: Option<DeviceToken>,
}

/// A device that is trusted now.
pub struct GrantedDevice {
    /// What its browser shows.
    pub token: DeviceToken,
    /// What for.
    pub purposes: PurposeClass,
    /// Until when, however often it is used.
    pub until: Timestamp,
}

impl Services {
    /// The device that a token names, if it is one of this phone.
    pub(super) fn read_token(
        &self,
        caller: &Caller,
        phone: SubjectKey,
        shown: &ShownToken,
    ) -> Option<PresentedDevice> {
        let (of, presented) = self.engine.keyring().read_device_token(caller.app.id, &shown.0)?;
        (of == phone).then_some(presented)
    }

    /// What came of a token, with the next one.
    pub(super) fn device_answer(&self, caller: &Caller, phone: SubjectKey, used: DeviceUse) -> DeviceAnswer {
        let next = match used {
            DeviceUse::Trusted(mark) => Some(self.engine.keyring().device_token(caller.app.id, phone, mark)),
            DeviceUse::Theft | DeviceUse::Unknown => None,
        };
        DeviceAnswer { used, next }
    }

    /// The device that an approval made trusted, for the check that asked for it.
    pub(super) fn granted_device(
        &self,
        caller: &Caller,
        verification: &Verification,
        phone: &E164,
        asked: Trust,
    ) -> Option<GrantedDevice> {
        let State::Approved { at, .. } = verification.state else { return None };
        let mark = verification.granted.filter(|_| asked == Trust::Asked)?;
        let keyring = self.engine.keyring();
        let key = keyring.subject_key(caller.app.id, caller.mode, phone);
        Some(GrantedDevice {
            token: keyring.device_token(caller.app.id, key, mark),
            purposes: PurposeClass::of(&verification.purpose),
            until: at.plus(DEVICE_LIFETIME),
        })
    }
}
