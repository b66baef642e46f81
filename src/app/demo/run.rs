//! `stepgate demo`: runs until the system says stop.

use std::sync::Arc;

use super::{Demo, alone};
use crate::app::serve::Host;
use crate::app::signals::Notice;
use crate::app::{BankOptions, DemoOptions, Running, StartError, Surroundings, start};
use crate::clock::Clock;
use crate::config::{Environment, Origin};
use crate::telemetry::{self, LogConfig, LogLevel, LogOutput};

/// Runs the bank, the gateway and the identity service in one process, until told to stop.
///
/// # Errors
/// A port is taken, or the database can't be made.
pub fn run(options: DemoOptions) -> Result<(), StartError> {
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
pub fn run_bank(options: BankOptions) -> Result<(), StartError> {
    let log = LogConfig::default();
    let _log = telemetry::start_log(&log, LogOutput::Standard, options.styled)?;
    let Host {
        runtime,
        mut signals,
    } = Host::new()?;
    runtime.block_on(async {
        let (address, serving) = alone::open(options.listen, Clock::system()).await?;
        telemetry::announce_listening("bank", &address.to_string());
        tokio::select! {
            ended = serving => ended.map_err(StartError::from),
            () = async { while signals.next().await != Notice::Stop {} } => Ok(()),
        }
    })
}

/// A task that ends with the gateway.
impl Running {
    fn beside<F>(&self, task: F)
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
