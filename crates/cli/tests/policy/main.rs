//! `policy`: its CEL, evaluated by a CEL implementation of its own, refuses what the rule reports and nothing else.

#[cfg(test)]
mod admission;
#[cfg(test)]
mod command;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod pods;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod rule;
