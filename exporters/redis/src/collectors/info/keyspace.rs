//! The lines about databases.

use super::Page;
use crate::reply::parts;

/// `db0:keys=3,expires=1,avg_ttl=999490`.
pub(super) fn database(page: &mut Page<'_>, field: &str, value: &str) -> bool {
    let Some(index) = field.strip_prefix("db").and_then(|index| index.parse().ok()) else { return false };
    for (key, value) in parts(value) {
        page.state.tables.keyspace.send_text(page.samples, key, &[field], value);
    }
    if let Some(keyspace) = &mut page.state.keyspace {
        keyspace.insert(index);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[test]
    fn databases_have_keys_and_times_to_live() {
        let (state, text) = read("# Keyspace\ndb3:keys=3,expires=1,avg_ttl=999490,subexpiry=2\n");
        assert_eq!(
            text,
            "redis_db_keys{db=\"db3\"} 3\nredis_db_keys_expiring{db=\"db3\"} 1\nredis_db_avg_ttl_seconds{db=\"db3\"} 999.49\n\
             redis_db_keys_expiring_fields{db=\"db3\"} 2\n"
        );
        assert_eq!(state.keyspace, Some([3].into()));
    }
}
