//! Chart sources: how their URLs are read, and which entries of an allow-list trust them.

mod trusted_source;
mod url;

pub(crate) use trusted_source::{TrustedChartSource, TrustedChartSources};
pub use url::{ChartUrl, ChartUrlError};
