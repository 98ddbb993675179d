//! Secrets: known to be set, and never known.

/// Whether an operator has set a secret. Its value is dropped while it is read, so nothing can render, log or serialize it;
/// programs read it from the file that compose mounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Secret {
    set: bool,
}

impl Secret {
    /// What is left of a value.
    pub(crate) fn of(value: &str) -> Self {
        Self { set: !value.is_empty() }
    }

    pub(crate) fn is_set(self) -> bool {
        self.set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows whether a type is `Serialize`: its own constant, which only such a type has, goes before the trait's.
    struct Probe<T>(std::marker::PhantomData<T>);

    trait Otherwise {
        const IS_SERIALIZE: bool = false;
    }

    impl<T> Otherwise for Probe<T> {}

    impl<T: serde::Serialize> Probe<T> {
        const IS_SERIALIZE: bool = true;
    }

    #[test]
    fn it_cannot_be_serialized() {
        assert_eq!((Probe::<Secret>::IS_SERIALIZE, Probe::<bool>::IS_SERIALIZE), (false, true));
    }

    #[test]
    fn a_value_is_not_kept() {
        let secret = Secret::of("hunter2");
        assert!(secret.is_set() && !Secret::of("").is_set());
        assert_eq!(format!("{secret:?}"), "Secret { set: true }");
    }
}
