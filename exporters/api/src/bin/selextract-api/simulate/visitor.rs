//! Who visits, and what they do.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{
    client::{Call, Client},
    numbers::Numbers,
};

/// Most users; after that nobody new registers.
const USERS: usize = 300;

/// Most tasks that wait for their end; after that nobody creates another before the oldest has ended.
pub(super) const TASKS: usize = 500;

const TASK_TYPES: [&str; 4] = ["web_scrape", "data_extraction", "change_monitoring", "export"];

const PLANS: [&str; 4] = ["free", "free", "team", "business"];

const PROVIDERS: [&str; 3] = ["datacenter", "residential", "mobile"];

/// What a proxy says, most often that all is well.
const PROXY_ANSWERS: [Option<&str>; 12] = [None, None, None, None, None, None, None, None, None, Some("timeout"), Some("banned"), Some("refused")];

/// Paths that are tried on every server.
const PROBES: [&str; 4] = ["/.env", "/wp-login.php", "/admin", "/.git/config"];

/// Addresses of attackers: a block for documentation, like those of the users.
const ATTACKERS: usize = 5;

/// Time of the day, as a share, at which passwords are guessed.
const ATTACK: std::ops::Range<f64> = 0.55..0.62;

#[derive(Debug)]
struct Visitor {
    id: String,
    token: String,
    email: String,
    address: String,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Visitors {
    users: Vec<Visitor>,
    registered: usize,
    tasks: VecDeque<(usize, String)>,
    ends_tasks: bool,
}

impl Visitors {
    pub(super) const fn new(ends_tasks: bool) -> Self {
        Self { users: Vec::new(), registered: 0, tasks: VecDeque::new(), ends_tasks }
    }

    /// One visit. `days` is the time since the start.
    pub(super) async fn act(&mut self, client: &mut Client, numbers: &mut Numbers, days: f64) -> anyhow::Result<()> {
        if ATTACK.contains(&days.fract()) && numbers.share() < 0.5 {
            return attack(client, numbers).await;
        }
        let chance = numbers.share();
        if self.users.len() < 3 || (chance < 0.04 && self.registered < USERS) {
            return self.register(client, numbers).await;
        }
        if self.ends_tasks && chance > 0.75 {
            return self.end_task(client, numbers).await;
        }
        if chance < 0.09 {
            return stray(client, numbers).await;
        }
        // Some users come far more often than others.
        let user = numbers.below(self.users.len()).min(numbers.below(self.users.len()));
        match chance {
            ..0.15 => self.log_in(client, user, numbers).await,
            ..0.35 => self.create_task(client, user, numbers).await,
            ..0.50 => self.read_task(client, numbers).await,
            ..0.62 => self.consume(client, user, numbers).await,
            ..0.64 => self.purchase(client, user, numbers).await,
            _ => self.read_user(client, user).await,
        }
    }

    async fn register(&mut self, client: &mut Client, numbers: &mut Numbers) -> anyhow::Result<()> {
        let number = self.registered;
        self.registered += 1;
        let (email, address) = (format!("user{number}-{}@example.com", numbers.below(1 << 30)), format!("198.51.100.{}", number % 250 + 1));
        let plan = PLANS.get(numbers.below(PLANS.len())).copied().unwrap_or("free");
        let body = json!({ "email": email, "password": password(&email), "plan": plan });
        let (_, answer) =
            client.call(Call { path: "/register".to_owned(), body: Some(body), from: Some(address.clone()), ..Call::default() }).await?;
        if let Some(id) = answer.get("id").and_then(Value::as_str) {
            self.users.push(Visitor { id: id.to_owned(), token: String::new(), email, address });
            let user = self.users.len() - 1;
            self.log_in(client, user, numbers).await?;
        }
        Ok(())
    }

    async fn log_in(&mut self, client: &mut Client, user: usize, numbers: &mut Numbers) -> anyhow::Result<()> {
        let Some(visitor) = self.users.get_mut(user) else { return Ok(()) };
        let forgotten = !visitor.token.is_empty() && numbers.share() < 0.1;
        let password = if forgotten { "forgotten".to_owned() } else { password(&visitor.email) };
        let body = json!({ "email": visitor.email, "password": password });
        let call = Call { path: "/login".to_owned(), body: Some(body), from: Some(visitor.address.clone()), ..Call::default() };
        let (_, answer) = client.call(call).await?;
        if let Some(token) = answer.get("token").and_then(Value::as_str) {
            token.clone_into(&mut visitor.token);
        }
        Ok(())
    }

    async fn send(&self, client: &mut Client, user: usize, path: String, body: Option<Value>) -> anyhow::Result<Value> {
        let Some(visitor) = self.users.get(user) else { return Ok(Value::Null) };
        let call = Call { path, body, token: Some(&visitor.token), from: Some(visitor.address.clone()) };
        Ok(client.call(call).await?.1)
    }

