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
