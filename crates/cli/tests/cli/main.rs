//! The built binary on manifests: exit statuses, outputs, messages.

mod command_line;
mod folding;
mod manifests;
mod messages;
mod output;
mod parameters;
mod run;
mod size;
