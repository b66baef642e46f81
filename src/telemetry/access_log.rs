//! The access log's queue and its writer.
//!
//! A worker moves its entry into a bounded queue and goes on; a thread of its own makes JSON of it
//! and writes. When the writer can't keep up, entries are dropped and counted: a slow disk must
//! never slow a request.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{AccessEntry, AccessLogConfig, AccessLogOutput, QueueReceiver, QueueSender, queue};

/// Entries that may wait, per process.
const MAX_QUEUED_ENTRIES: usize = 16 * 1024;
/// Bytes gathered before they are written.
const MAX_BATCH_BYTES: usize = 256 * 1024;
/// Pause between two batches while there is traffic. A writer that slept on the queue instead
/// would have to be woken, by a system call, at almost every entry.
const PAUSE_BETWEEN_BATCHES: Duration = Duration::from_millis(20);

/// The access log can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum AccessLogError {
    /// Its file can't be opened for writing.
    #[error("the access log {} can't be opened", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The operating system gives no thread.
    #[error("no thread for the access log")]
    Thread(#[source] io::Error),
}

/// Where entries go. Cheap to clone; one for each worker.
#[derive(Clone, Debug)]
pub struct AccessLog(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    queue: QueueSender<Message>,
    /// Entries with a draw below this are kept; `u64::MAX` keeps all.
    sample_below: u64,
    draws: AtomicU64,
    dropped: Arc<AtomicU64>,
}

/// `None` ends the writer.
type Message = Option<AccessEntry>;

impl AccessLog {
    /// An access log that keeps nothing.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// Opens the output and starts the writer.
    ///
    /// # Errors
    /// The file can't be opened, or there is no thread to be had.
    pub fn start(config: &AccessLogConfig) -> Result<(Self, AccessLogWriter), AccessLogError> {
        let output = match &config.output {
            AccessLogOutput::Off => return Ok((Self::off(), AccessLogWriter::default())),
            AccessLogOutput::Stdout => Output::Stdout,
            AccessLogOutput::File(path) => Output::file(path)?,
        };
        Self::start_with(output, config.sample)
    }

    fn start_with(output: Output, share: f64) -> Result<(Self, AccessLogWriter), AccessLogError> {
        let (queue, entries) = queue(MAX_QUEUED_ENTRIES);
        let dropped = Arc::new(AtomicU64::new(0));
        let reopen = Arc::new(AtomicBool::new(false));
        let writing = Writing {
            entries,
            output,
            dropped: Arc::clone(&dropped),
            told_dropped: 0,
            reopen: Arc::clone(&reopen),
        };
        let thread = std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || writing.run())
            .map_err(AccessLogError::Thread)?;
        let writer = AccessLogWriter {
            running: Some((queue.clone(), thread)),
            reopen,
        };
        let log = Self(Some(Arc::new(Shared {
            queue,
            sample_below: threshold(share),
            draws: AtomicU64::new(0),
            dropped,
        })));
        Ok((log, writer))
    }

    /// Whether the next request is to be logged. Ask once a request, before preparing an entry.
    #[must_use]
    pub fn wants_next(&self) -> bool {
        let Some(shared) = &self.0 else { return false };
        match shared.sample_below {
            u64::MAX => true,
            below => {
                // Steps of the golden ratio spread evenly over the whole range.
                let step = 0x9e37_79b9_7f4a_7c15;
                let draw = shared.draws.fetch_add(step, Ordering::Relaxed);
                draw < below
            }
        }
    }

    /// Hands an entry to the writer. Never waits: when the queue is full the entry is dropped and
    /// counted.
    pub fn write(&self, entry: AccessEntry) {
        let Some(shared) = &self.0 else { return };
        if shared.queue.offer(Some(entry)).is_err() {
            shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Entries dropped since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        let shared = self.0.as_ref();
        shared.map_or(0, |shared| shared.dropped.load(Ordering::Relaxed))
    }
}

/// The draw below which an entry is kept.
fn threshold(share: f64) -> u64 {
    if share >= 1.0 {
        return u64::MAX;
    }
    let millionths = Duration::try_from_secs_f64(share).map_or(0, |share| share.subsec_micros());
    u64::from(millionths) * (u64::MAX / 1_000_000)
}

/// The running writer. Finish it last, when nobody writes any more.
#[derive(Debug, Default)]
pub struct AccessLogWriter {
    running: Option<(QueueSender<Message>, JoinHandle<()>)>,
    reopen: Arc<AtomicBool>,
}

impl AccessLogWriter {
    /// Writes what is queued, then ends. Entries that come later are dropped.
    pub fn finish(self) {
        let Some((queue, thread)) = self.running else {
            return;
        };
        // Either fails only when the writer is gone already.
        let _gone = queue.insist(None);
        let _panicked = thread.join();
    }

    /// Opens the file anew before the next line, after it was renamed away.
    pub fn reopen(&self) {
        self.reopen.store(true, Ordering::Release);
    }
}

enum Output {
    Stdout,
    File(PathBuf, File),
}

impl Output {
    fn file(path: &Path) -> Result<Self, AccessLogError> {
        let open = File::options().create(true).append(true).open(path);
        let file = open.map_err(|source| AccessLogError::File {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::File(path.to_owned(), file))
    }

    fn reopened(self) -> Self {
        match self {
            Self::File(path, file) => Self::file(&path).unwrap_or(Self::File(path, file)),
            other @ Self::Stdout => other,
        }
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(lines)?;
                stdout.flush()
            }
            Self::File(_, file) => file.write_all(lines),
        }
    }
}

struct Writing {
    entries: QueueReceiver<Message>,
    output: Output,
    dropped: Arc<AtomicU64>,
    told_dropped: u64,
    reopen: Arc<AtomicBool>,
}

impl Writing {
    fn run(mut self) {
        let mut lines = Vec::with_capacity(MAX_BATCH_BYTES);
        while let Some(Some(first)) = self.entries.next() {
            first.write_line(&mut lines);
            let mut count: u64 = 1;
            let stopped = loop {
                match self.entries.next_now() {
                    Some(Some(entry)) => {
                        entry.write_line(&mut lines);
                        count += 1;
                    }
                    Some(None) => break true,
                    None => break false,
                }
                if lines.len() >= MAX_BATCH_BYTES {
                    self = self.flush(&mut lines, &mut count);
                }
            };
            self = self.flush(&mut lines, &mut count);
            if stopped {
                return;
            }
            std::thread::sleep(PAUSE_BETWEEN_BATCHES);
        }
    }

    fn flush(mut self, lines: &mut Vec<u8>, count: &mut u64) -> Self {
        if self.reopen.swap(false, Ordering::AcqRel) {
            self.output = self.output.reopened();
        }
        if let Err(error) = self.output.write(lines) {
            self.dropped.fetch_add(*count, Ordering::Relaxed);
            tracing::warn!(%error, "the access log can't be written");
        }
        lines.clear();
        *count = 0;
        let dropped = self.dropped.load(Ordering::Relaxed);
        if dropped > self.told_dropped {
            let lines_dropped = dropped - self.told_dropped;
            tracing::warn!(lines_dropped, "the access log could not keep up");
            self.told_dropped = dropped;
        }
        self
    }
}
