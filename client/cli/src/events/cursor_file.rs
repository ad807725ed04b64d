//! A file that keeps the positions of a reader: one for each shard.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use seckill_client::Cursors;
use tempfile::NamedTempFile;

use crate::exit::Failure;

/// The longest text of a cursor is some 5 KB, and a sale has 1,024 shards at the most.
const LONGEST: u64 = 8 * 1024 * 1024;

/// The file. It always has whole positions, for it is replaced by another one.
pub(super) struct CursorFile(PathBuf);

impl CursorFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The position in it; the beginning if there is no such file.
    pub(super) fn read(&self) -> Result<Cursors, Failure> {
        let path = self.0.display();
        let unreadable = |error| Failure::Usage(format!("cannot read {path}: {error}"));
        match fs::metadata(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Cursors::start()),
            Err(error) => return Err(unreadable(error)),
            // Only such a file can be replaced by another one.
            Ok(found) if !found.is_file() => {
                return Err(Failure::Usage(format!("{path} is no ordinary file")));
            }
            Ok(_) => {}
        }
        let mut text = String::new();
        File::open(&self.0)
            .map_err(unreadable)?
            .take(LONGEST)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        text.trim().parse().map_err(|error| Failure::Usage(format!("{path}: {error}")))
    }

    /// Replaces it, so that also a crash of the machine leaves the old one or the new one.
    pub(super) fn write(&self, cursors: &Cursors) -> Result<(), Failure> {
        self.replace(cursors)
            .map_err(|error| Failure::Server(format!("cannot write {}: {error}", self.0.display())))
    }

    fn replace(&self, cursors: &Cursors) -> io::Result<()> {
        // What a link leads to is replaced, not the link.
        let path = self.0.canonicalize().unwrap_or_else(|_| self.0.clone());
        // A rename within one directory is atomic.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let mut new = NamedTempFile::new_in(parent.unwrap_or(Path::new(".")))?;
        if let Ok(old) = fs::metadata(&path) {
            new.as_file().set_permissions(old.permissions())?;
        }
        writeln!(new, "{cursors}")?;
        new.as_file().sync_data()?;
        new.persist(path)?;
        Ok(())
    }
}
