//! The service's rules, and its breaker against a fleet whose tasks fail.

use std::sync::Arc;

use super::*;
use crate::fleet::{Instance, Pool, State};
use crate::strategy::{Action, View};
use crate::units::{SimTime, Version, ZoneId};

fn ecs(text: &str) -> Arc<dyn Parameters> {
    let table = format!("{{ {text} }}");
    let source = toml::de::ValueDeserializer::parse(&table).expect("a table");
    (KIND.parse)(source).expect("parameters")
}

#[test]
fn contradictions_are_named_by_field() {
    for (text, field) in [
        ("maximum_percent = \"90%\"", "maximum_percent"),
        ("maximum_percent = 200", "maximum_percent"),
        ("minimum_healthy_percent = \"101%\"", "minimum_healthy_percent"),
        ("step_percent = \"10%\"", "step_percent"),
        ("deployment = \"linear\", step_percent = \"2%\"", "step_percent"),
        ("deployment = \"canary\", maximum_percent = \"200%\"", "maximum_percent"),
        ("deployment = \"blue-green\"", "bake"),
        ("deployment = \"canary\", canary_bake = \"25h\"", "canary_bake"),
        ("circuit_breaker = { threshold = 0 }", "circuit_breaker.threshold"),
        ("early_success = { healthy_percent = \"50%\" }", "early_success.healthy_percent"),
        ("bake_gates = [\"errors\"]", "bake_gates"),
    ] {
        let fields: Vec<String> =
            ecs(text).check(10).into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, [field], "{text}");
    }
}

#[test]
fn what_never_moves_and_what_takes_too_long_is_told() {
    let stuck = ecs("maximum_percent = \"125%\"");
    assert_eq!(stuck.check(3), []);
    assert_eq!((stuck.advise(3, 1).len(), stuck.advise(4, 1).len()), (1, 0));
    let slow = ecs("deployment = \"linear\", step_percent = \"3%\", step_bake = \"61m\"");
    assert_eq!(slow.advise(3, 1).len(), 1);
    let open = ecs("circuit_breaker = { threshold = \"15%\", bounded = false }");
    assert_eq!((open.advise(10, 1).len(), open.advise(20, 1).len()), (1, 0));
}

#[test]
fn flags_say_what_follows_a_failure() {
    for (text, failure, alarm) in [
        ("", OnFailure::Stall, OnFailure::Abort),
        ("circuit_breaker = {}", OnFailure::Abort, OnFailure::Abort),
        ("circuit_breaker = { rollback = true }", OnFailure::Rollback, OnFailure::Abort),
        ("alarm_rollback = true", OnFailure::Stall, OnFailure::Rollback),
    ] {
        let ecs = ecs(text);
        let found = (ecs.default_on_failure(), ecs.default_on_gate_failure());
        assert_eq!(found, (failure, alarm), "{text}");
    }
}

/// A new task in this state; `ran` if it got to the end of its boot.
fn task(pool: &mut Pool, state: State, ran: bool) {
    let mut one = Instance::launched(Version::New, ZoneId(0), 0);
    one.state = state;
    one.is_ready = state == State::Ready;
    one.is_available = one.is_ready;
    one.warm_from = if ran { SimTime::from_nanos(1) } else { SimTime::ZERO };
    pool.add(one);
}

/// Whether the breaker of 3 trips over new tasks in these states.
fn trips(text: &str, looks: &[&[(State, bool)]]) -> bool {
    let setup = Setup { desired: 4, zones: 1, direction: Direction::Forward, haste: 1.0 };
    let mut strategy = ecs(text).begin(setup);
    looks.iter().any(|tasks| {
        let mut pool = Pool::new(4, 1);
        pool.set_desired(Version::New, 4);
        for &(state, ran) in *tasks {
            task(&mut pool, state, ran);
        }
        let actions = strategy.decide(&View::of(&pool, 4));
        actions.iter().any(|action| matches!(action, Action::Fail(_)))
    })
}

#[test]
fn the_breaker_counts_in_two_stages() {
    let breaker = "circuit_breaker = {}";
    let (crash, bad) = ((State::Backoff, false), (State::Failed, true));
    let (runs, fine) = ((State::Probing, true), (State::Ready, true));
    assert!(trips(breaker, &[&[crash], &[crash, crash]]), "none gets to run");
    assert!(!trips(breaker, &[&[crash], &[crash]]));
    assert!(trips(breaker, &[&[bad], &[bad], &[bad]]), "checks fail");
    assert!(!trips(breaker, &[&[runs, crash], &[crash, crash]]), "one has run: only checks count");
    assert!(!trips(breaker, &[&[bad, bad], &[fine], &[fine, bad]]), "a healthy one resets");
    let keeps = "circuit_breaker = { reset_on_healthy_task = false }";
    assert!(trips(keeps, &[&[bad, bad], &[fine], &[fine, bad]]));
    assert!(!trips("", &[&[bad; 4], &[bad; 4]]), "without a breaker nothing trips");
}

#[test]
fn a_failed_task_is_replaced() {
    let setup = Setup { desired: 1, zones: 1, direction: Direction::Forward, haste: 1.0 };
    let mut strategy = ecs("").begin(setup);
    let mut pool = Pool::new(1, 1);
    pool.set_desired(Version::New, 1);
    task(&mut pool, State::Failed, true);
    let actions = strategy.decide(&View::of(&pool, 1));
    let sizes: Vec<u32> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Scale { version: Version::New, to, .. } => Some(*to),
            _ => None,
        })
        .collect();
    assert_eq!(sizes, [0, 1]);
}
