//! `judge --fix`: the file that it writes, applied to the manifests by code that shares nothing with it.

#[cfg(test)]
mod apply;
#[cfg(test)]
mod file;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod live;
#[cfg(test)]
mod patches;
#[cfg(test)]
mod scene;
