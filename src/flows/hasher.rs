//! Password work, away from the threads that answer requests, and bounded.
//!
//! So many hashes at a time as there are cores, so many more may wait; beyond that a caller is
//! told at once to come back later. Somebody unknown costs as much as somebody known. The threads
//! that hash stand back behind those that answer: a storm of logins uses the cores that are idle.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore, oneshot};

use crate::identity::credential::hash::{self, HashError};
use crate::identity::settings::Hashers;
use crate::identity::token::random_text;
use crate::secret::SecretString;

/// Memory from which on a hash waits until no other such one is computed, unless it is of the
/// configured kind: imported ones may ask for a gibibyte each.
const LARGE_MEMORY_KIB: u32 = 64 * 1024;

/// Why a password was neither confirmed nor refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PasswordError {
    /// Too many are waiting.
    #[error("too many passwords are being checked")]
    Busy,
    /// The stored hash cannot be used.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The work was cut off, because the process ends.
    #[error("the work was cut off")]
    Stopped,
}

/// What became of a password.
#[derive(Debug)]
pub struct Checked {
    /// Whether it is the right one.
    pub matches: bool,
    /// A hash to store in place of the old one, when that is of another algorithm than the
    /// configured one and the password was right.
    pub replacement: Option<String>,
}

/// Checks and makes password hashes. Cheap to clone; clones share the limits.
#[derive(Clone, Debug)]
pub struct PasswordHasher(Arc<Inner>);

/// How far the kernel puts hashing behind the threads that answer (`nice`, 0 to 19).
const NICENESS: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

#[derive(Debug)]
struct Inner {
    hashers: Hashers,
    jobs: Sender<Job>,
    /// Places for those that are hashed and those that wait, so that `jobs` is bounded.
    places: Arc<Semaphore>,
    /// The turn of imported hashes that take much memory: one at a time.
    large: Arc<Semaphore>,
    /// A hash that no password fits, made with the configured costs.
    dummy: OnceCell<String>,
}

