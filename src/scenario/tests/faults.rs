//! What can be wrong with a fault.

use super::{codes, completed, parse};
use crate::units::{Ratio, Version, ZoneId};

/// Each of these breaks just this rule.
const ONE_ERROR_EACH: &[(&str, &str)] = &[
    ("faults = 3", "R006"),
    ("faults = [3]", "R006"),
    ("[[faults]]", "R008"),
    ("[[faults]]\nkind = 3", "R006"),
    ("[[faults]]\nkind = \"kil\"", "R036"),
    ("[[faults]]\nkind = \"kill\"\nzones = \"a\"", "R005"),
    ("[[faults]]\nkind = \"kill\"\nzone = \"nowhere\"", "R038"),
    ("[[faults]]\nkind = \"kill\"\nversion = \"newer\"", "R007"),
    ("[[faults]]\nkind = \"kill\"\nshare = 1.5", "R037"),
    ("[[faults]]\nkind = \"kill\"\nprobability = 1.5", "R009"),
    ("[[faults]]\nkind = \"kill\"\nprobability = -1", "R009"),
    ("[[faults]]\nkind = \"kill\"\nduration = \"-5s\"", "R007"),
    ("[[faults]]\nkind = \"kill\"\nduration = \"0s\"", "R009"),
    ("[[faults]]\nkind = \"kill\"\nat = \"-61s\"", "R039"),
    ("[[faults]]\nkind = \"kill\"\nat = \"30d\"", "R039"),
    ("[[faults]]\nkind = \"kill\"\nat = \"soon\"", "R007"),
    ("[[faults]]\nkind = \"kill\"\nat = 5", "R006"),
    ("[[faults]]\nkind = \"zone-outage\"", "R008"),
    ("[[faults]]\nkind = \"traffic-spike\"\nfactor = 2\nzone = \"a\"", "R005"),
    ("[[faults]]\nkind = \"traffic-spike\"\nfactor = -2", "R037"),
    ("[[faults]]\nkind = \"errors\"\nrate = 2", "R037"),
    ("[[faults]]\nkind = \"node-drain\"\nmin_available = \"150%\"", "R037"),
    ("[[faults]]\nkind = \"node-drain\"\nmin_available = 1\nmax_unavailable = 1", "R037"),
    ("[[faults]]\nkind = \"node-drain\"\nper_node = 0", "R037"),
    ("[[faults]]\nkind = \"node-drain\"\nretry = \"0s\"", "R037"),
    ("[[faults]]\nkind = \"instance-crash\"", "R037"),
    ("[[faults]]\nkind = \"instance-crash\"\ncount = 1\nrate = 1", "R037"),
    ("[[faults]]\nkind = \"schema-change\"\nwhen = \"first-new-ready\"\nat = \"5s\"", "R037"),
    (
        "[release]\nmemory_factor = 0\n[[faults]]\nkind = \"memory-pressure\"\nzone_memory = 3",
        "R009",
    ),
];

#[test]
fn each_of_these_is_one_error() {
    for (part, expected) in ONE_ERROR_EACH {
        let read = parse(&completed(part), &[], &[]);
        let found = codes(&read);
        let is_right = found.first() == Some(expected) && found.iter().all(|code| code == expected);
        assert!(is_right && read.is_err(), "{part}: {found:?}");
    }
}

/// Every error is reported at once, with its place and what would be right.
#[test]
fn all_that_is_wrong_with_faults() {
    let text = completed(
        "[[faults]]\nkind = \"zone-outrage\"\nzone = \"a\"\n[[faults]]\nkind = \"errors\"\n\
         rate = \"150%\"\nzone = \"b\"\nat = \"-2m\"\n",
    );
    let report = parse(&text, &[], &[]).expect_err("it is wrong").to_string();
    for expected in [
        "error[R036]: there is no kind of fault called `zone-outrage`",
        "did you mean `zone-outage`?",
        "error[R037]: `faults.1.rate` must be from 0 to 1 (100%), not `1.5`",
        "error[R038]: there is no zone called `b`",
        "error[R039]: `faults.1.at` is before the simulation begins",
        "scenarios/test.toml:2:8",
    ] {
        assert!(report.contains(expected), "{expected} is not in\n{report}");
    }
}

/// The fields that every kind has, their defaults, and a region's zones.
#[test]
fn faults_are_read_and_can_be_set_and_swept() {
    let text = completed(
        "[fleet]\ninstances = 4\nzones = [\"eu/a\", \"us/a\", \"eu/b\"]\n[[faults]]\n\
         kind = \"errors\"\nrate = 0.1\nversion = \"new\"\nzone = \"eu\"\n",
    );
    let sweep = ["faults.0.rate=0.2,0.3"];
    let loaded = parse(&text, &["faults.0.probability=0.5"], &sweep).expect("it is right");
    let variants = &loaded.scenario.variants;
    assert_eq!(variants.len(), 2);
    assert_eq!(variants[1].name, "rolling rate=0.3");
    let fault = &variants[1].plan.faults[0];
    assert_eq!(fault.kind, "errors");
    assert_eq!(fault.probability, Ratio::from_billionths(500_000_000));
    assert_eq!(fault.duration, None);
    assert_eq!(fault.begin, crate::fault::Begin::START);
    assert_eq!(fault.place.version, Some(Version::New));
    assert_eq!(fault.place.zones, Some(vec![ZoneId(0), ZoneId(2)]));
    let rate = Ratio::from_billionths(300_000_000);
    assert_eq!(fault.effects, [crate::fault::Effect::Errors(rate)]);
}
