//! Redis' clients.

use super::REDIS;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static CONNECTIONS_HIGH: Threshold =
    Threshold::share("REDIS_CONNECTIONS_HIGH", 0.8, "A deployment doubles the connections for a moment, and the last fifth is for that");

static REJECTED: Threshold = Threshold::number("REDIS_REJECTED_CONNECTIONS", 0.0, 1e6, "A rejected client is an error for somebody");

static BLOCKED: Threshold =
    Threshold::number("REDIS_BLOCKED_CLIENTS", 100.0, 1e6, "Idle Celery workers wait in BRPOP, one client each, and we run fewer than a hundred");

const CONNECTED: &str = r#"redis_connected_clients{job="redis",instance="redis-exporter:9121"}"#;
const MAX: &str = r#"redis_max_clients{job="redis",instance="redis-exporter:9121"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![connections_high(), rejects_connections(), blocked_clients()]
}

fn connections_high() -> Alert {
    Alert {
        name: "RedisConnectionsHigh",
        expr: "redis_connected_clients / (redis_max_clients > 0) > REDIS_CONNECTIONS_HIGH".to_owned(),
        thresholds: vec![&CONNECTIONS_HIGH],
        lasting: minutes(4),
        summary: "{{ $value | humanizePercentage }} of maxclients are connected to the Redis of {{ $labels.instance }}".to_owned(),
        description: "The next deployment, whose new processes connect before the old ones leave, will not get all of its connections.".to_owned(),
        meaning: "Clients hold more than four fifths of the connections that the server allows. Redis needs no more memory or time for idle ones, so \
                  nothing else shows it.",
        causes: &[
            "Each request or task opens a pool of its own.",
            "A pool without a maximum, in front of a server that got slow.",
            "Clients that vanished without closing, with `timeout` and `tcp-keepalive` at 0.",
        ],
        queries: &[("Connections", "redis_connected_clients"), ("New ones per second", "rate(redis_connections_received_total[2m])")],
        actions: &[
            "`redis-cli CLIENT LIST | grep -o 'addr=[^:]*' | sort | uniq -c | sort -rn` names the hosts that hold them.",
            "`redis-cli CLIENT LIST | awk '{print $6}' | sort | uniq -c` shows for how long they have been idle.",
            "Bound the pool (`broker_pool_limit`, `max_connections`) where most come from.",
        ],
        page: Page::Graph("redis_connected_clients / (redis_max_clients > 0)"),
        examples: vec![
            Example::new("pools grow, and shrink", &[(CONNECTED, "50x3 82x19 50x20"), (MAX, "100x50")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(REDIS, "82% of maxclients are connected to the Redis of redis-exporter:9121"))
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly four fifths", &[(CONNECTED, "80x40"), (MAX, "100x40")]).quiet_at(minutes(8)),
            Example::flapping("two deployments", &[(CONNECTED, "50x3 95x14 50 95x14 50x10"), (MAX, "100x50")])
                .quiet_at(seconds(270))
                .quiet_at(seconds(510)),
            Example::new("the limit is said to be nothing", &[(CONNECTED, "90x40"), (MAX, "0x40")]).quiet_at(minutes(8)),
            Example::missing("the server does not tell its limit", &[(CONNECTED, "90x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Redis)
    }
}

const REJECTIONS: &str = r#"redis_rejected_connections_total{job="redis",instance="redis-exporter:9121"}"#;

fn rejects_connections() -> Alert {
    Alert {
        name: "RedisRejectsConnections",
        expr: "increase(redis_rejected_connections_total[5m]) > REDIS_REJECTED_CONNECTIONS".to_owned(),
        thresholds: vec![&REJECTED],
        lasting: seconds(30),
        summary: r#"Redis of {{ $labels.instance }} has turned away about {{ printf "%.0f" $value }} clients in five minutes"#.to_owned(),
        description: "Those clients got \"max number of clients reached\": requests failed, and workers that reconnect may stay away.".to_owned(),
        meaning: "All connections were in use when somebody asked for one more. The exporter keeps its own connection open, so it can still tell.",
        causes: &[
            "RedisConnectionsHigh was not looked at in time.",
            "A restart storm: every process reconnects at once after Redis was away.",
            "`ulimit -n` below `maxclients`: the server lowered its own limit at the start and logged it.",
        ],
        queries: &[("Turned away", "increase(redis_rejected_connections_total[2m])"), ("Limit in force", "redis_max_clients")],
        actions: &[
            "`redis-cli CONFIG SET maxclients <more>` helps at once, within the limit of file descriptors.",
            "`redis-cli CLIENT KILL TYPE normal SKIPME yes` clears out the dead; live ones reconnect.",
            "Restart workers that log connection errors: not every version of kombu comes back by itself.",
        ],
        page: Page::Graph("increase(redis_rejected_connections_total[5m])"),
        examples: vec![
            Example::new("sixteen are turned away", &[(REJECTIONS, "0x20 16x60")])
                .quiet_at(seconds(330))
                .fires_at(seconds(345), Firing::new(REDIS, "Redis of redis-exporter:9121 has turned away about 16 clients in five minutes"))
                .still_at(minutes(9))
                .quiet_at(minutes(12)),
            Example::at_threshold("nobody is", &[(REJECTIONS, "3x40")]).quiet_at(minutes(8)),
            Example::flapping("the server restarts, and forgets", &[(REJECTIONS, "3x20 0x40")]).quiet_at(seconds(345)).quiet_at(minutes(8)),
            Example::missing("nothing is counted", &[]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Redis)
    }
}

const WAITING: &str = r#"redis_blocked_clients{job="redis",instance="redis-exporter:9121"}"#;

fn blocked_clients() -> Alert {
    Alert {
        name: "RedisBlockedClients",
        expr: "redis_blocked_clients > REDIS_BLOCKED_CLIENTS".to_owned(),
        thresholds: vec![&BLOCKED],
        lasting: minutes(4),
        summary: r#"{{ printf "%.0f" $value }} clients wait in blocking commands of the Redis of {{ $labels.instance }}"#.to_owned(),
        description: "Either far more workers are idle than were ever started on purpose, or something waits on a key that nobody writes.".to_owned(),
        meaning: "Clients in BLPOP, BRPOP, BZPOPMIN, XREAD BLOCK or WAIT are counted. A worker that waits for a task is one of them and is well; the \
                  number is then the number of workers.",
        causes: &[
            "Workers scaled up without bound.",
            "An application that waits for a reply list of a task that was lost.",
            "WAIT for replicas that are gone.",
        ],
        queries: &[("Waiting clients", "redis_blocked_clients"), ("Keys they wait on", "redis_total_blocking_keys")],
        actions: &[
            "`redis-cli CLIENT LIST | grep -o 'cmd=b[a-z]*\\|cmd=wait' | sort | uniq -c` says in which command.",
            "BRPOP: count the workers with `celery -A <app> status`, and stop those that nobody wants.",
            "WAIT: RedisReplicationBroken is the one to deal with.",
        ],
        page: Page::Graph("redis_blocked_clients"),
        examples: vec![
            Example::new("workers are started in masses, and stopped", &[(WAITING, "20x3 104x19 20x20")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(REDIS, "104 clients wait in blocking commands of the Redis of redis-exporter:9121"))
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly a hundred", &[(WAITING, "100x40")]).quiet_at(minutes(8)),
            Example::flapping("it goes up and down", &[(WAITING, "20x3 300x14 20 300x14 20x10")]).quiet_at(seconds(270)).quiet_at(seconds(510)),
            Example::missing("the number is not on the page", &[(CONNECTED, "300x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Redis)
    }
}
