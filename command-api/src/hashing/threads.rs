//! The threads, and the queue before them.
//!
//! They are the system's own threads at the lowest priority, not the runtime's: a flood of sign-ins then takes only
//! the time that nobody else wants, and the scheduler, not this code, keeps everybody's reads fast. The price: while
//! reads (or other programs) want all cores without a pause, hashes get hardly any time, and who waits for one longer
//! than the queue's patience is told to come back later.

use super::{HashingError, Limits, memory::Memory};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use metrics::{counter, histogram};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::{Duration, Instant},
};
#[cfg(target_os = "linux")]
use thread_priority::{NormalThreadSchedulePolicy, ThreadSchedulePolicy};
use tokio::sync::oneshot;
use tracing::info_span;

/// A thread that had nothing to do for so long gives its memory back.
const IDLE: Duration = Duration::from_secs(1);
/// The lowest priority. On Linux it is the thread's own, and anybody may lower theirs (setpriority(2)).
const LOWEST_PRIORITY: i32 = 19;
/// Anybody may choose this policy for their threads, too.
#[cfg(target_os = "linux")]
const BEHIND_ALL: ThreadSchedulePolicy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);

/// One piece of work, waiting for a thread.
struct Job {
    asked: Instant,
    work: Box<dyn FnOnce(Turn<'_>) + Send>,
}

/// What a thread says to a job.
enum Turn<'a> {
    /// It is yours, with the memory that this thread fills.
    Come(&'a mut Memory),
    /// You have waited too long.
    TooLate,
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
            thread.spawn(move || {
                if limits.behind_all {
                    lower_priority();
                }
                work(&jobs, limits.patience);
            })?;
        }
        Ok(Self { queue })
    }

    /// Queues the work and waits for what comes of it. A full queue is refused at once.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T, HashingError> + Send + 'static,
    ) -> Result<T, HashingError> {
        // The queue's deadline is about waiting, not about when: a monotonic clock, which no test needs to set.
        let (job, answer) = Job::new(Instant::now(), work);
        self.queue.try_send(job).map_err(|refused| {
            counter!("evident_password_hashes_refused_total").increment(1);
            if refused.is_full() { HashingError::Busy } else { HashingError::Stopped }
        })?;
        answer.await.map_err(|_| HashingError::Stopped)?
    }
}

