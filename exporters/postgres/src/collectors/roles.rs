//! Limits of roles, from `pg_roles`.

use std::borrow::Cow;

use metric_catalogue::{Definition, postgres::config::roles};

use super::{Collector, Server};

const ROLES: &str = "
    SELECT rolname, rolconnlimit, CASE WHEN isfinite(rolvaliduntil) THEN rolvaliduntil END AS valid_until FROM pg_roles";

/// The view hides passwords from everybody.
#[derive(Debug)]
pub(super) struct Roles;

impl Collector for Roles {
    fn name(&self) -> &'static str {
        "roles"
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(ROLES.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        roles::ALL
    }
}
