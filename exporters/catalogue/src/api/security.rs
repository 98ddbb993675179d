//! What attackers leave behind.

crate::catalogue! {
    /// Failed logins; the busiest addresses by name, all others as other
    FAILED_LOGINS: Counter = "selextract_failed_login_attempts_total" ["ip_address"];
    /// Requests refused by a rate limit; the busiest addresses by name, all others as other
    RATE_LIMIT_VIOLATIONS: Counter = "selextract_rate_limit_violations_total" ["endpoint", "ip_address"];
}
