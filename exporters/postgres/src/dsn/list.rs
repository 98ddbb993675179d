//! Several connection strings in one variable, separated by commas.

/// Names that begin a connection string in the `key=value` form.
const FIRST_KEYS: &[&str] = &["host", "hostaddr", "port", "dbname", "user", "password", "sslmode", "service", "application_name"];

/// Splits at the commas that are followed by the beginning of a connection string, and not inside quotes. So a comma in a
/// password does not end it.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    let mut escaped = false;
    for (position, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' => quoted = !quoted,
            ',' if !quoted => {
                if let Some((before, after)) = text.split_at_checked(position)
                    && begins(after.trim_start_matches(','))
                {
                    parts.extend(before.get(start..));
                    start = position + 1;
                }
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn begins(text: &str) -> bool {
    let text = text.trim_start();
    let uri = text.starts_with("postgres://") || text.starts_with("postgresql://");
    uri || text.split_once('=').is_some_and(|(name, _)| FIRST_KEYS.contains(&name.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_separate_strings_only() {
        assert_eq!(split("postgres://a/x,postgresql://b/y"), ["postgres://a/x", "postgresql://b/y"]);
        assert_eq!(split("host=a password=p,w dbname=x, host=b password='q,host=c'"), ["host=a password=p,w dbname=x", "host=b password='q,host=c'"]);
        assert_eq!(split("postgres://u:p,w@a,b/x"), ["postgres://u:p,w@a,b/x"]);
        assert_eq!(split("postgres://a/x,"), ["postgres://a/x,"]);
        assert!(split("").is_empty());
    }
}
