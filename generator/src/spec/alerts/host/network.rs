//! The host's network.

use super::HOST;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static ERRORS: Threshold = Threshold::share("HOST_NETWORK_ERRORS", 0.01, "One broken packet in a hundred costs TCP about half of its throughput");

static CONNTRACK_HIGH: Threshold = Threshold::share(
    "HOST_CONNTRACK_HIGH",
    0.8,
    "At the limit new connections are dropped at once, and a crawl of the proxies adds a fifth in a minute",
);

pub(super) fn all() -> Vec<Alert> {
    vec![errors(), conntrack_high()]
}

const RECEIVE_ERRORS: &str = r#"node_network_receive_errs_total{job="node",instance="web-1:9100",device="eth0"}"#;
const TRANSMIT_ERRORS: &str = r#"node_network_transmit_errs_total{job="node",instance="web-1:9100",device="eth0"}"#;
const RECEIVED: &str = r#"node_network_receive_packets_total{job="node",instance="web-1:9100",device="eth0"}"#;
const TRANSMITTED: &str = r#"node_network_transmit_packets_total{job="node",instance="web-1:9100",device="eth0"}"#;
const DEVICE: &[(&str, &str)] = &[("job", "node"), ("instance", "web-1:9100"), ("device", "eth0")];

fn errors() -> Alert {
    Alert {
        name: "HostNetworkErrors",
        expr: "(increase(node_network_receive_errs_total[5m]) + increase(node_network_transmit_errs_total[5m]))
  / (
    increase(node_network_receive_packets_total[5m]) + increase(node_network_transmit_packets_total[5m])
    + increase(node_network_receive_errs_total[5m]) + increase(node_network_transmit_errs_total[5m])
    > 0
  )
  > HOST_NETWORK_ERRORS"
            .to_owned(),
        thresholds: vec![&ERRORS],
        lasting: minutes(5),
        summary: "{{ $labels.device }} of {{ $labels.instance }} has errors in {{ $value | humanizePercentage }} of its packets".to_owned(),
        description: "TCP sends lost packets again: transfers crawl and connections to proxies time out.".to_owned(),
        meaning: "The network card or its driver counted broken packets, for five minutes, in more than one of a hundred. Packets that a firewall \
                  drops are counted elsewhere and are not the reason. Linux does not count broken packets among the received ones.",
        causes: &[
            "A cable, transceiver or switch port that is failing.",
            "Duplex or speed that the two ends disagree on.",
            "A driver whose ring buffer is too small for the traffic (`ethtool -g`).",
        ],
        queries: &[
            ("Errors by direction", "increase(node_network_receive_errs_total[5m]) or increase(node_network_transmit_errs_total[5m])"),
            ("Traffic", "rate(node_network_receive_bytes_total[5m])"),
        ],
        actions: &[
            "`ip -s -s link show <device>`: CRC and frame errors mean the wire, missed and fifo errors the driver.",
            "`ethtool <device>` on both ends: same speed, full duplex?",
            "On a virtual machine the fault is below it: send the provider the device's counters and the time.",
        ],
        page: Page::Graph("increase(node_network_receive_errs_total[5m])"),
        examples: broken_packets(),
        ..Alert::owned_by(Service::Host)
    }
    .same_with("comparator > 0 to >= 0", "of no packets none is broken, and 0 / 0 is above nothing")
}

