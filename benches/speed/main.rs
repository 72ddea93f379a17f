//! How fast the data plane is, as ratios: each workload is run by the simulator and by a bare loop
//! that knows nothing but that workload, in turns, and the medians are compared.
//!
//! Absolute times say more about the machine than about the program, so none is judged.
//! `cargo bench` measures; `cargo test --benches` runs everything once, small, and checks what
//! comes out.

mod bare_arrivals;
mod bare_events;
mod bare_rollout;
mod control_plane;
mod planes;
mod rounds;
mod sweep;
mod workload;

use rounds::{Contest, Scale, contest};
use workload::Routing;

fn main() {
    // Cargo says which of the two it is; anything else on the command line is a filter.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let scale = if is_bench { Scale::Full } else { Scale::Tiny };
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let is_wanted =
        |name: &str| filter.as_ref().is_none_or(|filter| name.contains(filter.as_str()));
    for one in contests().into_iter().filter(|one| is_wanted(one.name)) {
        println!("{}", contest(&one, scale));
    }
    for instances in [100, 1_000, 10_000, 100_000] {
        if is_wanted("rollout of") {
            println!("{}", rounds::rollout(instances, scale));
        }
    }
    if is_wanted("sweep of") {
        println!("{}", sweep::cells(scale));
    }
}

/// The contests: a bare loop, the simulator on the same workload, and the ratio to be reached.
fn contests() -> Vec<Contest> {
    let arrivals = |routing| move |requests| bare_arrivals::run(routing, requests);
    let events = |routing| move |requests| bare_events::run(routing, requests);
    vec![
        Contest {
            name: "random",
            goal: 0.5,
            bare: Box::new(arrivals(Routing::Random)),
            plane: Box::new(|requests| planes::steady(Routing::Random, requests)),
        },
        Contest {
            name: "power-of-two",
            goal: 0.6,
            bare: Box::new(arrivals(Routing::Two)),
            plane: Box::new(|requests| planes::steady(Routing::Two, requests)),
        },
        Contest {
            name: "least-requests",
            goal: 0.6,
            bare: Box::new(events(Routing::All)),
            plane: Box::new(|requests| planes::steady(Routing::All, requests)),
        },
        Contest {
            name: "random, timeouts, rollout",
            goal: 0.6,
            bare: Box::new(events(Routing::Random)),
            plane: Box::new(|requests| planes::rolling(Routing::Random, requests)),
        },
        Contest {
            name: "power-of-two, timeouts, rollout",
            goal: 0.6,
            bare: Box::new(events(Routing::Two)),
            plane: Box::new(|requests| planes::rolling(Routing::Two, requests)),
        },
        Contest {
            name: "least-requests, timeouts, rollout",
            goal: 0.6,
            bare: Box::new(events(Routing::All)),
            plane: Box::new(|requests| planes::rolling(Routing::All, requests)),
        },
        Contest {
            name: "random, timeouts, retries, rollout",
            goal: 0.6,
            bare: Box::new(events(Routing::Random)),
            plane: Box::new(|requests| planes::retrying(Routing::Random, requests)),
        },
    ]
}
