//! Numbers that decide whether an alert fires, and that a site may change.

/// One number, by the name under which expressions and `site.yaml` know it.
#[derive(Debug)]
pub(crate) struct Threshold {
    /// In capitals in an expression, in small letters in `site.yaml`.
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    /// The least value that makes sense.
    pub(crate) least: f64,
    /// The greatest value that makes sense.
    pub(crate) most: f64,
    /// Where the number comes from.
    pub(crate) reason: &'static str,
}

impl Threshold {
    /// A share between nothing and all.
    pub(crate) const fn share(name: &'static str, value: f64, reason: &'static str) -> Self {
        Self { name, value, least: 0.0, most: 1.0, reason }
    }

    /// A number of things, or a ratio that may be above 1.
    pub(crate) const fn number(name: &'static str, value: f64, most: f64, reason: &'static str) -> Self {
        Self { name, value, least: 0.0, most, reason }
    }

    /// Its name in `site.yaml`.
    pub(crate) fn key(&self) -> String {
        self.name.to_ascii_lowercase()
    }
}

/// The expression with each word of `words` replaced by its value. Text between quotes, and words that only begin like
/// one, stay as they are.
pub(crate) fn fill(expression: &str, words: &[(&str, String)]) -> String {
    let mut filled = String::with_capacity(expression.len());
    let mut quoted = false;
    let mut word = String::new();
    for letter in expression.chars() {
        if !quoted && (letter.is_ascii_alphanumeric() || letter == '_') {
            word.push(letter);
            continue;
        }
        filled.push_str(value_of(&word, words));
        word.clear();
        filled.push(letter);
        quoted ^= letter == '"';
    }
    filled.push_str(value_of(&word, words));
    filled
}

fn value_of<'a>(word: &'a str, words: &'a [(&str, String)]) -> &'a str {
    words.iter().find(|(name, _)| *name == word).map_or(word, |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_outside_quotes_are_filled_in() {
        let filled = fill(r#"x{a="HIGH"} > HIGH and HIGHER < HIGH"#, &[("HIGH", "0.8".to_owned())]);
        assert_eq!(filled, r#"x{a="HIGH"} > 0.8 and HIGHER < 0.8"#);
    }

    #[test]
    fn keys_are_in_small_letters() {
        assert_eq!(Threshold::share("HOST_CPU_HIGH", 0.8, "").key(), "host_cpu_high");
    }
}
