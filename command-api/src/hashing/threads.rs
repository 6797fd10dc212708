//! The threads, and the queue before them.
//!
//! They are the system's own threads at the lowest priority, not the runtime's: a flood of sign-ins then takes only
//! the time that nobody else wants, and the scheduler, not this code, keeps everybody's reads fast. The price: while
//! reads (or other programs) want all cores without a pause, hashes get hardly any time, and who waits for one longer
//! than the queue's patience is told to come back later.

use super::{HashingError, Kept, Limits, memory::Memory};
use crate::hashing::Cost;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use metrics::{counter, histogram};
use std::{
    thread,
    time::{Duration, Instant},
};
use subtle::ConstantTimeEq;
#[cfg(target_os = "linux")]
use thread_priority::{NormalThreadSchedulePolicy, ThreadSchedulePolicy};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// A thread that had nothing to do for so long gives its memory back.
const IDLE: Duration = Duration::from_secs(1);
/// The lowest priority. On Linux it is the thread's own, and anybody may lower theirs (setpriority(2)).
const LOWEST_PRIORITY: i32 = 19;
/// Anybody may choose this policy for their threads, too.
#[cfg(target_os = "linux")]
const BEHIND_ALL: ThreadSchedulePolicy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);

/// One password to hash.
pub(super) struct Task {
    pub(super) password: Zeroizing<String>,
    pub(super) cost: Cost,
    pub(super) salt: Vec<u8>,
    pub(super) expected: Option<[u8; Kept::OUTPUT_BYTES]>,
}

/// What came of it.
pub(super) struct Answer {
    pub(super) output: [u8; Kept::OUTPUT_BYTES],
    /// The output is the expected one; without an expectation nothing matches.
    pub(super) matches: bool,
}

struct Job {
    task: Task,
    asked: Instant,
    reply: oneshot::Sender<Result<Answer, HashingError>>,
}

/// The way to the threads. They end when nobody holds it any more.
#[derive(Debug, Clone)]
pub(super) struct Threads {
    queue: Sender<Job>,
}

impl Threads {
    pub(super) fn start(limits: Limits) -> Result<Self, HashingError> {
        let (queue, jobs) = bounded(limits.queue);
        for number in 0..limits.threads.get() {
            let jobs = jobs.clone();
            let thread = thread::Builder::new().name(format!("hashing-{number}"));
            thread.spawn(move || work(&jobs, limits.patience))?;
        }
        Ok(Self { queue })
    }

    /// Queues the task and waits for its answer. A full queue is refused at once.
    pub(super) async fn run(&self, task: Task) -> Result<Answer, HashingError> {
        let (reply, answer) = oneshot::channel();
        // The queue's deadline is about waiting, not about when: a monotonic clock, which no test needs to set.
        let job = Job { task, asked: Instant::now(), reply };
        self.queue.try_send(job).map_err(|refused| {
            counter!("evident_password_hashes_refused_total").increment(1);
            if refused.is_full() { HashingError::Busy } else { HashingError::Stopped }
        })?;
        answer.await.map_err(|_| HashingError::Stopped)?
    }
}

