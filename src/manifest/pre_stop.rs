//! How long does a container go on serving after it is told to stop?
//!
//! # What it reads
//! `lifecycle.preStop`: the `sleep` action, and an `exec` whose command is a `sleep`, run directly
//! or first by a shell (`["sh", "-c", "sleep 15 && nginx -s quit"]`).
//!
//! # Defaults
//! Without a hook the container is told to stop at once.
//!
//! # What is not modelled
//! Any other hook, and what a shell runs after its sleep. Both are noted, because the container
//! goes on serving meanwhile.
//!
//! # Worked example
//! `preStop: {exec: {command: ["/bin/sh", "-c", "sleep 15"]}}` serves 15 s more.

use super::findings::{Findings, Known, quote};
use super::probe::one_handler;
use super::tree::Field;
use super::write::{MOST_SECONDS, NANOS_PER_SECOND};

const HANDLERS: &[&str] = &["exec", "httpGet", "tcpSocket", "sleep"];

const SHELLS: [&str; 5] = ["sh", "bash", "ash", "dash", "busybox"];

/// Nanoseconds that the hook of `container`, called `name`, sleeps; 0 where it has none.
///
/// `grace` is the pod's grace period in seconds: Kubernetes refuses a `sleep` action above it. A
/// command that sleeps longer is cut off there.
pub(super) fn read(container: Field<'_>, name: &str, grace: i64, found: &mut Findings) -> u64 {
    let Some(lifecycle) = found.mapping(container, "lifecycle") else { return 0 };
    found.strangers(lifecycle, "lifecycle", Known::All(&["preStop", "postStart", "stopSignal"]));
    if lifecycle.get("postStart").is_some() {
        found.note(format!("postStart of container {name} is not modelled: add it to the boot"));
    }
    let Some(hook) = found.mapping(lifecycle, "preStop") else { return 0 };
    found.strangers(hook, "preStop", Known::All(HANDLERS));
    one_handler(hook, "preStop", HANDLERS, found);
    if let Some(sleep) = found.mapping(hook, "sleep") {
        return action(sleep, grace, found);
    }
    let Some(exec) = found.mapping(hook, "exec") else {
        if hook.get("httpGet").or(hook.get("tcpSocket")).is_some() {
            found.note(format!("preStop of container {name} is a request: not modelled"));
        }
        return 0;
    };
    let words: Vec<_> = found.list(exec, "command").into_iter().filter_map(Field::text).collect();
    command(&words, name, grace, found)
}

fn action(sleep: Field<'_>, grace: i64, found: &mut Findings) -> u64 {
    found.strangers(sleep, "sleep", Known::All(&["seconds"]));
    let Some(written) = found.whole(sleep, "seconds", 0..=MOST_SECONDS) else {
        if sleep.get("seconds").is_none() {
            let message = "the `sleep` action needs `seconds`".into();
            found.problem(sleep.place(), message, Some("write for example `seconds: 15`"));
        }
        return 0;
    };
    if written.value > grace {
        let message = format!(
            "preStop sleeps {} s, longer than the grace period of {grace} s",
            written.value
        );
        let help =
            format!("raise `terminationGracePeriodSeconds` above {}, or sleep less", written.value);
        found.problem(written.place, message, Some(&help));
    }
    written.value.unsigned_abs().saturating_mul(NANOS_PER_SECOND)
}

fn command(words: &[&str], name: &str, grace: i64, found: &mut Findings) -> u64 {
    let Some((nanos, rest)) = sleep_of(words) else {
        let shown = quote(&words.join(" "));
        found.note(format!("preStop of container {name}, {shown}, is not modelled"));
        return 0;
    };
    if !rest.is_empty() {
        let shown = quote(rest);
        found.note(format!(
            "what preStop of container {name} runs after its sleep, {shown}, is not modelled"
        ));
    }
    let most = grace.unsigned_abs().saturating_mul(NANOS_PER_SECOND);
    if nanos > most {
        found.note(format!(
            "preStop of container {name} outlasts the grace period of {grace} s and is cut there"
        ));
    }
    nanos.min(most)
}

/// The time that a command begins by sleeping, and what a shell runs after that.
fn sleep_of<'t>(words: &[&'t str]) -> Option<(u64, &'t str)> {
    let (program, arguments) = words.split_first()?;
    let program = program.rsplit('/').next()?;
    if program == "sleep" {
        return Some((all(arguments.iter().copied())?, ""));
    }
    if !SHELLS.contains(&program) {
        return None;
    }
    if program == "busybox" && arguments.first() == Some(&"sleep") {
        return Some((all(arguments.iter().copied().skip(1))?, ""));
    }
    let flag = arguments.iter().position(|word| word.starts_with('-') && word.ends_with('c'))?;
    script(arguments.get(flag + 1)?)
}

