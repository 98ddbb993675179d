//! Secrets: readable by the code that needs them, printable by nobody.

use std::{
    convert::Infallible,
    fmt, fs, io,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tracing::warn;
use zeroize::Zeroizing;

/// A file larger than this holds no password.
const LARGEST: u64 = 64 << 10;

/// Permission bits with which somebody else could replace the secret, and with which everybody can read it.
const WRITABLE_BY_OTHERS: u32 = 0o022;
const READABLE_BY_ALL: u32 = 0o004;

/// A password or token. Wiped from memory when dropped; `Debug` prints `***`, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the value over.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value, for the one place that sends it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// So that a flag can be a secret.
impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(value: &str) -> Result<Self, Infallible> {
        Ok(Self::new(value.to_owned()))
    }
}

/// Where a secret comes from.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// Given once, by flag or environment variable.
    Value(Secret),
    /// Read from a file, and again when the target refuses it.
    File(SecretFile),
}

impl SecretSource {
    /// The secret as it is now.
    ///
    /// # Errors
    /// The file cannot be read, is not a secret's file, or can be written by others.
    pub fn read(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Value(secret) => Ok(secret.clone()),
            Self::File(file) => file.read(),
        }
    }
}

/// A file that holds one secret; a newline at its end does not belong to it.
#[derive(Clone, Debug)]
pub struct SecretFile {
    path: PathBuf,
    warned: Arc<AtomicBool>,
}

impl From<PathBuf> for SecretFile {
    fn from(path: PathBuf) -> Self {
        Self { path, warned: Arc::default() }
    }
}

impl SecretFile {
    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The secret as it is in the file now.
    ///
    /// # Errors
    /// See [`SecretError`].
    pub fn read(&self) -> Result<Secret, SecretError> {
        let unreadable = |error| SecretError::Unreadable { path: self.path.clone(), error };
        let mut file = fs::File::open(&self.path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(unreadable(io::ErrorKind::IsADirectory.into()));
        }
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & WRITABLE_BY_OTHERS != 0 {
            return Err(SecretError::Writable { path: self.path.clone(), mode });
        }
        if mode & READABLE_BY_ALL != 0 && !self.warned.swap(true, Ordering::Relaxed) {
            warn!(file = %self.path.display(), mode = %format_args!("{mode:04o}"), "Secret file can be read by every user of this machine");
        }
        let mut text = Zeroizing::new(String::new());
        file.by_ref().take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > LARGEST {
            return Err(SecretError::TooLarge { path: self.path.clone() });
        }
        let value = text.strip_suffix('\n').unwrap_or(&text);
        Ok(Secret::new(value.strip_suffix('\r').unwrap_or(value).to_owned()))
    }
}

/// Why a secret's file is not taken. Names the file, never what is in it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file is not there, not readable or not text.
    #[error("secret file {path:?} cannot be read: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Others could replace the secret.
    #[error("secret file {path:?} has mode {mode:04o}, expected one that only its owner may write (chmod go-w)")]
    Writable {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// More than a password.
    #[error("secret file {path:?} is larger than 64 KiB, expected a single password or token")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8], mode: u32) -> (tempfile::TempDir, SecretFile) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("password");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        (directory, path.into())
    }

    #[test]
    fn secret_is_never_printed() {
        let secret = Secret::new("CANARY".to_owned());
        assert_eq!(format!("{secret:?} {:?}", SecretSource::Value(secret.clone())), "*** Value(***)");
    }

    #[test]
    fn newline_at_the_end_is_not_part_of_it() {
        for (content, expected) in [("pass", "pass"), ("pass\n", "pass"), ("pass\r\n", "pass"), ("pass\n\n", "pass\n"), ("", ""), (" p ", " p ")] {
            let (_directory, file) = file(content.as_bytes(), 0o600);
            assert_eq!(file.read().unwrap().reveal(), expected);
        }
    }

    #[test]
    fn file_that_others_may_write_is_refused() {
        for mode in [0o622, 0o620, 0o602, 0o666] {
            let (_directory, file) = file(b"CANARY", mode);
            let error = file.read().unwrap_err().to_string();
            assert!(error.contains(&format!("{mode:04o}")) && !error.contains("CANARY"), "{error}");
        }
        for mode in [0o600, 0o400, 0o640, 0o444] {
            let (_directory, file) = file(b"x", mode);
            assert_eq!(file.read().unwrap().reveal(), "x", "{mode:o}");
        }
    }

    #[test]
    fn what_is_no_password_is_refused() {
        let (directory, missing) = file(b"", 0o600);
        fs::remove_file(missing.path()).unwrap();
        assert!(missing.read().unwrap_err().to_string().contains("No such file"));
        assert!(SecretFile::from(directory.path().to_owned()).read().is_err());
        let (_directory, large) = file(&vec![b'x'; 70_000], 0o600);
        assert!(matches!(large.read(), Err(SecretError::TooLarge { .. })));
        let (_directory, binary) = file(&[0xff, 0xfe], 0o600);
        assert!(matches!(binary.read(), Err(SecretError::Unreadable { .. })));
    }
}
