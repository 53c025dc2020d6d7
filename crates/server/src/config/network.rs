//! A range of addresses, such as the proxies that may say whom they speak for.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use serde::Deserialize;

use super::problem::Mistake;

/// A network in CIDR notation (RFC 4632, RFC 4291 §2.3), or one address. An IPv4 address that arrives
/// mapped into IPv6 counts as the IPv4 address that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

impl Network {
    /// Whether the address lies in the network.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                prefix(u128::from(network.to_bits()) << 96, self.prefix_bits)
                    == prefix(u128::from(address.to_bits()) << 96, self.prefix_bits)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                prefix(network.to_bits(), self.prefix_bits) == prefix(address.to_bits(), self.prefix_bits)
            }
            _ => false,
        }
    }

    /// The network's first address: what is left of its own without the host's bits.
    fn first_address(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(v4) => {
                let bits = prefix(u128::from(v4.to_bits()) << 96, self.prefix_bits) >> 96;
                IpAddr::V4(u32::try_from(bits).unwrap_or_default().into())
            }
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(prefix(v6.to_bits(), self.prefix_bits))),
        }
    }
}

/// The first `prefix_bits` of 128, the rest zero.
const fn prefix(bits: u128, prefix_bits: u8) -> u128 {
    if prefix_bits == 0 { 0 } else { bits & (u128::MAX << (128 - prefix_bits)) }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_bits)
    }
}

impl FromStr for Network {
    type Err = Mistake;

    fn from_str(text: &str) -> Result<Self, Mistake> {
        let unreadable = || {
            Mistake::new(
                format!("{text:?} is neither an IP address nor a network"),
                "write an address such as \"192.0.2.7\", or a network such as \"10.0.0.0/8\" or \"fd00::/8\"",
            )
        };
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| unreadable())?;
        let most: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match length {
            None => most,
            // `parse` alone would take "+8".
            Some(length) if length.bytes().all(|b| b.is_ascii_digit()) => {
                length.parse().ok().filter(|bits| *bits <= most).ok_or_else(|| {
                    Mistake::new(
                        format!("{text:?} has a prefix length that such an address does not have"),
                        format!("write a prefix length of 1 to {most} after the slash"),
                    )
                })?
            }
            Some(_) => return Err(unreadable()),
        };
        let network = Network { address, prefix_bits };
        if prefix_bits == 0 {
            return Err(Mistake::new(
                format!("{text:?} is the whole internet: every caller could forge its address"),
                "name the networks of your proxies only",
            ));
        }
        if matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some()) {
            return Err(Mistake::new(
                format!("{text:?} is an IPv4 address mapped into IPv6"),
                "write the IPv4 address or network itself",
            ));
        }
        let first_address = network.first_address();
        if first_address != address {
            return Err(Mistake::new(
                format!("{text:?} has bits set after its first {prefix_bits}"),
                format!(
                    "write \"{first_address}/{prefix_bits}\" for the network, or \"{address}\" for the one address"
                ),
            ));
        }
        Ok(network)
    }
}

impl TryFrom<String> for Network {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_contains_its_addresses_and_no_others() {
        assert!(contains("10.0.0.0/8", "10.255.0.1"));
        assert!(!contains("10.0.0.0/8", "11.0.0.0"));
        assert!(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(contains("192.0.2.7", "192.0.2.7"));
        assert!(!contains("192.0.2.7", "192.0.2.6"));
        assert!(contains("192.0.2.6/31", "192.0.2.7"));
        assert!(contains("128.0.0.0/1", "255.1.1.1"));
        assert!(!contains("128.0.0.0/1", "127.255.255.255"));
        assert!(contains("fd00::/8", "fdff::1"));
        assert!(!contains("fd00::/8", "fe00::1"));
        assert!(contains("::1", "::1"));
        assert!(!contains("::1", "::2"));
        assert!(!contains("fd00::/8", "10.0.0.1"));
        assert!(!contains("10.0.0.0/8", "a00::"));
    }

    #[test]
    fn what_is_no_network_is_refused_with_a_way_out() {
        for (text, wrong, right) in [
            ("", "neither", "10.0.0.0/8"),
            ("proxy.example", "neither", "10.0.0.0/8"),
            ("10.0.0.0/", "prefix length", "1 to 32"),
            ("10.0.0.0/+8", "neither", "10.0.0.0/8"),
            ("10.0.0.0/33", "prefix length", "1 to 32"),
            ("fd00::/129", "prefix length", "1 to 128"),
            ("10.0.0.0/256", "prefix length", "1 to 32"),
            ("0.0.0.0/0", "whole internet", "proxies"),
            ("::/0", "whole internet", "proxies"),
            ("10.0.0.1/8", "bits set", "\"10.0.0.0/8\""),
            ("fd00::1/64", "bits set", "\"fd00::/64\""),
            ("::ffff:10.0.0.1", "mapped", "IPv4"),
        ] {
            let mistake = text.parse::<Network>().unwrap_err();
            assert!(mistake.wrong.contains(wrong), "{text}: {mistake:?}");
            assert!(mistake.right.contains(right), "{text}: {mistake:?}");
        }
    }
}
