//! Failed requests are charged to what made them fail.

use crate::world::{sample_of, variants};

/// Two instances of 100 requests/s take turns at 150 requests/s; one comes back at a tenth of its
/// speed and warms up over a minute in which nothing else happens. What it rejects is overload
/// until both together carry the demand, and cold start from that moment on: counted here by
/// going through its arrivals one by one.
#[test]
fn capacity_and_demand_cross_between_events() {
    let text = "[fleet]\ninstances = 2\n\
                [instance]\nslots = 1\nqueue = 0\nservice_time = \"10ms\"\n\
                [startup]\nboot = \"10s\"\nwarmup = { duration = \"60s\", speed = 0.1 }\n\
                [readiness]\nperiod = \"0s\"\nmin_ready = \"90s\"\n\
                [load_balancer]\npolicy = \"round-robin\"\n\
                [traffic]\nrate = 150\narrivals = \"uniform\"\n\
                [strategies.half]\nkind = \"rolling\"\nreplacement = \"in-place\"\n\
                max_unavailable = 1\npartition = 1\n\
                [simulation]\nreplications = 1\nsettle = \"0s\"\n";
    let sample = sample_of(variants(text).remove(0));
    let (mut overload, mut cold_start, mut busy_until) = (0.0, 0.0, 0.0);
    for number in 0..60 * 75 {
        let now = f64::from(number) / 75.0;
        let speed = 0.1 + 0.9 * now / 60.0;
        if now >= busy_until {
            busy_until = now + 0.010 / speed;
        } else if 100.0 + 100.0 * speed < 150.0 {
            overload += 1.0;
        } else {
            cold_start += 1.0;
        }
    }
    // While it is away the other rejects every third request: 10 s x 50/s, and what it cannot
    // finish in between, all of it for want of capacity.
    assert!(sample.mean("failed_by_overload") >= overload + 500.0);
    let found = sample.mean("failed_by_cold_start");
    assert!((found - cold_start).abs() <= 1.0, "{found} of {cold_start} by cold start");
}
