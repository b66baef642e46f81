//! The file that a unix socket listens on: made with its permissions, removed at the end.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use super::config::SocketMode;

/// A socket's file, removed when this is dropped, unless another one stands in its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and number of the file.
    identity: (u64, u64),
}

impl SocketFile {
    /// Listens on `path`. A file that a process left behind is replaced; one that somebody listens
    /// on is not.
    pub(super) fn bind(
        path: &Path,
        mode: SocketMode,
        backlog: i32,
    ) -> io::Result<(UnixListener, Self)> {
        remove_stale(path)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        let metadata = std::fs::symlink_metadata(path)?;
        let file = Self {
            path: path.to_owned(),
            identity: (metadata.dev(), metadata.ino()),
        };
        // Before anyone can connect: that takes `listen`.
        let permissions = std::fs::Permissions::from_mode(mode.bits());
        std::fs::set_permissions(path, permissions)?;
        socket.listen(backlog)?;
        Ok((socket.into(), file))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = std::fs::symlink_metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == self.identity);
        if ours && let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "a socket's file stays behind");
        }
    }
}

/// Removes a socket file that nobody listens on any more. Whatever is no socket stays: that path is
/// a mistake.
fn remove_stale(path: &Path) -> io::Result<()> {
    let Ok(found) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !found.file_type().is_socket() {
        let message = "there is a file of another kind";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        // Bound, but not yet listening, or not ours to look at: `bind` says what is wrong.
        Err(_) => Ok(()),
    }
}
