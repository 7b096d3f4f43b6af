//! The forms of output, each against the published schema or the limits of what reads it.

#[cfg(test)]
mod asff;
#[cfg(test)]
mod chart_sources;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod html;
#[cfg(test)]
mod junit;
#[cfg(test)]
mod locations;
#[cfg(test)]
mod ocsf;
#[cfg(test)]
mod run;
#[cfg(test)]
mod sarif;
#[cfg(test)]
mod showcase;