fn work(jobs: &Receiver<Job>, patience: Duration) {
    let mut memory = Memory::default();
    loop {
        let next = match memory.is_held() {
            true => jobs.recv_timeout(IDLE),
            false => jobs.recv().map_err(RecvTimeoutError::from),
        };
        match next {
            Ok(job) => {
                // What is worked on came from outside, partly through libraries: one that panics takes down its own
                // answer, which is then never sent, and not the thread.
                if catch_unwind(AssertUnwindSafe(|| job.run(&mut memory, patience))).is_err() {
                    memory.release();
                    tracing::error!("work on a hashing thread panicked; the line before tells where");
                }
            }
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
    fn new<T: Send + 'static>(
        asked: Instant,
        work: impl FnOnce(&mut Memory) -> Result<T, HashingError> + Send + 'static,
    ) -> (Self, oneshot::Receiver<Result<T, HashingError>>) {
        let (reply, answer) = oneshot::channel();
        let span = info_span!(target: "trace", "hashing");
        let waits = info_span!(target: "trace", parent: &span, "wait for a thread");
        // Work for who has gone is how floods win, so it is left undone.
        let work = Box::new(move |turn: Turn<'_>| {
            drop(waits);
            if reply.is_closed() {
                counter!("evident_password_hashes_abandoned_total").increment(1);
                return;
            }
            let answer = match turn {
                Turn::Come(memory) => {
                    let _hashes = info_span!(target: "trace", parent: &span, "hash");
                    work(memory)
                }
                Turn::TooLate => Err(HashingError::Busy),
            };
            // Whoever asked may have gone meanwhile. The answer is then nobody's.
            _ = reply.send(answer);
        });
        (Self { asked, work }, answer)
    }

    fn run(self, memory: &mut Memory, patience: Duration) {
        let waited = self.asked.elapsed();
        histogram!("evident_password_queue_seconds").record(waited.as_secs_f64());
        if waited > patience {
            counter!("evident_password_hashes_refused_total").increment(1);
            (self.work)(Turn::TooLate);
        } else {
            (self.work)(Turn::Come(memory));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashing::Cost;
    use std::task::Poll;

    const PATIENCE: Duration = Duration::from_secs(60);

    /// Work that leaves its mark on the memory.
    fn task(memory: &mut Memory) -> Result<u8, HashingError> {
        memory.of(Cost { memory_kib: 64, passes: 1, lanes: 1 })?;
        Ok(7)
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    #[expect(clippy::print_stdout, reason = "what could not be tested is told")]
    async fn only_the_hashing_threads_are_put_last() {
        let priority = || {
            let niceness = rustix::process::getpriority_process(None).expect("a thread's own priority");
            (niceness, thread_priority::thread_schedule_policy().expect("a thread's own policy"))
        };
        let before = priority();
        if before.1 == BEHIND_ALL {
            println!("these tests are put last themselves: nothing of the hashing threads can be told");
            return;
        }
        let limits = Limits { patience: PATIENCE, ..Limits::default() };
        let lowered = Threads::start(limits).expect("threads start").run(move |_| Ok(priority())).await;
        let lowered = lowered.expect("a thread's answer");
        assert_eq!(lowered, (LOWEST_PRIORITY, BEHIND_ALL), "not done, or refused by the system");
        assert_eq!(priority(), before);
    }

    #[tokio::test]
    async fn a_full_queue_is_busy_at_once() {
        let (queue, _nobody_takes) = bounded(1);
        let threads = Threads { queue };
        let mut waits = Box::pin(threads.run(task));
        let first = std::future::poll_fn(|context| Poll::Ready(waits.as_mut().poll(context))).await;
        assert!(first.is_pending());
        assert!(matches!(threads.run(task).await, Err(HashingError::Busy)));
    }

    #[tokio::test]
    async fn without_threads_nobody_waits_for_ever() {
        let (queue, jobs) = bounded(1);
        drop(jobs);
        assert!(matches!(Threads { queue }.run(task).await, Err(HashingError::Stopped)));
    }

    #[tokio::test]
    async fn work_that_panics_takes_no_thread_down() {
        let limits = Limits { threads: std::num::NonZeroUsize::MIN, patience: PATIENCE, ..Limits::default() };
        let threads = Threads::start(limits).expect("threads start");
        let panics = |_: &mut Memory| -> Result<u8, HashingError> { panic!("as a library might") };
        assert!(matches!(threads.run(panics).await, Err(HashingError::Stopped)));
        assert!(matches!(threads.run(task).await, Ok(7)));
    }

    #[test]
    fn who_waited_too_long_is_refused_and_nothing_is_hashed() {
        let mut memory = Memory::default();
        let (job, mut answer) = Job::new(Instant::now(), task);
        // Any time at all is too long.
        job.run(&mut memory, Duration::ZERO);
        assert!(matches!(answer.try_recv(), Ok(Err(HashingError::Busy))));
        assert!(!memory.is_held());
    }

    #[test]
    fn nothing_is_hashed_for_who_has_gone() {
        let (job, answer) = Job::new(Instant::now(), task);
        drop(answer);
        let mut memory = Memory::default();
        job.run(&mut memory, PATIENCE);
        assert!(!memory.is_held());
    }

    #[test]
    fn who_still_waits_is_answered() {
        let mut memory = Memory::default();
        let (job, mut answer) = Job::new(Instant::now(), task);
        job.run(&mut memory, PATIENCE);
        assert!(matches!(answer.try_recv(), Ok(Ok(7))));
        assert!(memory.is_held());
    }
}
