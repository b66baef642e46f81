//! The queue and the writer of the audit log.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use jiff::Timestamp;

use super::Config;
use super::chain::Chain;
use super::entry::{Entry, Event};
use super::file::{AuditFileError, Found, LogFile};
use crate::clock::Clock;
use crate::telemetry::{AccessLogOutput, QueueReceiver, QueueSender, queue};

/// Events that may wait, per process.
const MAX_QUEUED_EVENTS: usize = 16 * 1024;
/// Bytes gathered before they are written.
const MAX_BATCH_BYTES: usize = 256 * 1024;
/// Bytes that wait for a disk which takes none. Events beyond them are lost, and counted.
const MAX_WAITING_BYTES: usize = 8 * 1024 * 1024;

/// The audit log can't be started.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// Its file can't be used.
    #[error(transparent)]
    File(#[from] AuditFileError),
    /// The operating system gives no thread.
    #[error("no thread for the audit log")]
    Thread(#[source] io::Error),
}

/// Where events go. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Audit(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    queue: QueueSender<Message>,
    lost: Arc<AtomicU64>,
    clock: Clock,
}

#[derive(Debug)]
enum Message {
    Event(Timestamp, Box<Entry>),
    /// The file may have been moved away.
    Reopen,
    /// Nothing comes any more.
    Close(Timestamp),
}

impl Audit {
    /// A log that keeps nothing.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// Opens the output, goes on with its chain, and starts the writer.
    ///
    /// # Errors
    /// The file can't be opened, is written by somebody else, or is no audit log.
    pub fn start(config: &Config, clock: &Clock) -> Result<(Self, AuditWriter), AuditError> {
        let mut lines = Vec::new();
        let (output, mut chain) = match &config.output {
            AccessLogOutput::Off => return Ok((Self::off(), AuditWriter::default())),
            AccessLogOutput::Stdout => (Output::Stdout, Chain::default()),
            AccessLogOutput::File(path) => {
                let (file, found) = LogFile::open(path)?;
                let chain = taken_up(found, clock.wall(), &mut lines);
                (Output::File(file), chain)
            }
        };
        chain.append(&Entry::new(Event::Opened), clock.wall(), &mut lines);
        let (queue, messages) = queue(MAX_QUEUED_EVENTS);
        let lost = Arc::new(AtomicU64::new(0));
        let writing = Writing {
            messages,
            output,
            chain,
            lines,
            lost: Arc::clone(&lost),
            broken: false,
            clock: clock.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("audit-log".to_owned())
            .spawn(move || writing.run())
            .map_err(AuditError::Thread)?;
        let shared = Shared {
            queue: queue.clone(),
            lost,
            clock: clock.clone(),
        };
        let writer = AuditWriter {
            running: Some((queue, thread, clock.clone())),
        };
        Ok((Self(Some(Arc::new(shared))), writer))
    }

    /// Whether events are kept: prepare none where they are not.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Hands an event to the writer. Never waits: an event that the queue can't take is counted,
    /// and the log says that it is missing.
    pub fn record(&self, entry: Entry) {
        let Some(shared) = &self.0 else { return };
        let event = Message::Event(shared.clock.wall(), Box::new(entry));
        if shared.queue.offer(event).is_err() {
            shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The chain that goes on from what the file held.
fn taken_up(found: Found, now: Timestamp, lines: &mut Vec<u8>) -> Chain {
    match found {
        Found::Empty => Chain::default(),
        Found::Whole(chain) => chain,
        Found::CutOff(mut chain) => {
            tracing::warn!("the audit log's last line was cut off; the next one says so");
            lines.push(b'\n');
            chain.append(&Entry::new(Event::Recovered), now, lines);
            chain
        }
    }
}

/// The running writer. Finish it last, when nobody records any more.
#[derive(Debug, Default)]
pub struct AuditWriter {
    running: Option<(QueueSender<Message>, JoinHandle<()>, Clock)>,
}

impl AuditWriter {
    /// Writes what is queued and that the log ends here. Events that come later are dropped.
    pub fn finish(self) {
        let Some((queue, thread, clock)) = self.running else {
            return;
        };
        // Either fails only when the writer is gone already.
        let _gone = queue.insist(Message::Close(clock.wall()));
        let _panicked = thread.join();
    }

    /// Goes on in a new file where the present one was moved away.
    pub fn reopen(&self) {
        if let Some((queue, _, _)) = &self.running {
            // A full queue: the next request to reopen will do.
            let _full = queue.offer(Message::Reopen);
        }
    }
}

enum Output {
    Stdout,
    File(LogFile),
}

struct Writing {
    messages: QueueReceiver<Message>,
    output: Output,
    chain: Chain,
    lines: Vec<u8>,
    lost: Arc<AtomicU64>,
    /// Writing failed, and that was told.
    broken: bool,
    clock: Clock,
}

impl Writing {
    fn run(mut self) {
        self.flush();
        while let Some(first) = self.messages.next() {
            let mut next = Some(first);
            while let Some(message) = next {
                if !self.take(message) {
                    self.flush();
                    return;
                }
                if self.lines.len() >= MAX_BATCH_BYTES {
                    self.flush();
                }
                next = self.messages.next_now();
            }
            self.flush();
        }
    }

    /// Whether more may come.
    fn take(&mut self, message: Message) -> bool {
        let room = self.lines.len() <= MAX_WAITING_BYTES;
        let lost = if room {
            self.lost.swap(0, Ordering::AcqRel)
        } else {
            0
        };
        if lost > 0 {
            tracing::warn!(lost, "the audit log could not keep up");
            let mut entry = Entry::new(Event::Lost);
            entry.count = Some(lost);
            self.append(&entry, self.clock.wall());
        }
        match message {
            Message::Event(time, entry) => self.append(&entry, time),
            Message::Reopen => self.reopen(),
            Message::Close(time) => {
                self.append(&Entry::new(Event::Closed), time);
                return false;
            }
        }
        true
    }

    fn append(&mut self, entry: &Entry, time: Timestamp) {
        if self.lines.len() > MAX_WAITING_BYTES {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.chain.append(entry, time, &mut self.lines);
    }

    /// Begins a new file where the present one was moved away; the chain goes on in it.
    fn reopen(&mut self) {
        self.flush();
        let Output::File(file) = &self.output else {
            return;
        };
        if !file.was_moved() {
            return;
        }
        match LogFile::open(file.path()) {
            Ok((file, Found::Empty)) => {
                self.output = Output::File(file);
                self.append(&Entry::new(Event::Opened), self.clock.wall());
            }
            Ok((_, Found::Whole(_) | Found::CutOff(_))) => {
                tracing::error!("the new audit log is not empty; going on in the old one");
            }
            Err(error) => {
                tracing::error!(%error, "the new audit log can't be used; going on in the old one");
            }
        }
    }

    /// Writes what has gathered. What the disk does not take now waits, so that the chain has no
    /// gap and no line is there by half.
    fn flush(&mut self) {
        while !self.lines.is_empty() {
            match self.output.write(&self.lines) {
                Ok(0) => return,
                Ok(written) => {
                    self.lines.drain(..written);
                    self.broken = false;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    if !self.broken {
                        tracing::error!(%error, "the audit log can't be written");
                    }
                    self.broken = true;
                    return;
                }
            }
        }
        if let Err(error) = self.output.sync() {
            tracing::error!(%error, "the audit log can't be brought to the disk");
        }
    }
}

impl Output {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout => io::stdout().lock().write(lines),
            Self::File(file) => file.write(lines),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout => io::stdout().lock().flush(),
            Self::File(file) => file.sync(),
        }
    }
}
