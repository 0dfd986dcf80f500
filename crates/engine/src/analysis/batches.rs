//! Forward passes over many images in batches, stopping soon when asked to.
//!
//! On a CPU batches run side by side, one thread each: no thread waits for another inside of an operation, and a batch's activations stay
//! in the cache of its core (ResNet-20, 512 images, two cores: 0.162 s by two threads in every operation, 0.143 s so).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use flatland_core::job::Reporter;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tch::{Device, Tensor};

use super::AnalysisError;
use crate::model::{Network, Output, shallow};

/// How often a cancel is looked for.
const LISTEN: Duration = Duration::from_millis(50);

/// Images of one forward pass on `device` of a network with this [`largest_activation`](crate::model::Graph::largest_activation): few
/// enough on a CPU that the activations of a CIFAR network stay near a core's caches and that a cancel is heard within a fraction of a
/// second, many on a GPU. Fixed, so that results do not depend on who else uses the machine.
///
/// On a CPU 32 where an activation of these stays within 4 MiB, else 16. Measured on two cores, a cell of ResNet-56: 32 images 0.94 of the
/// time of 16, of DenseNet-100: 1.13 of it, of ResNet-18: 0.99 of it, with half as much memory.
pub const fn batch_size(device: Device, largest_activation: i64) -> i64 {
    match device {
        Device::Cuda(_) => 1000,
        _ if largest_activation * 32 <= 1 << 20 => 32,
        _ => 16,
    }
}

/// Images [N, C, H, W] on a device, all of them or those of an index.
#[derive(Debug)]
pub struct Images {
    x: Tensor,
    index: Option<Tensor>,
}

impl Images {
    /// All of `x`.
    pub fn all(x: &Tensor) -> Self {
        Self { x: x.shallow_clone(), index: None }
    }

    /// Those that `index` [M] (i64, on the device of `x`) names, in its order. They are copied batch by batch, not before.
    pub fn at(x: &Tensor, index: &Tensor) -> Self {
        Self { x: x.shallow_clone(), index: Some(index.shallow_clone()) }
    }

    /// Their number.
    pub fn count(&self) -> i64 {
        self.index.as_ref().unwrap_or(&self.x).size().first().copied().unwrap_or(0)
    }

    fn part(&self, first: i64, length: i64) -> Result<Self, AnalysisError> {
        Ok(match &self.index {
            Some(index) => Self { x: self.x.shallow_clone(), index: Some(index.f_narrow(0, first, length)?) },
            None => Self { x: self.x.f_narrow(0, first, length)?, index: None },
        })
    }

    /// As one tensor, channels innermost in memory.
    fn gather(&self) -> Result<Tensor, AnalysisError> {
        Ok(match &self.index {
            Some(index) => self.x.f_permute([0, 2, 3, 1])?.f_index_select(0, index)?.f_permute([0, 3, 1, 2])?,
            None => self.x.shallow_clone(),
        })
    }
}

/// Calls a `task` with each batch of `size` of the `images` and collects what they give, in order; `done` hears how many images are
/// through. No gradients are recorded. A task owns what it reads: it may run on another thread.
///
/// # Errors
/// [`AnalysisError::Cancelled`] when the reporter says so, and whatever a task gives.
pub fn forward_batches<T, F>(
    images: &Images,
    size: i64,
    reporter: &mut dyn Reporter,
    mut task: impl FnMut() -> F,
    mut done: impl FnMut(u64, &mut dyn Reporter),
) -> Result<Vec<T>, AnalysisError>
where
    T: Send,
    F: FnOnce(&Tensor) -> Result<T, AnalysisError> + Send,
{
    let n = images.count();
    let batches = (0..n).step_by(size as usize).map(|first| images.part(first, size.min(n - first))).collect::<Result<Vec<_>, _>>()?;
    let Some(pool) = (images.x.device() == Device::Cpu && batches.len() > 1).then(pool).flatten() else {
        let (mut parts, mut through) = (Vec::new(), 0);
        for batch in &batches {
            if reporter.cancelled() {
                return Err(AnalysisError::Cancelled);
            }
            let _no_grad = tch::no_grad_guard();
            parts.push(task()(&batch.gather()?)?);
            through += batch.count() as u64;
            done(through, reporter);
        }
        return Ok(parts);
    };
    let (mut parts, mut through): (Vec<Option<T>>, u64) = (batches.iter().map(|_| None).collect(), 0);
    let stop = AtomicBool::new(false);
    pool.in_place_scope(|scope| {
        let (sender, receiver) = channel();
        for (k, batch) in batches.into_iter().enumerate() {
            let (forward, sender, stop) = (task(), sender.clone(), &stop);
            scope.spawn(move |_| {
                if !stop.load(Ordering::Acquire) {
                    let _no_grad = tch::no_grad_guard();
                    // Nobody listens once another batch has failed.
                    let _ = sender.send((k, batch.count() as u64, batch.gather().and_then(|x| forward(&x))));
                }
            });
        }
        drop(sender);
        let listen = || -> Result<(), AnalysisError> {
            loop {
                match receiver.recv_timeout(LISTEN) {
                    Ok((k, count, part)) => {
                        parts[k] = Some(part?);
                        through += count;
                        done(through, reporter);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
                if reporter.cancelled() {
                    return Err(AnalysisError::Cancelled);
                }
            }
        };
        let end = { listen }();
        stop.store(true, Ordering::Release);
        end
    })?;
    parts.into_iter().collect::<Option<Vec<T>>>().ok_or(AnalysisError::Cancelled)
}

/// As many threads as libtorch has, each of which computes alone; `None` with a single one.
fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    POOL.get_or_init(|| {
        let threads = tch::get_num_threads();
        if threads < 2 {
            return None;
        }
        // libtorch sets a new thread's number when it is first asked for, so it is asked first.
        let alone = |_| {
            tch::get_num_threads();
            tch::set_num_threads(1);
        };
        let pool = ThreadPoolBuilder::new().num_threads(threads as usize).start_handler(alone).build().ok()?;
        // The number is each thread's own, but also what later threads and MKL start from: put it back once all have begun.
        pool.broadcast(|_| {});
        tch::set_num_threads(threads);
        Some(pool)
    })
    .as_ref()
}

/// Features [N, D] and logits [N, classes] of images `x` [N, C, H, W], BatchNorm frozen; `done` hears how many images are through.
///
/// # Errors
/// As [`forward_batches`]; also when there is no image.
pub fn forward_network(
    network: &Network,
    x: &Tensor,
    reporter: &mut dyn Reporter,
    done: impl FnMut(u64, &mut dyn Reporter),
) -> Result<Output, AnalysisError> {
    let task = || {
        let (graph, tensors) = (&network.graph, shallow(&network.tensors));
        move |batch: &Tensor| Ok(graph.forward(&tensors, batch, crate::model::BatchNormMode::Frozen)?)
    };
    let parts =
        forward_batches(&Images::all(x), batch_size(x.device(), network.graph.largest_activation(&network.tensors)), reporter, task, done)?;
    if parts.is_empty() {
        return Err(AnalysisError::Invalid("expected at least one image, found none".into()));
    }
    let cat = |tensors: &mut dyn Iterator<Item = &Tensor>| Tensor::f_cat(&tensors.collect::<Vec<_>>(), 0);
    let auxiliary = parts[0].auxiliary.is_some().then(|| cat(&mut parts.iter().filter_map(|part| part.auxiliary.as_ref()))).transpose()?;
    Ok(Output {
        features: cat(&mut parts.iter().map(|part| &part.features))?,
        logits: cat(&mut parts.iter().map(|part| &part.logits))?,
        auxiliary,
    })
}
