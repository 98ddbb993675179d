//! Switches as Go reads them.

/// Reads Go's spellings of a boolean: `1`, `t`, `T`, `true`, `True`, `TRUE` and their opposites.
///
/// # Errors
/// What the expected form is.
pub fn switch(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(true),
        "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}
