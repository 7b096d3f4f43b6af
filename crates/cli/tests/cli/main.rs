//! The built binary on manifests: exit statuses, outputs, messages.

#[cfg(test)]
mod command_line;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod folding;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod output;
#[cfg(test)]
mod parameters;
#[cfg(test)]
mod run;
#[cfg(test)]
mod size;
