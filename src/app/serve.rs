//! `stepgate serve`: runs until the system says stop.

use super::signals::{Notice, Signals};
use super::{Running, ServeOptions, StartError, Surroundings, start};
use crate::clock::Clock;
use crate::config::{Config, Origin, need_restart};
use crate::document::{Rendering, Setting, to_text};
use crate::telemetry::{self, LogOutput};

/// Runs the doors that are configured until SIGTERM or SIGINT, then drains; a second one ends it at
/// once. SIGHUP reads rules and certificates again.
///
/// # Errors
/// It could not start; then nothing was started.
pub fn serve(config: &Config, options: ServeOptions) -> Result<(), StartError> {
    let ServeOptions { origin, styled } = options;
    let _log = telemetry::start_log(&config.telemetry.log, LogOutput::Standard, styled)?;
    let mut host = Host::new()?;
    let loaded = origin.load();
    let written = loaded.settings;
    let around = Surroundings {
        environment: origin.environment.clone(),
        clock: Clock::system(),
        settings: written.clone(),
        desk: None,
    };
    let mut running = start(config, &around)?;
    running.watch_own_keys(config, &origin, loaded.key_files)?;
    for door in running.doors() {
        telemetry::announce_listening(door.name, &door.address);
    }
    telemetry::announce_ready(running.rules().rules().len());
    host.wait(|| reload(&running, &origin, &written));
    host.drain(running);
    Ok(())
}

/// Reads again what can be, and says what would need a restart.
fn reload(running: &Running, origin: &Origin, started_with: &[Setting]) {
    let loaded = origin.load();
    if loaded.problems.is_empty() {
        let changed = need_restart(started_with, &loaded.settings);
        if !changed.is_empty() {
            tracing::warn!(keys = changed.join(", "), "changed keys need a restart");
        }
    } else {
        let problems = to_text(&loaded.problems, Rendering::Plain);
        tracing::error!(%problems, "the configuration file is broken; it would not start again");
    }
    if let Some(config) = &loaded.config {
        running.take_keys(config);
    }
    running.reload();
}

/// The main thread: it waits for signals, nothing else.
pub(super) struct Host {
    pub(super) runtime: tokio::runtime::Runtime,
    pub(super) signals: Signals,
}

impl Host {
    pub(super) fn new() -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let signals = runtime.block_on(async { Signals::listen() })?;
        Ok(Self { runtime, signals })
    }

    /// Waits to be told to stop, reloading as often as asked.
    pub(super) fn wait(&mut self, mut reload: impl FnMut()) {
        while self.runtime.block_on(self.signals.next()) == Notice::Reload {
            reload();
        }
    }

    /// Drains; a second signal to stop ends the wait.
    pub(super) fn drain(&mut self, running: Running) {
        tracing::info!("finishing what is under way");
        let (done, drained) = tokio::sync::oneshot::channel();
        let drain = std::thread::Builder::new()
            .name("drain".to_owned())
            .spawn(move || {
                running.drain();
                // Nobody waits any more when this fails.
                let _quit = done.send(());
            });
        if let Err(error) = drain {
            tracing::error!(%error, "no thread to drain on: ending at once");
            return;
        }
        let signals = &mut self.signals;
        self.runtime.block_on(async {
            tokio::select! {
                _ = drained => {}
                () = async { while signals.next().await != Notice::Stop {} } => {
                    tracing::warn!("asked to stop twice: ending at once");
                }
            }
        });
    }
}
