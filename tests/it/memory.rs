//! However many variants a sweep has, its memory stays what it is for few.
//!
//! The peak is that of the process as Linux counts it, so this is tested there only. It is read
//! while the process prints its tables, which is the last that it does; they are longer than what
//! a pipe holds, so that it cannot end before it was looked at.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

/// One instance, little time and few bins: what a variant takes apart from its simulation.
const SCENARIO: &str = r#"
[fleet]
instances = 1

[traffic]
rate = 0

[strategies.one]
kind = "rolling"

[simulation]
replications = 2
warmup = "1s"
settle = "1s"
bin = "1m"
"#;

/// Bytes that a variant may add to the peak. It is about 1,100 (its name and its swept values, and
/// what differs in its plan); with its estimates kept it was 20,000.
const MOST_A_VARIANT: f64 = 3000.0;

/// The peak so far of a process, bytes; none if it has ended.
fn peak(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024.0)
}

/// The peak of a sweep with so many variants, bytes.
fn peak_of(folder: &Path, variants: u32) -> f64 {
    let periods: Vec<String> = (1..=variants).map(|period| format!("{period}s")).collect();
    // The base comes last: until then nothing can be compared.
    let base = format!("one period={variants}s");
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollsim"));
    command.current_dir(folder).args(["run", "one.toml", "--threads", "2", "--ledger"]);
    command.args(["--compare", &base, "--sweep"]);
    command.arg(format!("readiness.period={}", periods.join(",")));
    let mut process = command.stdout(Stdio::piped()).spawn().expect("the binary starts");
    let mut out = process.stdout.take().expect("a pipe");
    let (mut printed, mut most) = (0, 0.0);
    let mut piece = [0; 4096];
    loop {
        let length = out.read(&mut piece).expect("a pipe can be read");
        if length == 0 {
            break;
        }
        printed += length;
        most = peak(process.id()).unwrap_or(most);
    }
    assert!(process.wait().expect("it ends").success());
    assert!(printed > 100 * variants as usize, "{printed} bytes for {variants} variants");
    most
}

#[test]
fn a_variant_adds_little_to_a_sweep() {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("one.toml"), SCENARIO).expect("written");
    let [few, many] = [800, 2400].map(|variants| (variants, peak_of(place.path(), variants)));
    assert!(few.1 > 0.0, "the peak was never seen");
    let each = (many.1 - few.1) / f64::from(many.0 - few.0);
    assert!(each < MOST_A_VARIANT, "{each:.0} bytes a variant: {few:?} to {many:?}");
}
