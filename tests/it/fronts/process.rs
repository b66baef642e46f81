//! Somebody else's program: started, waited for, ended by its id, and its words kept.

use std::io::{BufRead as _, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::free_port;

/// How long a program may take until it listens, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to end when it is told to.
const END: Duration = Duration::from_secs(5);

/// A front at work; it ends when this is dropped.
pub(crate) struct Started {
    /// Where clients connect.
    pub(crate) address: SocketAddr,
    process: Option<Process>,
}

struct Process {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    /// Its configuration and temporary files; goes away with it.
    _folder: TempDir,
}

impl Started {
    /// What listens already, within another process.
    pub(crate) fn within(address: SocketAddr) -> Self {
        Self {
            address,
            process: None,
        }
    }

    /// Starts a program on a free port and waits until it accepts connections there. `prepare`
    /// gets the address to listen on and an empty folder, writes its configuration there and says
    /// what to run. A port may be taken meanwhile; then another one is tried.
    pub(crate) fn launch(prepare: impl Fn(SocketAddr, &std::path::Path) -> Command) -> Self {
        let mut log = String::new();
        for _ in 0..3 {
            let address = free_port();
            let folder = tempfile::tempdir().unwrap();
            let command = prepare(address, folder.path());
            let mut process = Process::run(command, folder);
            if process.listens(address) {
                return Self {
                    address,
                    process: Some(process),
                };
            }
            log = process.log();
        }
        panic!("it doesn't start:\n{log}");
    }

    /// What the program has said so far, for a test that fails.
    pub(crate) fn log(&self) -> String {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }
}

impl Process {
    fn run(mut command: Command, folder: TempDir) -> Self {
        let mut child = command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let lines = Arc::default();
        collect(child.stdout.take().unwrap(), &lines);
        collect(child.stderr.take().unwrap(), &lines);
        Self {
            child,
            lines,
            _folder: folder,
        }
    }

    /// Waits until it accepts connections; `false` when it ended before.
    fn listens(&mut self, address: SocketAddr) -> bool {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.child.try_wait().unwrap().is_some() {
                // What it said last may still be on its way.
                thread::sleep(Duration::from_millis(100));
                return false;
            }
            if TcpStream::connect(address).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }

    fn log(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Told to end, it ends the processes that it started itself.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-s", "TERM", &id]).status();
        let start = Instant::now();
        while start.elapsed() < END {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(stream: impl Read + Send + 'static, lines: &Arc<Mutex<Vec<String>>>) {
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            lines.lock().unwrap().push(line);
        }
    });
}
