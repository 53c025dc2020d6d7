//! Tags of optional parameters (SMPP 3.4 §5.3.2; 5.0 §4.8.4).

/// Which version of SMPP a server speaks.
pub const SC_INTERFACE_VERSION: u16 = 0x0210;
/// The id from the response to the submission that a receipt is about.
pub const RECEIPTED_MESSAGE_ID: u16 = 0x001e;
/// What became of a message.
pub const MESSAGE_STATE: u16 = 0x0427;
/// Three octets: the kind of network, and its error number.
pub const NETWORK_ERROR_CODE: u16 = 0x0423;
/// A text that is too long for the field of its own.
pub const MESSAGE_PAYLOAD: u16 = 0x0424;

/// Whether a parameter's value can hold neither a text nor a number nor anything else secret, so that
/// a log may show it.
pub(super) const fn is_harmless(tag: u16) -> bool {
    matches!(tag, SC_INTERFACE_VERSION | RECEIPTED_MESSAGE_ID | MESSAGE_STATE | NETWORK_ERROR_CODE)
}
