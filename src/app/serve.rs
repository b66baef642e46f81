//! `stepgate serve` and `stepgate demo`: run until the system says stop.

use std::sync::Arc;

use super::demo::{self, Demo};
use super::signals::{Notice, Signals};
use super::{BankOptions, DemoOptions, Running, ServeOptions, StartError, Surroundings, start};
use crate::clock::Clock;
use crate::config::{Config, Environment, Origin, need_restart};
use crate::document::{Rendering, Setting, to_text};
use crate::telemetry::{self, LogConfig, LogLevel, LogOutput};

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

/// Runs the bank, the gateway and the identity service in one process, until told to stop.
///
/// # Errors
/// A port is taken, or the database can't be made.
pub fn demo(options: DemoOptions) -> Result<(), StartError> {
    let quiet = LogConfig {
        level: LogLevel::Warn,
        ..LogConfig::default()
    };
    let _log = telemetry::start_log(&quiet, LogOutput::Error, options.styled)?;
    let mut host = Host::new()?;
    let clock = Clock::system();
    let demo = Demo::prepare(options)?;
    let origin = Origin {
        path: demo.configuration(),
        environment: Environment::default(),
        flags: Vec::new(),
    };
    let loaded = origin.load();
    let Some(config) = loaded.config else {
        return Err(StartError::Invalid(loaded.problems));
    };
    let around = Surroundings {
        environment: origin.environment,
        clock: clock.clone(),
        settings: loaded.settings,
        desk: Some(demo.desk()),
    };
    let running = start(&config, &around)?;
    if let Some(runtime) = running.handle() {
        let bank = {
            let _inside = runtime.enter();
            demo.bank(clock.clone())?
        };
        running.beside(bank);
    }
    host.runtime.block_on(demo.welcome(&clock))?;
    host.wait(|| {
        running.reload();
    });
    host.drain(running);
    Ok(())
}

/// Runs the demo's bank and nothing else, until told to stop: an application for a gateway that runs
/// elsewhere.
///
/// # Errors
/// The address can't be used.
pub fn demo_bank(options: BankOptions) -> Result<(), StartError> {
    let log = LogConfig::default();
    let _log = telemetry::start_log(&log, LogOutput::Standard, options.styled)?;
    let Host {
        runtime,
        mut signals,
    } = Host::new()?;
    runtime.block_on(async {
        let (address, serving) = demo::alone::open(options.listen, Clock::system()).await?;
        telemetry::announce_listening("bank", &address.to_string());
        tokio::select! {
            ended = serving => ended.map_err(StartError::from),
            () = async { while signals.next().await != Notice::Stop {} } => Ok(()),
        }
    })
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
struct Host {
    runtime: tokio::runtime::Runtime,
    signals: Signals,
}

impl Host {
    fn new() -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let signals = runtime.block_on(async { Signals::listen() })?;
        Ok(Self { runtime, signals })
    }

    /// Waits to be told to stop, reloading as often as asked.
    fn wait(&mut self, mut reload: impl FnMut()) {
        while self.runtime.block_on(self.signals.next()) == Notice::Reload {
            reload();
        }
    }

    /// Drains; a second signal to stop ends the wait.
    fn drain(&mut self, running: Running) {
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

/// A task that ends with the gateway.
impl Running {
    pub(super) fn beside<F>(&self, task: F)
    where
        F: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        let Some(runtime) = self.handle() else {
            return;
        };
        let stop = self.tasks.stop.clone();
        let readiness = Arc::clone(&self.readiness);
        self.tasks.tracker.spawn_on(
            async move {
                tokio::select! {
                    ended = task => if let Err(error) = ended {
                        tracing::error!(%error, "the bank ended");
                        readiness.stop();
                    },
                    () = stop.cancelled() => {}
                }
            },
            &runtime,
        );
    }
}