fn work(jobs: &Receiver<Job>, patience: Duration) {
    lower_priority();
    let mut memory = Memory::default();
    loop {
        let next = match memory.is_held() {
            true => jobs.recv_timeout(IDLE),
            false => jobs.recv().map_err(RecvTimeoutError::from),
        };
        match next {
            Ok(job) => job.run(&mut memory, patience),
            Err(RecvTimeoutError::Timeout) => memory.release(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Puts this thread behind all others by `SCHED_IDLE` (sched(7)), and by niceness where that is refused.
///
/// Niceness alone is not enough: it says how much of the time a thread gets, not when. A thread of niceness 19 that
/// runs still finishes its slice of some milliseconds before one that was just woken, and its core does not count as
/// free when a core is sought for that one. A thread of `SCHED_IDLE` gives way at once.
#[cfg(target_os = "linux")]
fn lower_priority() {
    use thread_priority::{
        ThreadPriority, set_thread_priority_and_policy, thread_native_id, thread_schedule_policy,
    };

    // This also asks for niceness 0, which a process that was started nicer may not have. The policy is set by then.
    let asked = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, BEHIND_ALL);
    if thread_schedule_policy() != Ok(BEHIND_ALL) {
        tracing::warn!(?asked, "hashing runs by niceness alone; sign-ins may slow reads");
    }
    if let Err(error) = rustix::process::nice(LOWEST_PRIORITY) {
        tracing::warn!(%error, "hashing runs at normal niceness; sign-ins may slow reads");
    }
}

/// Elsewhere a priority is the whole process's, and reads would be slowed with the hashes.
#[cfg(not(target_os = "linux"))]
fn lower_priority() {}

impl Job {
    /// Hashes, unless nobody waits for the answer any more: work for who has gone is how floods win.
    fn run(self, memory: &mut Memory, patience: Duration) {
        let waited = self.asked.elapsed();
        histogram!("evident_password_queue_seconds").record(waited.as_secs_f64());
        if self.reply.is_closed() {
            counter!("evident_password_hashes_abandoned_total").increment(1);
            return;
        }
        let answer = if waited > patience {
            counter!("evident_password_hashes_refused_total").increment(1);
            Err(HashingError::Busy)
        } else {
            self.task.run(memory)
        };
        // Whoever asked may have gone while the hash was made. The answer is then nobody's.
        _ = self.reply.send(answer);
    }
}

impl Task {
    fn run(self, memory: &mut Memory) -> Result<Answer, HashingError> {
        counter!("evident_password_hashes_total").increment(1);
        let argon2 = self.cost.argon2()?;
        let mut output = [0; Kept::OUTPUT_BYTES];
        argon2
            .hash_password_into_with_memory(
                self.password.as_bytes(),
                &self.salt,
                &mut output,
                memory.of(self.cost)?,
            )
            .map_err(|_| HashingError::Unreadable("its salt does not fit Argon2"))?;
        let matches = self.expected.is_some_and(|expected| expected.ct_eq(&output).into());
        Ok(Answer { output, matches })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Poll;

    fn task() -> Task {
        let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
        Task { password: Zeroizing::new("p".to_owned()), cost, salt: vec![7; 16], expected: None }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_the_hashing_threads_are_put_last() {
        let priority = || {
            let niceness = rustix::process::getpriority_process(None).expect("a thread's own priority");
            (niceness, thread_priority::thread_schedule_policy().expect("a thread's own policy"))
        };
        let before = priority();
        let lowered = thread::spawn(move || {
            lower_priority();
            priority()
        });
        assert_eq!(lowered.join().expect("the thread ends"), (LOWEST_PRIORITY, BEHIND_ALL));
        assert_ne!(before.1, BEHIND_ALL);
        assert_eq!(priority(), before);
    }

    #[tokio::test]
    async fn a_full_queue_is_busy_at_once() {
        let (queue, _nobody_takes) = bounded(1);
        let threads = Threads { queue };
        let mut waits = Box::pin(threads.run(task()));
        let first = std::future::poll_fn(|context| Poll::Ready(waits.as_mut().poll(context))).await;
        assert!(first.is_pending());
        assert!(matches!(threads.run(task()).await, Err(HashingError::Busy)));
    }

    #[tokio::test]
    async fn without_threads_nobody_waits_for_ever() {
        let (queue, jobs) = bounded(1);
        drop(jobs);
        assert!(matches!(Threads { queue }.run(task()).await, Err(HashingError::Stopped)));
    }

    #[test]
    fn who_waited_too_long_is_refused_and_nothing_is_hashed() {
        let (reply, mut answer) = oneshot::channel();
        let mut memory = Memory::default();
        let asked = Instant::now().checked_sub(Duration::from_secs(6)).expect("the machine runs that long");
        Job { task: task(), asked, reply }.run(&mut memory, Duration::from_secs(5));
        assert!(matches!(answer.try_recv(), Ok(Err(HashingError::Busy))));
        assert!(!memory.is_held());
    }

    #[test]
    fn nothing_is_hashed_for_who_has_gone() {
        let (reply, answer) = oneshot::channel();
        drop(answer);
        let mut memory = Memory::default();
        Job { task: task(), asked: Instant::now(), reply }.run(&mut memory, Duration::from_secs(5));
        assert!(!memory.is_held());
    }

    #[test]
    fn who_still_waits_is_answered() {
        let (reply, mut answer) = oneshot::channel();
        let mut memory = Memory::default();
        Job { task: task(), asked: Instant::now(), reply }.run(&mut memory, Duration::from_secs(5));
        assert!(matches!(answer.try_recv(), Ok(Ok(_))));
        assert!(memory.is_held());
    }
}
