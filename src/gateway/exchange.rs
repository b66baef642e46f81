//! One request and its answer, as far as both directions have to know of each other.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use super::alarm::AlarmGuard;
use super::client::ClientConnection;
use super::live::Life;
use super::log::Entry;
use crate::clock::Monotonic;
use crate::policy::RuleTimeouts;
use crate::telemetry::Door;

/// Where the request body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upload {
    /// The next bytes have to come from the client.
    Client,
    /// The next bytes have to be taken by the upstream.
    Upstream,
    /// Nothing is left to send.
    Done,
}

/// What went wrong with a request body on the client's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UploadFault {
    /// Larger than allowed.
    TooLarge,
    /// Broken framing, or the client went away.
    Broken,
    /// The client fell silent.
    Idle,
}

/// State that the request body, the handler and the answer's body share. Lives until the last of
/// them is gone: that is the end of the request.
pub(super) struct Exchange {
    pub(super) client: Rc<ClientConnection>,
    pub(super) alarm: AlarmGuard,
    pub(super) upload: Cell<Upload>,
    pub(super) fault: Cell<Option<UploadFault>>,
    pub(super) bytes_in: Cell<u64>,
    pub(super) bytes_out: Cell<u64>,
    /// What may pass in silence, once the request body is sent.
    pub(super) patience: Cell<Duration>,
    /// Limits of the request's rule.
    own: Cell<RuleTimeouts>,
    /// The answer was given to the client in full.
    pub(super) complete: Cell<bool>,
    pub(super) log: RefCell<Option<Box<Entry>>>,
    /// Where it counts.
    pub(super) door: Cell<Door>,
    /// When it began, where that is counted.
    started: Option<Monotonic>,
    /// When it went to an upstream, where anybody is told.
    pub(super) sent: Cell<Option<Monotonic>>,
    pub(super) life: Life,
}

impl Exchange {
    /// A request that has just begun.
    pub(super) fn begin(client: &Rc<ClientConnection>) -> Rc<Self> {
        client.exchange_begins();
        let worker = &client.worker;
        Rc::new(Self {
            alarm: worker.alarms.register(Some(&client.alarm)),
            upload: Cell::new(Upload::Done),
            fault: Cell::new(None),
            bytes_in: Cell::new(0),
            bytes_out: Cell::new(0),
            patience: Cell::new(worker.shared.config.timeouts.response_idle),
            own: Cell::new(RuleTimeouts::default()),
            complete: Cell::new(false),
            log: RefCell::new(None),
            door: Cell::new(client.door.name),
            started: {
                let shared = &worker.shared;
                shared.traffic.is_on().then(|| shared.clock.monotonic())
            },
            sent: Cell::new(None),
            life: Life::default(),
            client: Rc::clone(client),
        })
    }

    /// Tells the access log, where it listens.
    pub(super) fn note(&self, tell: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.log.borrow_mut().as_mut() {
            tell(entry);
        }
    }

    /// From now on the limits of the request's rule count where it has some.
    pub(super) fn obey(&self, limits: RuleTimeouts) {
        self.own.set(limits);
    }

    fn request_body_idle(&self) -> Duration {
        let own = self.own.get().request_body_idle;
        own.unwrap_or_else(|| self.client.timeouts().request_body_idle)
    }

    fn response_idle(&self) -> Duration {
        let own = self.own.get().response_idle;
        own.unwrap_or_else(|| self.client.timeouts().response_idle)
    }

    /// How long an upgraded connection may be silent.
    pub(super) fn upgrade_idle(&self) -> Duration {
        let own = self.own.get().upgrade_idle;
        own.unwrap_or_else(|| self.client.timeouts().upgrade_idle)
    }

    /// Sets the alarm, unless it rings because the exchange is cut.
    fn arm(&self, after: Duration) {
        if self.cut_for().is_none() {
            self.alarm.set(after);
        }
    }

    /// The head of the answer may take this long, unless the rule says otherwise; counted from the
    /// end of the request body.
    pub(super) fn await_head(&self, patience: Duration) {
        let patience = self.own.get().response_header_timeout.unwrap_or(patience);
        self.patience.set(patience);
        match self.upload.get() {
            Upload::Done => self.arm(patience),
            Upload::Client | Upload::Upstream => {
                self.arm(self.request_body_idle());
            }
        }
    }

    /// The head of the answer is there: from now on silence counts.
    pub(super) fn await_body(&self) {
        let patience = self.response_idle();
        self.patience.set(patience);
        self.arm(patience);
    }

    /// Bytes of the request body went by.
    pub(super) fn uploaded(&self, bytes: usize) {
        self.bytes_in
            .set(self.bytes_in.get().saturating_add(bytes as u64));
        self.upload.set(Upload::Upstream);
        self.arm(self.request_body_idle());
    }

    /// The request body is sent.
    pub(super) fn upload_done(&self) {
        if self.upload.replace(Upload::Done) != Upload::Done {
            self.arm(self.patience.get());
            self.client.body_done();
        }
    }

    /// Bytes of the answer's body went by.
    pub(super) fn downloaded(&self, bytes: usize) {
        self.bytes_out
            .set(self.bytes_out.get().saturating_add(bytes as u64));
        self.arm(self.patience.get());
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(entry) = self.log.get_mut().take() {
            entry.write(&self.client, self.bytes_in.get(), self.bytes_out.get());
        }
        self.is_over(self.started);
        self.client.worker.running.leave(&self.life);
        self.client.exchange_ends(self.complete.get());
    }
}
