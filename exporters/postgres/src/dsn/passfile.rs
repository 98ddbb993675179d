//! The password file: lines of `host:port:database:user:password`, `*` for any, `\` before a colon that belongs to a field.

use std::path::Path;

use exporter_core::{Secret, SecretError, SecretFile};

/// The first line that fits, if any.
pub(crate) fn password(file: &Path, fields: [&str; 4]) -> Result<Option<Secret>, SecretError> {
    let text = SecretFile::from(file.to_owned()).read()?;
    Ok(text.reveal().lines().find_map(|line| matching(line, fields)))
}

fn matching(line: &str, wanted: [&str; 4]) -> Option<Secret> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == ':' && fields.len() < 5 {
            fields.push(String::new());
        } else if let Some(field) = fields.last_mut() {
            field.extend(if character == '\\' { characters.next() } else { Some(character) });
        }
    }
    let password = (fields.len() == 5).then(|| fields.pop()).flatten()?;
    let fits = fields.iter().zip(wanted).all(|(field, wanted)| field == "*" || field == wanted);
    (fits && !line.starts_with('#')).then(|| Secret::new(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_fitting_line_counts() {
        let wanted = ["db", "5432", "shop", "me"];
        let found = |line| matching(line, wanted).map(|secret| secret.reveal().to_owned());
        assert_eq!(found("db:5432:shop:me:a\\:b:c").as_deref(), Some("a:b:c"));
        assert_eq!(found("*:*:*:me:x").as_deref(), Some("x"));
        assert_eq!(found("other:*:*:me:x"), None);
        assert_eq!(found("#*:*:*:me:x"), None);
        assert_eq!(found("*:*:*:me"), None);
    }
}
