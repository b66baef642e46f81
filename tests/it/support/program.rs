//! The program itself, started as an operator does, with everything it prints.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use super::eventually;

/// A folder with a configuration, and the program running on it.
pub(crate) struct Program {
    folder: tempfile::TempDir,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Writes the files, starts `stepgate serve` in their folder and waits until it is ready.
    pub(crate) fn serve(files: &[(&str, &str)]) -> Self {
        let program = Self::start(files);
        let ready = eventually(|| program.says("\"ready\""));
        assert!(ready, "not ready: {}", program.output());
        program
    }

    /// Starts the program with these arguments and waits until it says `word`.
    pub(crate) fn run(arguments: &[&str], word: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
        command.args(arguments);
        let program = Self::spawn(command, &[]);
        let said = eventually(|| program.says(word));
        assert!(said, "it doesn't say {word}: {}", program.output());
        program
    }

    /// The same with at most `count` open files.
    pub(crate) fn serve_with_open_files(files: &[(&str, &str)], count: u32) -> Self {
        let mut command = Command::new("sh");
        let start = format!("ulimit -n {count}; exec \"$0\" serve --config stepgate.yaml");
        command.args(["-c", &start, env!("CARGO_BIN_EXE_stepgate")]);
        let program = Self::spawn(command, files);
        let ready = eventually(|| program.says("\"ready\""));
        assert!(ready, "not ready: {}", program.output());
        program
    }

    /// Starts it without waiting: for configurations that must not start.
    pub(crate) fn start(files: &[(&str, &str)]) -> Self {
        Self::spawn(serve_command(), files)
    }

    /// Runs `command`, which is or becomes `stepgate serve`, in a folder with `files`.
    pub(crate) fn spawn(command: Command, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            write(folder.path(), name, text);
        }
        let lines = Arc::new(Mutex::new(Vec::new()));
        let child = run(command, folder.path(), &lines);
        Self {
            folder,
            child,
            lines,
        }
    }

    /// Ends it without a warning, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again in its folder and waits until it is ready.
    pub(crate) fn start_again(&mut self) {
        self.lines.lock().unwrap().clear();
        self.child = run(serve_command(), self.folder.path(), &self.lines);
        let ready = eventually(|| self.says("\"ready\""));
        assert!(ready, "not ready: {}", self.output());
    }

    /// The folder that it runs in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the program's folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        write(self.folder.path(), name, text);
    }

    /// Everything printed so far, one line each, standard output and standard error as they came.
    pub(crate) fn output(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    pub(crate) fn says(&self, text: &str) -> bool {
        self.lines
            .lock()
            .unwrap()
            .iter()
            .any(|line| line.contains(text))
    }

    /// The addresses that a door listens on, in the order of the configuration.
    pub(crate) fn addresses(&self, door: &str) -> Vec<SocketAddr> {
        let lines = self.lines.lock().unwrap();
        let records = lines
            .iter()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        records
            .filter(|record| {
                field(record, "message") == Some("listening") && field(record, "door") == Some(door)
            })
            .filter_map(|record| field(&record, "address").and_then(|text| text.parse().ok()))
            .collect()
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal by its name, `TERM` or `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the end of the process, at most ten seconds.
    pub(crate) fn wait(&mut self) -> Option<ExitStatus> {
        for _ in 0..1000 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            thread::sleep(std::time::Duration::from_millis(10));
        }
        None
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|text| text.trim().split(' ').next());
        number.and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve_command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
    command.args(["serve", "--config", "stepgate.yaml"]);
    command
}

fn run(mut command: Command, folder: &Path, lines: &Arc<Mutex<Vec<String>>>) -> Child {
    let mut child = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    collect(child.stdout.take().unwrap(), lines);
    collect(child.stderr.take().unwrap(), lines);
    child
}

/// A field of a log record, at the top or under `fields`.
fn field<'a>(record: &'a serde_json::Value, name: &str) -> Option<&'a str> {
    let value = record
        .get(name)
        .or_else(|| record.get("fields")?.get(name))?;
    value.as_str()
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn collect(stream: impl Read + Send + 'static, lines: &Arc<Mutex<Vec<String>>>) {
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            lines.lock().unwrap().push(line);
        }
    });
}