impl PasswordHasher {
    /// Works on `parallel` threads of its own, which end with the last clone; `queue` more may
    /// wait.
    ///
    /// # Errors
    /// When the threads can't be started.
    pub fn start(hashers: Hashers, parallel: usize, queue: usize) -> io::Result<Self> {
        let parallel = parallel.max(1);
        let (jobs, taken) = channel::<Job>();
        let taken = Arc::new(Mutex::new(taken));
        for _ in 0..parallel {
            let taken = Arc::clone(&taken);
            std::thread::Builder::new()
                .name("password".to_owned())
                .spawn(move || hash_in_turn(&taken))?;
        }
        Ok(Self(Arc::new(Inner {
            hashers,
            jobs,
            places: Arc::new(Semaphore::new(parallel.saturating_add(queue))),
            large: Arc::new(Semaphore::new(1)),
            dummy: OnceCell::new(),
        })))
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// When too many are waiting, or the configured costs are impossible.
    pub async fn make(&self, password: SecretString) -> Result<String, PasswordError> {
        let hashers = self.0.hashers.clone();
        self.work(move || hash::make(password.expose(), &hashers))
            .await
    }

    /// Checks a password. Without a hash (nobody of that name, no password set) the same work is
    /// done and the answer is no.
    ///
    /// # Errors
    /// When too many are waiting, or the hash cannot be used.
    pub async fn check(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<Checked, PasswordError> {
        let Some(stored) = stored else {
            let dummy = self.dummy().await?;
            self.work(move || hash::verify(password.expose(), &dummy))
                .await?;
            return Ok(Checked {
                matches: false,
                replacement: None,
            });
        };
        let hashers = self.0.hashers.clone();
        let usual = LARGE_MEMORY_KIB.max(hashers.argon2.memory_kib);
        let place = self.place()?;
        let turn = if hash::memory_kib(&stored) > usual {
            let turn = Arc::clone(&self.0.large).acquire_owned().await;
            Some(turn.map_err(|_| PasswordError::Stopped)?)
        } else {
            None
        };
        self.work_at((place, turn), move || {
            let matches = hash::verify(password.expose(), &stored)?;
            let outdated = matches && hash::is_outdated(&stored, &hashers);
            let replacement = outdated.then(|| hash::make(password.expose(), &hashers));
            Ok(Checked {
                matches,
                replacement: replacement.transpose()?,
            })
        })
        .await
    }

    async fn dummy(&self) -> Result<String, PasswordError> {
        let made = self
            .0
            .dummy
            .get_or_try_init(|| async { self.make(SecretString::new(random_text(32))).await });
        made.await.cloned()
    }

    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = self.place()?;
        self.work_at((place, None), job).await
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, PasswordError> {
        let place = Arc::clone(&self.0.places).try_acquire_owned();
        place.map_err(|_| PasswordError::Busy)
    }

    async fn work_at<T: Send + 'static>(
        &self,
        place: (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
        job: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let (tell, told) = oneshot::channel();
        let job = move || {
            let done = job();
            // A caller that left doesn't free the core that still worked for it.
            drop(place);
            // Nobody waits for the answer any more.
            drop(tell.send(done));
        };
        self.0
            .jobs
            .send(Box::new(job))
            .map_err(|_| PasswordError::Stopped)?;
        Ok(told.await.map_err(|_| PasswordError::Stopped)??)
    }
}

fn hash_in_turn(taken: &Mutex<Receiver<Job>>) {
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "passwords are hashed at the priority of everything else");
    }
    loop {
        // One thread waits with the lock in its hand, the others for the lock.
        let next = taken.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("hashing a password failed without an answer");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::settings::{Argon2Settings, HasherAlgorithm};

    fn hasher(parallel: usize, queue: usize) -> PasswordHasher {
        let hashers = Hashers {
            algorithm: HasherAlgorithm::Argon2,
            argon2: Argon2Settings {
                memory_kib: 256,
                ..Argon2Settings::default()
            },
            ..Hashers::default()
        };
        PasswordHasher::start(hashers, parallel, queue).unwrap()
    }

    fn secret(text: &str) -> SecretString {
        SecretString::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_checked_and_an_old_hash_replaced() {
        let hasher = hasher(1, 4);
        let hash = hasher.make(secret("correct horse")).await.unwrap();
        let right = hasher
            .check(secret("correct horse"), Some(hash.clone()))
            .await
            .unwrap();
        assert!(right.matches && right.replacement.is_none());
        let wrong = hasher.check(secret("wrong"), Some(hash)).await.unwrap();
        assert!(!wrong.matches);
        let old = "$2b$04$OlqGDrfdfkiQnM83NKaB7ejgtVTgGMtI/6d9cLD8USfWhs.gtRG0S".to_owned();
        let upgraded = hasher
            .check(secret("imported-Secret-5"), Some(old.clone()))
            .await
            .unwrap();
        assert!(upgraded.replacement.unwrap().starts_with("$argon2id$"));
        let refused = hasher
            .check(secret("imported-Secret-6"), Some(old))
            .await
            .unwrap();
        assert!(!refused.matches && refused.replacement.is_none());
    }

    #[tokio::test]
    async fn somebody_unknown_is_refused_after_the_same_work() {
        let checked = hasher(1, 4).check(secret("anything"), None).await.unwrap();
        assert!(!checked.matches);
    }

    #[tokio::test]
    async fn beyond_the_queue_callers_are_told_to_come_back() {
        let hasher = hasher(1, 1);
        let (mut made, mut busy) = (0, 0);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let hasher = hasher.clone();
            tasks.spawn(async move { hasher.make(secret("x")).await });
        }
        for done in tasks.join_all().await {
            match done {
                Ok(_) => made += 1,
                Err(PasswordError::Busy) => busy += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(
            made >= 2 && busy >= 1,
            "{made} made, {busy} told to come back"
        );
    }
}
