//! The log's file: one writer, and the chain goes on where it ended.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::chain::{self, Chain};

/// The longest line that can be told from one that was never finished.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// The log's file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AuditFileError {
    /// It can't be opened or read.
    #[error("the audit log {} can't be opened", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another process writes it: two writers would break the chain.
    #[error("the audit log {} is written by another process; give each its own", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// Its last line is no line of an audit log.
    #[error(
        "the end of {} is no audit log, or was changed; move it away, and keep it",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

/// An open log.
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
}

/// How the file was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There was nothing in it.
    Empty,
    /// The chain stands here.
    Whole(Chain),
    /// The same, and behind it begins a line that was never finished.
    CutOff(Chain),
}

impl LogFile {
    /// Opens the file for this process alone and finds where its chain stands.
    pub(super) fn open(path: &Path) -> Result<(Self, Found), AuditFileError> {
        let io = |source| AuditFileError::Io {
            path: path.to_owned(),
            source,
        };
        let mut options = File::options();
        options.create(true).append(true).read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let path = path.to_owned();
                return Err(AuditFileError::Taken { path });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let found = find_end(&mut file).map_err(io)?;
        let found = found.ok_or_else(|| AuditFileError::Foreign {
            path: path.to_owned(),
        })?;
        let path = path.to_owned();
        Ok((Self { path, file }, found))
    }

    /// Whether the path leads to another file by now, or to none: the log was moved away.
    pub(super) fn was_moved(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let (Ok(here), Ok(there)) = (self.file.metadata(), std::fs::metadata(&self.path)) else {
            return true;
        };
        (here.dev(), here.ino()) != (there.dev(), there.ino())
    }

    /// The path it was opened by.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes some of these bytes; gives how many.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.file.write(lines)
    }

    /// Returns when what was written is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Where the chain stands; `None` when the last whole line is none of a log.
fn find_end(file: &mut File) -> io::Result<Option<Found>> {
    let length = file.seek(SeekFrom::End(0))?;
    // The last line that is whole, and one behind it that is not.
    let from = length.saturating_sub(2 * MAX_LINE_BYTES);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    Ok(end_of(&tail, from == 0))
}

/// Reads the end of a log. `is_all`: nothing comes before it.
pub(super) fn end_of(tail: &[u8], is_all: bool) -> Option<Found> {
    if tail.is_empty() {
        return is_all.then_some(Found::Empty);
    }
    let mut lines = tail.split(|byte| *byte == b'\n').rev();
    let unfinished = lines.next().is_some_and(|rest| !rest.is_empty());
    let Some(last) = lines.next() else {
        // One line that never ended: the process died over its first.
        return is_all.then(|| Found::CutOff(Chain::default()));
    };
    let (_, chain) = chain::read(std::str::from_utf8(last).ok()?)?;
    Some(if unfinished {
        Found::CutOff(chain)
    } else {
        Found::Whole(chain)
    })
}
