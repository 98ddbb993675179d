//! Reading of what a configuration is made of.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

/// More than any bundle of authorities.
const LARGEST: u64 = 4 << 20;

/// The bytes of a plain file: anything else might never end, or never begin.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST { Err(io::Error::other("larger than 4 MiB")) } else { Ok(bytes) }
}

/// The same as text.
pub(super) fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|_| io::Error::other("not UTF-8"))
}
