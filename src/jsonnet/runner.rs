//! Programs away from the threads that answer requests, so many at a time, each for so long.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};

use super::snippet::{EvaluationError, Inputs, Snippet};

/// How many programs work at a time.
const MAX_PROGRAMS: usize = 8;
/// How long a caller waits for a program, its turn included.
const PATIENCE: Duration = Duration::from_secs(2);
/// The stack of a program's thread. The interpreter keeps its own stack on the heap.
const STACK_BYTES: usize = 4 * 1024 * 1024;

/// Why a program gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// It failed or refused.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// It took too long, or there was no turn for it.
    #[error("{0}: the program took longer than {1:?}")]
    TooLong(Arc<str>, Duration),
    /// It ended without a word.
    #[error("{0}: the program broke off")]
    BrokeOff(Arc<str>),
}

/// Runs programs. Cheap to clone; clones share the limit.
///
/// The interpreter cannot be interrupted. A program that does not end keeps its thread, and its
/// place among [`MAX_PROGRAMS`], until it ends by itself; its caller is told after [`PATIENCE`].
#[derive(Clone, Debug)]
pub struct Runner {
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Default for Runner {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(MAX_PROGRAMS)),
            patience: PATIENCE,
        }
    }
}

impl Runner {
    /// One that shares this one's places and waits so long instead.
    #[cfg(test)]
    pub(super) fn with_patience(&self, patience: Duration) -> Self {
        Self {
            patience,
            ..self.clone()
        }
    }

    /// Evaluates a program.
    ///
    /// # Errors
    /// When it fails, refuses, or takes too long.
    pub async fn run(&self, snippet: &Snippet, inputs: Inputs) -> Result<Value, RunError> {
        let name: Arc<str> = Arc::from(snippet.name());
        let running = self.start(snippet.clone(), inputs);
        match tokio::time::timeout(self.patience, running).await {
            Ok(done) => done,
            Err(_late) => Err(RunError::TooLong(name, self.patience)),
        }
    }

    async fn start(&self, snippet: Snippet, inputs: Inputs) -> Result<Value, RunError> {
        let broken = RunError::BrokeOff(Arc::from(snippet.name()));
        let turn = Arc::clone(&self.places).acquire_owned().await;
        let turn = turn.map_err(|_closed| broken.clone())?;
        let (tell, told) = oneshot::channel();
        let work = move || {
            let result = snippet.evaluate(&inputs);
            drop(turn);
            drop(tell.send(result));
        };
        let thread = std::thread::Builder::new()
            .name("jsonnet".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(work);
        if let Err(error) = thread {
            tracing::error!(%error, "no thread could be started for a program");
            return Err(broken);
        }
        Ok(told.await.map_err(|_gone| broken)??)
    }
}
