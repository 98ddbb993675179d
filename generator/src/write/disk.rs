//! What the writer does to a disk, one durable step each: the seam at which tests interrupt it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::WriteError;

/// Containers run as users of their own and must be able to read what they mount, whatever the umask here.
const FILE_MODE: u32 = 0o644;
const DIRECTORY_MODE: u32 = 0o755;

/// Each method is done and durable when it returns.
pub(super) trait Disk {
    fn create_directory(&mut self, path: &Path) -> io::Result<()>;
    /// Creates a file; one that is there already is an error.
    fn create(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove_file(&mut self, path: &Path) -> io::Result<()>;
    fn remove_directory(&mut self, path: &Path) -> io::Result<()>;
}

/// The real one.
#[derive(Debug)]
pub(super) struct Filesystem;

impl Disk for Filesystem {
    fn create_directory(&mut self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)?;
        fs::set_permissions(path, Permissions::from_mode(DIRECTORY_MODE))?;
        synchronize_parent(path)
    }

    fn create(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)?;
        synchronize_parent(to)
    }

    fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)?;
        synchronize_parent(path)
    }

    fn remove_directory(&mut self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)?;
        synchronize_parent(path)
    }
}

/// Makes a change of names durable.
fn synchronize_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// What a file holds; `None` if it is not there. Links are not followed.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, WriteError> {
    if path.is_symlink() {
        return Err(WriteError::Link(path.to_owned()));
    }
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => Err(WriteError::NotAFile(path.to_owned())),
        Err(source) => Err(WriteError::Io { action: "read", path: path.to_owned(), source }),
    }
}
