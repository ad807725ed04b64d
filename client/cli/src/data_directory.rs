//! The directory where a server keeps its data.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A directory that no other server of this program uses.
pub(crate) struct DataDirectory {
    path: PathBuf,
    lock: File,
}

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Two servers would write into the same files.
    #[error("another server keeps its data in {}: name another directory (--dir PATH)", .0.display())]
    InUse(PathBuf),
    /// A server with an AOF starts empty beside an RDB file, and would then overwrite that.
    #[error(
        "{directory} has an RDB file but no AOF, and a server with an AOF would not load it: start with \
         `seckill serve --dir {directory} --appendonly no`, and send CONFIG SET appendonly yes once",
        directory = .0.display()
    )]
    OnlySnapshot(PathBuf),
    /// It cannot be created or locked.
    #[error("cannot keep data in {}: {source}", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl DataDirectory {
    /// Creates the directory, unless it exists, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Io { path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        let lock = File::create(path.join("seckill.lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, lock }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(path)),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Its absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The lock. It is released when the last process that inherited it ends, and so outlives this process where a
    /// server does.
    pub(crate) fn into_lock(self) -> File {
        self.lock
    }

    /// Refuses a directory from which a server with an AOF would load nothing.
    pub(crate) fn check_for_aof(&self) -> Result<(), Error> {
        let has = |name| self.path.join(name).exists();
        if has("dump.rdb") && !has("appendonlydir") && !has("appendonly.aof") {
            return Err(Error::OnlySnapshot(self.path.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_servers_do_not_share_it() {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("new/data");
        let first = DataDirectory::open(&path).expect("nobody uses it");
        assert!(matches!(DataDirectory::open(&path), Err(Error::InUse(_))));
        let inherited = first.into_lock();
        assert!(matches!(DataDirectory::open(&path), Err(Error::InUse(_))));
        drop(inherited);
        DataDirectory::open(&path).expect("nobody uses it any more");
    }

    #[test]
    fn a_snapshot_alone_is_not_overwritten() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDirectory::open(parent.path()).expect("nobody uses it");
        data.check_for_aof().expect("it is empty");
        File::create(parent.path().join("dump.rdb")).expect("a snapshot");
        assert!(matches!(data.check_for_aof(), Err(Error::OnlySnapshot(_))));
        fs::create_dir(parent.path().join("appendonlydir")).expect("an AOF");
        data.check_for_aof().expect("it has an AOF");
    }
}
