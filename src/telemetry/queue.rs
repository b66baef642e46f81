//! A queue with a limit, which takes memory as it fills.
//!
//! A bounded channel of the standard library sets up room for all that may ever wait, and touches
//! it: megabytes for a log that nobody is behind with. Here the room comes in small blocks and goes
//! again with what stood in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

/// Makes a queue in which at most `limit` messages wait.
#[must_use]
pub fn queue<T>(limit: usize) -> (QueueSender<T>, QueueReceiver<T>) {
    let (sender, receiver) = channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let sender = QueueSender {
        sender,
        waiting: Arc::clone(&waiting),
        limit,
    };
    (sender, QueueReceiver { receiver, waiting })
}

/// Where messages go in. Never waits.
#[derive(Debug)]
pub struct QueueSender<T> {
    sender: Sender<T>,
    waiting: Arc<AtomicUsize>,
    limit: usize,
}

impl<T> Clone for QueueSender<T> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            waiting: Arc::clone(&self.waiting),
            limit: self.limit,
        }
    }
}

impl<T> QueueSender<T> {
    /// Puts a message in.
    ///
    /// # Errors
    /// As many wait as may, or nobody takes them any more: the message comes back.
    pub fn offer(&self, message: T) -> Result<(), T> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.limit {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(message);
        }
        self.sender.send(message).map_err(|refused| refused.0)
    }

    /// Puts a message in even when as many wait as may: for the one that says it is the last.
    ///
    /// # Errors
    /// Nobody takes them any more: the message comes back.
    pub fn insist(&self, message: T) -> Result<(), T> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.sender.send(message).map_err(|refused| refused.0)
    }
}

/// Where messages come out.
#[derive(Debug)]
pub struct QueueReceiver<T> {
    receiver: Receiver<T>,
    waiting: Arc<AtomicUsize>,
}

impl<T> QueueReceiver<T> {
    /// Waits for the next message; `None` when none can come any more.
    #[must_use]
    pub fn next(&self) -> Option<T> {
        self.taken(self.receiver.recv().ok())
    }

    /// The next message if there is one now.
    #[must_use]
    pub fn next_now(&self) -> Option<T> {
        self.taken(self.receiver.try_recv().ok())
    }

    fn taken(&self, message: Option<T>) -> Option<T> {
        if message.is_some() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::queue;

    #[test]
    fn a_full_queue_gives_the_message_back_until_one_was_taken() {
        let (sender, receiver) = queue(2);
        let other = sender.clone();
        assert_eq!([sender.offer(1), other.offer(2)], [Ok(()), Ok(())]);
        assert_eq!(sender.offer(3), Err(3), "clones share the limit");
        assert_eq!(receiver.next(), Some(1));
        assert_eq!(sender.offer(4), Ok(()));
        assert_eq!(sender.offer(5), Err(5));
        assert_eq!(
            [receiver.next_now(), receiver.next_now()],
            [Some(2), Some(4)]
        );
        assert_eq!(receiver.next_now(), None);
    }

    #[test]
    fn the_last_message_goes_in_however_many_wait() {
        let (sender, receiver) = queue(1);
        assert_eq!(sender.offer("one"), Ok(()));
        assert_eq!(sender.insist("last"), Ok(()));
        assert_eq!(
            [receiver.next(), receiver.next()],
            [Some("one"), Some("last")]
        );
    }

    #[test]
    fn a_queue_of_which_nobody_takes_gives_the_message_back() {
        let (sender, receiver) = queue(8);
        drop(receiver);
        assert_eq!(sender.offer(1), Err(1));
        assert_eq!(sender.insist(2), Err(2));
    }

    #[test]
    fn nothing_comes_once_all_senders_are_gone() {
        let (sender, receiver) = queue(8);
        assert_eq!(sender.offer(1), Ok(()));
        drop(sender);
        assert_eq!([receiver.next(), receiver.next()], [Some(1), None]);
    }
}
