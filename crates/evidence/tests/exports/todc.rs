//! `porcupine.json`, read by somebody else's checker: Wing, Gong and Lowe's algorithm as todc-utils has it.

use serde_json::Value;
use std::collections::BTreeMap;
use todc_utils::{Action, History, Specification, WGLChecker};

/// The model of xtask/third-party/porcupine: a register that is older, then free, then sold to a ticket.
struct Register;

#[derive(Clone, Debug)]
struct Call {
    op: String,
    ticket: String,
    told: String,
    shown: String,
}

impl Specification for Register {
    type State = String;
    type Operation = Call;

    fn init() -> String {
        "older".into()
    }

    fn apply(call: &Call, now: &String) -> (bool, String) {
        let is_free = now == "free";
        match (call.op.as_str(), call.told.as_str()) {
            ("open", _) => (true, "free".into()),
            ("buy", "yes") => (is_free, call.ticket.clone()),
            ("buy", "unknown") if is_free => (true, call.ticket.clone()),
            ("buy", _) => (true, now.clone()), // It did not happen.
            _ => (*now == call.shown, now.clone()),
        }
    }
}

/// Whether every register of the file is linearizable. It searches: a few overlapping calls only.
pub fn is_linearizable(porcupine: &str) -> bool {
    let calls: Vec<Value> = serde_json::from_str(porcupine).unwrap();
    let mut registers: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (process, op) in calls.iter().enumerate() {
        let text = |part: &str, field: &str| op[part][field].as_str().unwrap_or_default().to_owned();
        let (told, held) = (text("output", "told"), text("output", "ticket"));
        let shown = if told == "sold" { held } else { told.clone() };
        let call = Call { op: text("input", "op"), ticket: text("input", "ticket"), told, shown };
        let at_ns = |stamp: &str| op[stamp].as_u64().unwrap();
        registers.entry(text("input", "key")).or_default().extend([
            (at_ns("call"), process, Action::Call(call.clone())),
            (at_ns("return"), process, Action::Response(call)),
        ]);
    }
    registers.into_values().all(|mut actions| {
        actions.sort_by_key(|(at_ns, ..)| *at_ns);
        let actions = actions.into_iter().map(|(_, process, action)| (process, action)).collect();
        WGLChecker::<Register>::is_linearizable(History::from_actions(actions))
    })
}
