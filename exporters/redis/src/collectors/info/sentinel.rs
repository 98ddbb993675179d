//! The lines of a Sentinel about the primaries that it watches.

use metric_catalogue::redis::sentinel::{MASTER_REPLICAS, MASTER_SENTINELS, MASTER_STATUS};

use super::Page;
use crate::reply::{number, part};

/// `master0:name=mymaster,status=ok,address=127.0.0.1:6379,slaves=2,sentinels=3`.
pub(super) fn master(page: &mut Page<'_>, field: &str, value: &str) -> bool {
    let numbered = field.strip_prefix("master").is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    if !numbered {
        return false;
    }
    let text = |key| part(value, key).unwrap_or("");
    let labels = [text("name"), text("address")];
    page.samples.gauge(&MASTER_STATUS, [text("name"), text("address"), text("status")], text("status") == "ok");
    page.samples.gauge(&MASTER_REPLICAS, labels, number(text("slaves")));
    page.samples.gauge(&MASTER_SENTINELS, labels, number(text("sentinels")));
    true
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[test]
    fn primaries_have_a_status() {
        let (_, text) = read("# Sentinel\nsentinel_masters:1\nmaster0:name=m,status=sdown,address=h:6379,slaves=2,sentinels=3\n");
        assert_eq!(
            text,
            "redis_sentinel_masters 1\n\
             redis_sentinel_master_status{master_name=\"m\",master_address=\"h:6379\",master_status=\"sdown\"} 0\n\
             redis_sentinel_master_slaves{master_name=\"m\",master_address=\"h:6379\"} 2\n\
             redis_sentinel_master_sentinels{master_name=\"m\",master_address=\"h:6379\"} 3\n"
        );
    }
}
