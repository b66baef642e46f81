//! Seeing that rule files have changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tracing::warn;

use super::Reloader;

/// Longest time that a stream of changes puts a reload off, in quiet times.
const MAX_QUIET_TIMES: u32 = 20;

/// Why files can't be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The system refuses.
    #[error("{} can't be watched for changes", path.display())]
    Refused {
        /// What was to be watched.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: notify::Error,
    },
    /// No thread for it.
    #[error("no thread can be started to watch files")]
    Thread(#[source] std::io::Error),
}

/// A watch that is kept until it is dropped.
#[derive(Debug)]
pub struct Watch {
    stop: Sender<Signal>,
    thread: Option<JoinHandle<()>>,
}

enum Signal {
    /// Something that matters may have changed.
    Changed,
    /// The watcher says it missed something.
    Failed(notify::Error),
    Stop,
}

/// Reloads whenever a rule file changes, comes or goes, after `quiet` without a further change.
///
/// # Errors
/// The system refuses a watch, or a thread.
pub fn watch(reloader: Arc<Reloader>, quiet: Duration) -> Result<Watch, WatchError> {
    let paths = reloader.paths().iter();
    // The environment of a process does not change.
    let paths = paths.filter(|path| super::variable_of(path).is_none());
    let paths = paths.cloned().collect();
    watch_files(paths, quiet, move || {
        reloader.reload_if_changed();
    })
}

/// Calls `changed` whenever one of the files, or a file in one of the directories, changes, comes
/// or goes, after `quiet` without a further change.
///
/// Directories are watched, not files: editors and Kubernetes replace files, and a watch on a
/// replaced file sees nothing more. The directory that a path stands in is watched too, so that a
/// symbolic link that is turned to another place is seen.
///
/// # Errors
/// The system refuses a watch, or a thread.
pub fn watch_files(
    paths: Vec<PathBuf>,
    quiet: Duration,
    changed: impl FnMut() + Send + 'static,
) -> Result<Watch, WatchError> {
    let (stop, signals) = channel();
    let mut watcher = watcher_for(&stop, &paths).map_err(|source| WatchError::Refused {
        path: paths.first().cloned().unwrap_or_default(),
        source,
    })?;
    watch_all(&mut watcher, &paths)?;
    let thread = std::thread::Builder::new()
        .name("stepgate-files".to_owned())
        .spawn(move || run(&paths, changed, watcher, &signals, quiet))
        .map_err(WatchError::Thread)?;
    Ok(Watch {
        stop,
        thread: Some(thread),
    })
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The thread is gone already when this fails.
        let _gone = self.stop.send(Signal::Stop);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn watcher_for(signals: &Sender<Signal>, paths: &[PathBuf]) -> notify::Result<RecommendedWatcher> {
    let signals = signals.clone();
    let paths = paths.to_vec();
    notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let signal = match event {
            Ok(event) if event.kind.is_access() => return,
            Ok(event) if event.need_rescan() || concerns(&event.paths, &paths) => Signal::Changed,
            Ok(_) => return,
            Err(error) => Signal::Failed(error),
        };
        // The watch has ended when this fails.
        let _ended = signals.send(signal);
    })
}

/// Whether one of the changed files is a path we read, or lies in a directory we read.
fn concerns(changed: &[PathBuf], paths: &[PathBuf]) -> bool {
    changed.iter().any(|changed| {
        paths.iter().any(|path| {
            let absolute = absolute(path);
            let is_beside = path.is_file() && changed.parent() == absolute.parent();
            changed.starts_with(&absolute) || is_beside
        })
    })
}

fn watch_all(watcher: &mut RecommendedWatcher, paths: &[PathBuf]) -> Result<(), WatchError> {
    for path in paths {
        let absolute = absolute(path);
        for directory in [Some(absolute.as_path()), absolute.parent()] {
            if let Some(directory) = directory.filter(|directory| directory.is_dir()) {
                watch_directory(watcher, directory)?;
            }
        }
    }
    Ok(())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn watch_directory(watcher: &mut RecommendedWatcher, path: &Path) -> Result<(), WatchError> {
    watcher
        .watch(path, RecursiveMode::NonRecursive)
        .map_err(|source| WatchError::Refused {
            path: path.to_owned(),
            source,
        })
}

fn run(
    paths: &[PathBuf],
    mut changed: impl FnMut(),
    mut watcher: RecommendedWatcher,
    signals: &Receiver<Signal>,
    quiet: Duration,
) {
    while let Ok(signal) = signals.recv() {
        match signal {
            Signal::Stop => return,
            Signal::Failed(error) => warn!(%error, "a change of a file may have been missed"),
            Signal::Changed => {}
        }
        if wait_until_quiet(signals, quiet) == Waited::Stop {
            return;
        }
        // A directory that was replaced is another one, although its name is the same.
        for path in paths {
            let _not_watched = watcher.unwatch(&absolute(path));
        }
        if let Err(error) = watch_all(&mut watcher, paths) {
            warn!(%error, "changes of files are no longer seen");
        }
        changed();
    }
}

#[derive(PartialEq, Eq)]
enum Waited {
    Quiet,
    Stop,
}

fn wait_until_quiet(signals: &Receiver<Signal>, quiet: Duration) -> Waited {
    for _ in 0..MAX_QUIET_TIMES {
        match signals.recv_timeout(quiet) {
            Ok(Signal::Changed | Signal::Failed(_)) => {}
            Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => return Waited::Stop,
            Err(RecvTimeoutError::Timeout) => return Waited::Quiet,
        }
    }
    Waited::Quiet
}
