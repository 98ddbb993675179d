//! The lines about replication: of a primary about its replicas, of a replica about its primaries.

use exporter_core::Samples;
use metric_catalogue::redis::{
    replica::REPLICA,
    replication::{FAILOVER_STATE, REPLICA_LAG, REPLICA_OFFSET},
};

use super::{Page, identity::Identity};
use crate::reply::{number, part};

/// The field that says whether the link to a primary is up, in words.
const LINK: &str = "master_link_status";

/// The primary that the next lines are about: `KeyDB` can have several.
#[derive(Debug, Default)]
pub(super) struct Replica<'a> {
    first: Option<[&'a str; 2]>,
    host: &'a str,
    port: &'a str,
}

impl Replica<'_> {
    /// Sends the series that says whom the server follows.
    pub(super) fn send(&self, identity: &Identity<'_>, samples: &mut Samples) {
        if let (true, Some([host, port])) = (identity.label("role") == "slave", self.first) {
            samples.gauge(&REPLICA, [host, port, identity.read_only], 1_u32);
        }
    }
}

/// True if the field is about a replica, a primary or a failover.
pub(super) fn field<'a>(page: &mut Page<'a>, field: &'a str, value: &'a str) -> bool {
    if field == "master_failover_state" {
        let state = FAILOVER_STATE.definition().values_of("state").and_then(|states| states.iter().find(|state| **state == value));
        page.samples.gauge(&FAILOVER_STATE, [state.copied().unwrap_or("unknown")], 1_u32);
        return true;
    }
    let name = without_number(field);
    match name.as_str() {
        "master_host" => page.replica.host = value,
        "master_port" => {
            page.replica.port = value;
            page.replica.first.get_or_insert([page.replica.host, value]);
        }
        _ => {
            let labels = [page.replica.host, page.replica.port];
            let number = if name == LINK { Some(if value == "up" { 1.0 } else { 0.0 }) } else { number(value) };
            return page.state.tables.replica.send(page.samples, &name, &labels, number) || replica(page, field, value);
        }
    }
    true
}

/// `slave0:ip=127.0.0.1,port=6380,state=online,offset=517,lag=0`; a lag is in it once the replica has answered.
fn replica(page: &mut Page<'_>, field: &str, value: &str) -> bool {
    let numbered = field.strip_prefix("slave").is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    if !numbered {
        return false;
    }
    let text = |key| part(value, key).unwrap_or("");
    let labels = [text("ip"), text("port"), text("state")];
    page.samples.gauge(&REPLICA_OFFSET, labels, number(text("offset")));
    page.samples.gauge(&REPLICA_LAG, labels, number(text("lag")).filter(|lag| *lag >= 0.0));
    true
}

/// `master_1_host` as `master_host`.
fn without_number(field: &str) -> String {
    let numbered = field.strip_prefix("master_").and_then(|rest| rest.split_once('_'));
    match numbered {
        Some((number, rest)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => format!("master_{rest}"),
        _ => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[test]
    fn replicas_have_offset_and_lag() {
        let (_, text) =
            read("# Replication\nslave0:ip=::1,port=1,state=online,offset=5,lag=0\nslave1:ip=h,port=2,state=wait_bgsave,offset=0,lag=-1\n");
        assert_eq!(
            text,
            "redis_connected_slave_offset_bytes{slave_ip=\"::1\",slave_port=\"1\",slave_state=\"online\"} 5\n\
             redis_connected_slave_lag_seconds{slave_ip=\"::1\",slave_port=\"1\",slave_state=\"online\"} 0\n\
             redis_connected_slave_offset_bytes{slave_ip=\"h\",slave_port=\"2\",slave_state=\"wait_bgsave\"} 0\n"
        );
    }

    #[test]
    fn replica_names_each_of_its_primaries() {
        let (_, text) = read(
            "# Replication\nrole:slave\nmaster_host:a\nmaster_port:1\nmaster_link_status:up\nmaster_1_host:b\nmaster_1_port:2\n\
             master_1_link_status:down\nslave_read_only:1\n",
        );
        assert_eq!(
            text,
            "redis_master_link_up{master_host=\"a\",master_port=\"1\"} 1\nredis_master_link_up{master_host=\"b\",master_port=\"2\"} 0\n\
             redis_slave_info{master_host=\"a\",master_port=\"1\",read_only=\"1\"} 1\n"
        );
    }

    #[test]
    fn failover_state_is_one_of_a_closed_set() {
        let (_, text) = read("# Replication\nmaster_failover_state:waiting-for-sync\n");
        assert_eq!(text, "redis_failover_state{state=\"waiting-for-sync\"} 1\n");
        let (_, text) = read("# Replication\nmaster_failover_state:new\n");
        assert_eq!(text, "redis_failover_state{state=\"unknown\"} 1\n");
    }
}
