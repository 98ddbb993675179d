use super::*;

const EXTRACT: TaskType = TaskType::new("extract");

fn page(business: &Business) -> String {
    let mut samples = Samples::default();
    business.collect(&mut samples);
    samples.text()
}

fn registered(registry: &Registry) -> String {
    let mut out = Vec::new();
    registry.encode(exporter_core::Format::Text, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn invalid_amounts_are_refused_and_counted() {
    let registry = Registry::default();
    let business = Business::new(&registry, &[EXTRACT]);
    for amount in [-1.0, f64::NAN, f64::INFINITY] {
        business.compute_units_consumed("ada", EXTRACT, amount);
        business.revenue(Currency::EUR, Plan::new("team"), amount);
    }
    business.compute_units_consumed("ada", EXTRACT, 2.0);
    let text = registered(&registry);
    for family in ["selextract_compute_units_consumed_total", "selextract_revenue_total"] {
        assert!(text.contains(&format!("selextract_metrics_invalid_amounts_total{{family=\"{family}\"}} 3\n")), "{text}");
    }
    assert!(page(&business).contains("selextract_compute_units_consumed_total{user_id=\"other\",task_type=\"extract\"} 2\n"));
}

#[test]
fn unlisted_task_types_are_one_value() {
    let business = Business::new(&Registry::default(), &[EXTRACT]);
    business.task_created(TaskType::new("new one"), "ada");
    assert!(page(&business).contains("selextract_tasks_created_total{task_type=\"_OTHER\",user_id=\"other\"} 1\n"));
}

#[test]
fn state_is_absent_until_it_is_read() {
    let business = Business::new(&Registry::default(), &[]);
    assert!(!page(&business).contains("selextract_active_users"));
    let mut units = UnitsLeft::below(10.0);
    units.add("ada", 3.0);
    business.set_state(State { active_users: Some([1, 2, 3]), sessions: None, units: Some(units) });
    business.watch_pool(|| PoolConnections { idle: 1, in_use: 2, max: 4 });
    let page = page(&business);
    for line in [
        "selextract_active_users{period=\"24h\"} 2\n",
        "selextract_user_compute_units_remaining{user_id=\"ada\"} 3\n",
        "selextract_users_compute_units_low 1\n",
        "selextract_users_compute_units_exhausted 0\n",
        "selextract_database_pool_connections{state=\"in_use\"} 2\n",
    ] {
        assert!(page.contains(line), "{line} is not in {page}");
    }
    assert!(!page.contains("selextract_user_sessions_active"));
}

#[test]
fn state_ages_and_is_left_out_once_it_is_stale() {
    let business = Business::new(&Registry::default(), &[]);
    let (read, mut units) = (Instant::now(), UnitsLeft::below(10.0));
    units.add("ada", 3.0);
    business.set_state_of(read, State { units: Some(units), ..State::default() });
    let page = |age: u64| {
        let mut samples = Samples::default();
        business.collect_at(read + Duration::from_secs(age), &mut samples);
        samples.text()
    };
    for age in [0, 15, 299] {
        let page = page(age);
        assert!(page.contains(&format!("selextract_state_age_seconds {age}\n")) && page.contains("selextract_users_compute_units_low 1\n"), "{page}");
    }
    let stale = page(300);
    assert!(stale.contains("selextract_state_age_seconds 300\n") && !stale.contains("compute_units_low"), "{stale}");
}

struct Reader(Arc<std::sync::atomic::AtomicU64>);

impl StateReader for Reader {
    /// The first time it cannot be read, then it hangs, then it is there.
    async fn read(&self) -> Result<State, String> {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            0 => Err("the store is gone".to_owned()),
            1 => std::future::pending().await,
            _ => Ok(State { sessions: Some(7), ..State::default() }),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn reader_that_fails_or_hangs_is_counted() {
    let registry = Registry::default();
    let business = Business::new(&registry, &[]);
    let _watch = business.watch_state(Reader(Arc::default()));
    let mut counted = Vec::new();
    // Time is at a stand, and goes on to whatever is waited for.
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_secs(9)).await;
        let failures = (0..=2).find(|count| registered(&registry).contains(&format!("selextract_state_read_failures_total {count}\n")));
        counted.push((failures.unwrap(), page(&business).contains("selextract_user_sessions_active 7\n")));
    }
    // Failed at 0 s, hung from 15 to 25 s, read at 40 s.
    assert_eq!(counted, [(1, false), (1, false), (2, false), (2, false), (2, true), (2, true)]);
}

#[test]
fn what_is_expected_is_exposed_at_nothing() {
    let registry = Registry::default();
    let business = Business::new(&registry, &[EXTRACT]);
    business.expect(&[ProxyProvider::new("mobile")], &[CacheType::new("user")]);
    let text = registered(&registry);
    for line in [
        "selextract_proxy_requests_total{proxy_provider=\"mobile\"} 0\n",
        "selextract_proxy_failures_total{proxy_provider=\"mobile\",failure_type=\"auth\"} 0\n",
        "selextract_cache_requests_total{cache_type=\"user\",result=\"hit\"} 0\n",
        "selextract_cache_requests_total{cache_type=\"user\",result=\"miss\"} 0\n",
        "selextract_tasks_completed_total{task_type=\"extract\",status=\"timed_out\"} 0\n",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    assert_eq!(text.matches("selextract_proxy_failures_total{").count(), 5);
}
