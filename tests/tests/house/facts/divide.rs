//! Segments that the facts have once, with a list of codes, and the guide several times, with some of these codes each.

use serde_json::{Value, json};

/// A use of a segment in the guide: its identifier, and the codes by which it is recognised.
pub type Use = (String, Vec<String>);

/// The children of a loop as the guide divides them: each use has its codes of what the facts say of the whole, the first also those that
/// no use has. They may change places, and each stands as often as the facts have the whole: what differs is decided in the guide.
pub fn by_codes(body: &Value, uses: &[Use]) -> Value {
    let nodes = body.as_array().into_iter().flatten();
    let mut found = Vec::new();
    for node in nodes.clone() {
        let id = node["seg"].as_str().unwrap_or_default();
        let alike = nodes.clone().filter(|other| other["seg"] == node["seg"]);
        let own: Vec<_> = uses.iter().filter(|(other, _)| other == id).collect();
        if alike.count() == 1 && own.len() > 1 && node["el"][0]["codes"].is_array() {
            found.extend(divided(node, &own));
        } else {
            found.push(node.clone());
        }
    }
    Value::Array(found)
}

fn divided(node: &Value, uses: &[&Use]) -> Vec<Value> {
    let codes: Vec<_> = node["qual"].as_array().into_iter().flatten().collect();
    let has = |(_, own): &Use, code: &Value| own.iter().any(|it| code == it.as_str());
    let parts = uses.iter().enumerate().map(|(at, of)| {
        let is_left = |code: &Value| at == 0 && !uses.iter().any(|other| has(other, code));
        let own = codes
            .iter()
            .filter(|code| has(of, code) || is_left(code))
            .collect::<Vec<_>>();
        let mut part = node.clone();
        part["qual"] = json!(own);
        part["el"][0]["codes"] = json!(own);
        part["pos"] = json!(format!("divided {}", node["seg"]));
        part
    });
    parts.collect()
}
