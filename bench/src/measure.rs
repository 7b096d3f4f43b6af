//! What a process cost, as it tells of itself at its end.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// What reading a cluster cost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// The pods that were read.
    pub(crate) pods: u64,
    /// Seconds by the clock, from the start of `main`.
    pub(crate) wall: f64,
    /// Seconds of processor time, user and system, of the whole process.
    pub(crate) cpu: f64,
    /// The most memory that was resident, in bytes.
    pub(crate) peak_memory: u64,
}

/// A measurement under way.
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn stop(&self, pods: u64) -> Cost {
        let wall = self.0.elapsed().as_secs_f64();
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        let cpu = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9;
        Cost { pods, wall, cpu, peak_memory: memory(std::process::id(), "VmHWM").unwrap_or(0) }
    }
}

/// A line of `/proc/PID/status` such as `VmRSS` or `VmHWM`, in bytes.
pub(crate) fn memory(process: u32, line: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'))?;
    value.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
