//! Numbers and codes are nowhere but where they must be (I12; issue 2, "It must show" 5).

#[cfg(test)]
mod attack;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod leak;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod scan;