fn script(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let text = text.strip_prefix("exec ").map_or(text, str::trim_start);
    let (program, rest) = text.split_once(char::is_whitespace)?;
    if program.rsplit('/').next()? != "sleep" {
        return None;
    }
    let end = rest.find(['&', ';', '|', '\n', '#']).unwrap_or(rest.len());
    let (times, rest) = rest.split_at(end);
    // In the background it delays nothing, and piped on, what follows decides.
    let waits = rest.is_empty() || ["&&", "||", ";", "\n", "#"].iter().any(|s| rest.starts_with(s));
    let nanos = all(times.split_whitespace()).filter(|_| waits)?;
    let rest = if rest.starts_with(['#']) { "" } else { rest };
    Some((nanos, rest.trim_start_matches(['&', '|', ';']).trim()))
}

/// The sum of `sleep`'s arguments; none if there is none, or one is no time.
fn all<'t>(mut times: impl Iterator<Item = &'t str>) -> Option<u64> {
    let first = nanos(times.next()?)?;
    times.try_fold(first, |sum, time| Some(sum.saturating_add(nanos(time)?)))
}

/// `15`, `0.5`, `2m`: seconds unless a unit follows, as `sleep` takes it.
fn nanos(time: &str) -> Option<u64> {
    let (number, unit) = match time.as_bytes().last()? {
        b's' => (&time[..time.len() - 1], 1),
        b'm' => (&time[..time.len() - 1], 60),
        b'h' => (&time[..time.len() - 1], 3600),
        b'd' => (&time[..time.len() - 1], 86_400),
        _ => (time, 1),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let seconds: u64 = if whole.is_empty() { 0 } else { whole.parse().unwrap_or(u64::MAX) };
    let nine: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let nanos = seconds.saturating_mul(NANOS_PER_SECOND).saturating_add(nine.parse().ok()?);
    Some(nanos.saturating_mul(unit))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, read, told, with_pod};
    use super::sleep_of;

    #[test]
    fn worked_example() {
        let hook = "{preStop: {exec: {command: [\"/bin/sh\", \"-c\", \"sleep 15\"]}}}";
        let text = with_pod(&format!("containers:\n- lifecycle: {hook}"));
        let imported = read(&text, None).unwrap();
        let pre_stop = imported.scenario.get("shutdown").and_then(|table| table.get("pre_stop"));
        assert_eq!(pre_stop.and_then(|value| value.as_str()), Some("15s"));
        assert_eq!(imported.notes, [""; 0]);
    }

    #[test]
    fn commands_that_begin_with_a_sleep() {
        for (words, expected) in [
            (&["sleep", "15"][..], Some((15_000, ""))),
            (&["/usr/bin/sleep", "1m", "0.5"], Some((60_500, ""))),
            (&["busybox", "sleep", "2"], Some((2_000, ""))),
            (&["sh", "-c", "sleep 15 && nginx -s quit"], Some((15_000, "nginx -s quit"))),
            (&["/bin/bash", "-ec", " exec sleep 3 "], Some((3_000, ""))),
            (&["sh", "-c", "/bin/sleep .25; kill 1"], Some((250, "kill 1"))),
            (&["sh", "-c", "sleep 5\nkill 1"], Some((5_000, "kill 1"))),
            (&["sh", "-c", "sleep 5 # let it drain"], Some((5_000, ""))),
            (&["sh", "-c", "sleep 5 & kill 1"], None),
            (&["sh", "-c", "sleep $DELAY"], None),
            (&["sh", "-c", "kill 1; sleep 5"], None),
            (&["sh", "-c"], None),
            (&["sleep", "infinity"], None),
            (&["sleep", "-1"], None),
            (&["sleep"], None),
            (&["/wait-shutdown"], None),
            (&[], None),
        ] {
            let expected = expected.map(|(millis, rest)| (millis * 1_000_000, rest));
            assert_eq!(sleep_of(words), expected, "{words:?}");
        }
    }

    fn check_hook(hook: &str, expected: &str) {
        check(
            &with_pod(&format!("containers:\n- name: api\n  lifecycle: {{{hook}}}")),
            &[expected],
        );
    }

    #[test]
    fn what_is_left_out_is_noted() {
        check_hook(
            "preStop: {exec: {command: [/quit, now]}}",
            "preStop of container `api`, `/quit now`, is not modelled",
        );
        check_hook(
            "preStop: {exec: {command: [sh, -c, sleep 5; quit]}}",
            "what preStop of container `api` runs after its sleep, `quit`, is not modelled",
        );
        check_hook(
            "preStop: {httpGet: {port: 1}}",
            "preStop of container `api` is a request: not modelled",
        );
        check_hook(
            "postStart: {exec: {command: [warm]}}",
            "postStart of container `api` is not modelled: add it to the boot",
        );
    }

    #[test]
    fn a_hook_may_not_outlast_the_grace_period() {
        check_hook(
            "preStop: {sleep: {seconds: 31}}",
            "10:48: preStop sleeps 31 s, longer than the grace period of 30 s \
             (raise `terminationGracePeriodSeconds` above 31, or sleep less)",
        );
        check_hook(
            "preStop: {sleep: {}}",
            "10:38: the `sleep` action needs `seconds` (write for example `seconds: 15`)",
        );
        let none = with_pod("containers:\n- lifecycle: {preStop: {}}");
        assert_eq!(
            told(&none, None),
            ["9:30: `preStop` needs one handler, and has none \
              (write one of `exec`, `httpGet`, `tcpSocket`, `sleep`)"]
        );
    }
}
