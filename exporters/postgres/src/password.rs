//! Where a password comes from. It is looked up again for each connection, so that a new one counts without a restart.

use std::path::PathBuf;

use exporter_core::{Secret, SecretError, SecretFile, SecretSource};

use crate::dsn::{self, Dsn, DsnError};

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) enum Password {
    /// By itself, or in a file of its own.
    Given(SecretSource),
    /// In libpq's password file.
    Passfile(PathBuf),
    /// In a file that holds the whole connection string, which is read that way.
    Inside(PathBuf, Reader),
}

/// How the text of a file becomes parameters.
pub(crate) type Reader = fn(&str) -> Result<Dsn, DsnError>;

/// Why there is no password at the moment. Never holds a value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    /// Its file cannot be read.
    #[error(transparent)]
    File(#[from] SecretError),
    /// The file is no connection string any more.
    #[error("{0}: {1}")]
    Malformed(PathBuf, DsnError),
}

impl Password {
    /// The password as it is now; `fields` are host, port, database and user.
    pub(crate) fn read(&self, fields: [&str; 4]) -> Result<Option<Secret>, PasswordError> {
        match self {
            Self::Given(source) => Ok(Some(source.read()?)),
            Self::Passfile(file) => Ok(dsn::password(file, fields)?),
            Self::Inside(file, reader) => {
                let text = SecretFile::from(file.clone()).read()?;
                let dsn = reader(text.reveal().trim()).map_err(|error| PasswordError::Malformed(file.clone(), error))?;
                Ok(dsn.get("password").map(|password| Secret::new(password.to_owned())))
            }
        }
    }
}
