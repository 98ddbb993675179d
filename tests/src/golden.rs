//! Comparison with a file that was reviewed and committed.

use std::env;
use std::fs;
use std::path::Path;

/// Compares `actual` with the file `name` under `golden/`; the variable `UPDATE_GOLDEN=1` writes the file instead. There is no
/// file of nothing.
pub fn check(name: &str, actual: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    if env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        if actual.is_empty() {
            let _ = fs::remove_file(&file);
            return;
        }
        fs::create_dir_all(file.parent().expect("a golden file is in a folder")).expect("the folder can be made");
        fs::write(&file, actual).expect("the golden file can be written");
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    let missing = expected.lines().filter(|line| !actual.lines().any(|other| other == *line)).map(|line| format!("- {line}\n"));
    let surplus = actual.lines().filter(|line| !expected.lines().any(|other| other == *line)).map(|line| format!("+ {line}\n"));
    let difference: String = missing.chain(surplus).collect();
    assert!(expected == actual, "{name} differs; if it should, run with UPDATE_GOLDEN=1\n{difference}");
}
