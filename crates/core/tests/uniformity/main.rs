//! The statistical test of codes. Apart from the other tests, because it takes half a minute where
//! they take seconds.

#[cfg(test)]
mod codes;
