//! The progress bar: on standard error, where that is a terminal and nobody forbids it.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Whether progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// On a terminal.
    Shown,
    /// Not at all.
    Hidden,
}

impl Progress {
    /// Shown where standard error is a terminal and `--no-progress` is not given.
    pub(crate) fn new(no_progress: bool) -> Self {
        if !no_progress && std::io::stderr().is_terminal() { Self::Shown } else { Self::Hidden }
    }

    /// A bar over bytes; over an unknown number of them where one of the sources has no size.
    pub(crate) fn bytes(self, total: Option<u64>) -> ProgressBar {
        match total {
            Some(_) => self.bar(total, "{bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec} {msg}"),
            None => self.bar(None, "{spinner} {bytes} {binary_bytes_per_sec} {msg}"),
        }
    }

    /// A bar of any template.
    pub(crate) fn bar(self, total: Option<u64>, template: &str) -> ProgressBar {
        if self == Self::Hidden {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}