fn broken_packets() -> Vec<Example> {
    vec![
        Example::new(
            "three packets of two hundred are broken, then none",
            &[(RECEIVE_ERRORS, "0+2x60 120+0x60"), (TRANSMIT_ERRORS, "0+1x60 60+0x60"), (RECEIVED, "0+98x130"), (TRANSMITTED, "0+99x130")],
        )
        .quiet_at(seconds(300))
        .fires_at(seconds(315), Firing::new(DEVICE, "eth0 of web-1:9100 has errors in 1.5% of its packets"))
        .quiet_at(minutes(25)),
        Example::at_threshold(
            "exactly one in a hundred",
            &[(RECEIVE_ERRORS, "0+1x60"), (TRANSMIT_ERRORS, "0+0x60"), (RECEIVED, "0+50x60"), (TRANSMITTED, "0+49x60")],
        )
        .quiet_at(minutes(14)),
        Example::new(
            "all that is sent is broken at first, and little of what is received later",
            &[(TRANSMIT_ERRORS, "0+200x60 12000x70"), (RECEIVE_ERRORS, "0x60 3+3x69"), (RECEIVED, "0+98x130"), (TRANSMITTED, "0+99x130")],
        )
        .fires_at(minutes(25), Firing::new(DEVICE, "eth0 of web-1:9100 has errors in 1.5% of its packets")),
        Example::flapping(
            "one burst of errors",
            &[(RECEIVE_ERRORS, "0x9 90x60"), (TRANSMIT_ERRORS, "0+0x70"), (RECEIVED, "0+100x70"), (TRANSMITTED, "0+100x70")],
        )
        .quiet_at(seconds(300))
        .quiet_at(minutes(16)),
        Example::new("nothing but errors", &[(RECEIVE_ERRORS, "0+1x60"), (TRANSMIT_ERRORS, "0x60"), (RECEIVED, "7x60"), (TRANSMITTED, "7x60")])
            .quiet_at(seconds(300))
            .fires_at(seconds(315), Firing::new(DEVICE, "eth0 of web-1:9100 has errors in 100% of its packets")),
        Example::missing(
            "nothing is sent or received",
            &[(RECEIVE_ERRORS, "0x60"), (TRANSMIT_ERRORS, "0x60"), (RECEIVED, "7x60"), (TRANSMITTED, "7x60")],
        )
        .quiet_at(minutes(14)),
    ]
}

const ENTRIES: &str = r#"node_nf_conntrack_entries{job="node",instance="web-1:9100"}"#;
const LIMIT: &str = r#"node_nf_conntrack_entries_limit{job="node",instance="web-1:9100"}"#;

fn conntrack_high() -> Alert {
    Alert {
        name: "HostConntrackHigh",
        expr: "node_nf_conntrack_entries / node_nf_conntrack_entries_limit > HOST_CONNTRACK_HIGH".to_owned(),
        thresholds: vec![&CONNTRACK_HIGH],
        lasting: minutes(4),
        summary: "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its connection tracking table".to_owned(),
        description: "When the table is full the kernel drops the first packet of each new connection, Docker's published ports included.".to_owned(),
        meaning: "Netfilter remembers every connection that passes NAT or a stateful rule. Closed ones stay for minutes, so the number follows how \
                  many are opened, not how many are open.",
        causes: &[
            "Workers that open a new connection per request to proxies, instead of keeping them.",
            "A flood of SYN packets from outside.",
            "A limit that was computed from little memory (`nf_conntrack_max`).",
        ],
        queries: &[
            ("Entries and limit", "node_nf_conntrack_entries or node_nf_conntrack_entries_limit"),
            ("Packets that arrive", "rate(node_network_receive_packets_total[2m])"),
        ],
        actions: &[
            "`conntrack -L -o extended | awk '{print $5,$6}' | sort | uniq -c | sort -rn | head` groups them by source.",
            "`sysctl -w net.netfilter.nf_conntrack_max=<double>` takes effect at once (300 bytes of memory for each).",
            "For short connections lower `nf_conntrack_tcp_timeout_time_wait` to 30.",
        ],
        page: Page::Graph("node_nf_conntrack_entries / node_nf_conntrack_entries_limit"),
        examples: vec![
            Example::new("the table fills, and empties", &[(ENTRIES, "500x3 820x19 500x20"), (LIMIT, "1000x50")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(HOST, "web-1:9100 uses 82% of its connection tracking table"))
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly four fifths", &[(ENTRIES, "800x40"), (LIMIT, "1000x40")]).quiet_at(minutes(8)),
            Example::flapping("crawls of three minutes", &[(ENTRIES, "500x3 900x14 500 900x14 500x10"), (LIMIT, "1000x50")])
                .quiet_at(seconds(270))
                .quiet_at(seconds(510)),
            Example::missing("the kernel tracks nothing", &[]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Host)
    }
}
