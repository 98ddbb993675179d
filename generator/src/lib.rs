//! Renders every configuration file of the monitoring stack from one typed spec.
//!
//! Data flows one way: a [`Site`] (what an operator may change) makes the spec, the checks look for everything that is
//! wrong with it, pure renderers turn it into [`File`]s, and [`mod@write`] puts all of them on disk or none.
//!
//! ```
//! let files = generator::render(&generator::Site::default())?;
//! assert!(files.iter().any(|file| file.path() == "prometheus.yml"));
//! # Ok::<(), generator::Error>(())
//! ```

mod checks;
mod enlarged;
mod render;
mod set;
mod spec;

pub mod live;
pub mod mutate;
pub mod plan;
pub mod send_test;
pub mod write;

pub use checks::Finding;
#[doc(hidden)]
pub use enlarged::render_enlarged;
pub use render::{File, Place, RenderError};
pub use set::SetError;
pub use spec::site::{Site, SiteError};

/// Why nothing was rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The spec breaks its own rules; all that was found.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))]
    Findings(Vec<Finding>),
    /// A file could not be made from the spec.
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// Every file of a site, in the order of their paths.
///
/// # Errors
/// When a check has findings (all of them are in the error), or a file cannot be serialized.
pub fn render(site: &Site) -> Result<Vec<File>, Error> {
    let spec = spec::Spec::new(site);
    let findings = checks::findings(&spec);
    if findings.is_empty() { Ok(render::files(&spec)?) } else { Err(Error::Findings(findings)) }
}
