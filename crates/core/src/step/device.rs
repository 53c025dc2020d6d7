//! Recognize: is this the customer's trusted device? And what ends the trust (fraud.md C.3).

use super::{Draft, Outcome};
use crate::device::{
    DeviceFamily, DeviceUse, Grant, PresentedDevice, PurposeClass, Showing, Sight, TrustedDevice,
};
use crate::event::{EventKind, RevokeReason};
use crate::id::VerificationId;
use crate::keyring::Tag;
use crate::purpose::Purpose;
use crate::verification::{CommandId, State};

/// Is this the customer's trusted device? If it is, it gets its next value.
#[derive(Clone, Debug)]
pub struct Recognize {
    /// What its browser showed.
    pub device: PresentedDevice,
    /// The shop's reference for its customer.
    pub customer: String,
    /// What for.
    pub purpose: Purpose,
    /// Names the request, where it may be retried.
    pub command: Option<CommandId>,
}

pub(super) fn recognize(draft: &mut Draft<'_>, recognize: &Recognize) -> Outcome {
    let Recognize { device, customer, purpose, command } = recognize;
    let customer = super::start::customer_tag(draft, customer);
    let sight = draft.look(Some(device), Some(customer), purpose, *command);
    Outcome::Recognized(draft.take_device(sight, *command))
}

impl Draft<'_> {
    /// What a token is, if one was shown. Changes nothing.
    pub(super) fn look(
        &self,
        presented: Option<&PresentedDevice>,
        customer: Option<Tag>,
        purpose: &Purpose,
        command: Option<CommandId>,
    ) -> Sight {
        let Some(presented) = presented else { return Sight::Unknown };
        let showing = Showing {
            keyring: self.keyring,
            app: self.subject.app,
            subject: self.subject.key,
            customer,
            purposes: PurposeClass::of(purpose),
            command,
            now: self.now,
        };
        self.subject.record.devices.look(presented, &showing)
    }

    /// The verification that granted the device in sight.
    pub(super) fn granted_by(&self, sight: Sight) -> Option<VerificationId> {
        let (Sight::Current(family) | Sight::Before(family) | Sight::Stolen(family)) = sight else {
            return None;
        };
        let mut devices = self.subject.record.devices.iter();
        devices.find(|device| device.family() == family).map(TrustedDevice::granted_by)
    }

    /// Gives the device its next value, or ends it. A theft is told in the timeline of the verification that the
    /// device was granted by.
    pub(super) fn take_device(&mut self, sight: Sight, command: Option<CommandId>) -> DeviceUse {
        let granted_by = self.granted_by(sight);
        let used = self.subject.record.devices.take(sight, command, self.now);
        if let (DeviceUse::Theft, Some(granted_by)) = (used, granted_by) {
            self.event(granted_by, EventKind::DeviceRevoked { reason: RevokeReason::Theft, devices: 1 });
        }
        used
    }

    /// Trusts the device on which the code of an approved verification was typed.
    pub(super) fn trust_device(&mut self, id: VerificationId, customer: Tag) {
        let Some(verification) = self.subject.verification(id) else { return };
        let replaces = match verification.device {
            Some(DeviceUse::Trusted(mark)) => Some(mark.family),
            _ => None,
        };
        let purposes = PurposeClass::of(&verification.purpose);
        let family = DeviceFamily(self.entropy.bytes());
        let grant = Grant { family, customer, purposes, granted_by: id, replaces };
        let mark = self.subject.record.devices.grant(grant, self.keyring.epoch, self.now);
        if let Some(verification) = self.subject.verification_mut(id) {
            verification.granted = Some(mark);
        }
        self.event(id, EventKind::DeviceTrusted { purposes });
    }

    /// Records that devices were dropped, if any were.
    pub(super) fn devices_dropped(&mut self, id: VerificationId, reason: RevokeReason, dropped: usize) {
        if let Ok(devices @ 1..) = u8::try_from(dropped) {
            self.event(id, EventKind::DeviceRevoked { reason, devices });
        }
    }

    /// "This was not me", said of a verification. If its code was right, somebody reads her messages: no device is
    /// trusted any more. Else only what it had to do with: or a stranger could start one of his own, report it, and so
    /// take hers away (OWASP ASVS 6.1.1, O8).
    pub(super) fn distrust_reported(&mut self, id: VerificationId) {
        let Some(verification) = self.subject.verification(id) else { return };
        let shown = match verification.device {
            Some(DeviceUse::Trusted(mark)) => Some(mark.family),
            _ => None,
        };
        let was_approved = matches!(verification.state, State::Approved { .. });
        let devices = &mut self.subject.record.devices;
        let dropped = if was_approved {
            devices.clear()
        } else {
            let shown = shown.is_some_and(|family| devices.drop_family(family));
            usize::from(shown) + devices.drop_granted_by(id)
        };
        self.devices_dropped(id, RevokeReason::Reported, dropped);
    }
}
