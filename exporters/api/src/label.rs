//! Values of labels that the program names, not its users: a typed `&'static str`, so that their number is bounded by the program's
//! text.

use std::{fmt, marker::PhantomData};

/// A value of one label; two labels do not mix.
pub struct Name<K>(&'static str, PhantomData<fn() -> K>);

/// A kind of task: `Name::new("web_scrape")`.
pub type TaskType = Name<kind::Task>;

/// A plan that is paid for.
pub type Plan = Name<kind::Plan>;

/// Who runs a proxy.
pub type ProxyProvider = Name<kind::Proxy>;

/// A cache of the application.
pub type CacheType = Name<kind::Cache>;

/// What a [`Name`] is a value of.
pub mod kind {
    /// Label `task_type`.
    #[derive(Clone, Copy, Debug)]
    pub enum Task {}

    /// Label `plan`.
    #[derive(Clone, Copy, Debug)]
    pub enum Plan {}

    /// Label `proxy_provider`.
    #[derive(Clone, Copy, Debug)]
    pub enum Proxy {}

    /// Label `cache_type`.
    #[derive(Clone, Copy, Debug)]
    pub enum Cache {}
}

impl<K> Name<K> {
    /// A value that stands in the program's text.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name, PhantomData)
    }

    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl<K> Clone for Name<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Name<K> {}

impl<K> PartialEq for Name<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K> Eq for Name<K> {}

impl<K> fmt::Debug for Name<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A currency by its ISO 4217 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency(&'static str);

impl Currency {
    /// Euro.
    pub const EUR: Self = Self("EUR");
    /// US dollar.
    pub const USD: Self = Self("USD");
    /// Pound sterling.
    pub const GBP: Self = Self("GBP");

    /// Any other: three capital letters, or `None`.
    #[must_use]
    pub const fn new(code: &'static str) -> Option<Self> {
        match code.as_bytes() {
            [a, b, c] if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_uppercase() => Some(Self(code)),
            _ => None,
        }
    }

    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currency_is_three_capital_letters() {
        assert_eq!(Currency::new("CHF").map(Currency::as_str), Some("CHF"));
        for code in ["chf", "CH", "EURO", "E R", ""] {
            assert_eq!(Currency::new(code), None);
        }
    }
}