    async fn create_task(&mut self, client: &mut Client, user: usize, numbers: &mut Numbers) -> anyhow::Result<()> {
        if self.tasks.len() >= TASKS
            && let Some((user, id)) = self.tasks.front()
        {
            let oldest = self.send(client, *user, format!("/tasks/{id}"), None).await?;
            if oldest.get("status").and_then(Value::as_str) == Some("queued") {
                return Ok(());
            }
            self.tasks.pop_front();
        }
        let body = json!({ "task_type": task_type(numbers) });
        let answer = self.send(client, user, "/tasks".to_owned(), Some(body)).await?;
        if let Some(id) = answer.get("id").and_then(Value::as_str) {
            self.tasks.push_back((user, id.to_owned()));
        }
        Ok(())
    }

    async fn read_task(&self, client: &mut Client, numbers: &mut Numbers) -> anyhow::Result<()> {
        match self.tasks.get(numbers.below(self.tasks.len())) {
            Some((user, id)) => self.send(client, *user, format!("/tasks/{id}"), None).await.map(drop),
            None => self.read_user(client, 0).await,
        }
    }

    async fn read_user(&self, client: &mut Client, user: usize) -> anyhow::Result<()> {
        let Some(visitor) = self.users.get(user) else { return Ok(()) };
        self.send(client, user, format!("/users/{}", visitor.id), None).await.map(drop)
    }

    async fn consume(&self, client: &mut Client, user: usize, numbers: &mut Numbers) -> anyhow::Result<()> {
        let body = json!({ "units": 1.0 + 9.0 * numbers.share(), "task_type": task_type(numbers) });
        self.send(client, user, "/units/consume".to_owned(), Some(body)).await.map(drop)
    }

    async fn purchase(&self, client: &mut Client, user: usize, numbers: &mut Numbers) -> anyhow::Result<()> {
        let plan = PLANS.get(numbers.below(PLANS.len())).copied().unwrap_or("free");
        self.send(client, user, "/units/purchase".to_owned(), Some(json!({ "units": 100, "plan": plan }))).await.map(drop)
    }

    /// What a worker would report, where there is none.
    async fn end_task(&mut self, client: &mut Client, numbers: &mut Numbers) -> anyhow::Result<()> {
        let Some((_, id)) = self.tasks.pop_front() else { return Ok(()) };
        let status = match numbers.share() {
            ..0.90 => "succeeded",
            ..0.96 => "failed",
            ..0.98 => "timed_out",
            _ => "cancelled",
        };
        // Most tasks take seconds, a few take minutes.
        let runtime = (8.0 * numbers.share().powi(-1)).min(1_800.0);
        let calls: Vec<Value> = (0..=numbers.below(5)).map(|_| proxy_call(numbers)).collect();
        let body = json!({ "status": status, "runtime_seconds": runtime, "units": 0.5 + numbers.share(), "proxy_requests": calls });
        client.call(Call { path: format!("/internal/tasks/{id}/completion"), body: Some(body), ..Call::default() }).await.map(drop)
    }
}

/// Guesses of passwords.
async fn attack(client: &mut Client, numbers: &mut Numbers) -> anyhow::Result<()> {
    let body = json!({ "email": format!("admin{}@example.com", numbers.below(50)), "password": format!("guess-{}", numbers.below(1 << 20)) });
    let from = format!("203.0.113.{}", numbers.below(ATTACKERS) + 1);
    client.call(Call { path: "/login".to_owned(), body: Some(body), from: Some(from), ..Call::default() }).await.map(drop)
}

/// Requests that end in an error: scanners, and defects.
async fn stray(client: &mut Client, numbers: &mut Numbers) -> anyhow::Result<()> {
    let path = match numbers.below(6) {
        0 => "/test-endpoint?status=500",
        1 => "/test-endpoint?status=404",
        probe => PROBES.get(probe - 2).copied().unwrap_or("/"),
    };
    client.call(Call { path: path.to_owned(), from: Some("203.0.113.99".to_owned()), ..Call::default() }).await.map(drop)
}

fn proxy_call(numbers: &mut Numbers) -> Value {
    let provider = PROVIDERS.get(numbers.below(PROVIDERS.len())).copied().unwrap_or("datacenter");
    json!({ "provider": provider, "failure": PROXY_ANSWERS.get(numbers.below(PROXY_ANSWERS.len())).copied().flatten() })
}

fn task_type(numbers: &mut Numbers) -> &'static str {
    TASK_TYPES.get(numbers.below(TASK_TYPES.len())).copied().unwrap_or("web_scrape")
}

/// Simulated users have no secrets.
fn password(email: &str) -> String {
    format!("password of {email}")
}
