//! Tables of facts that list the hierarchical levels of a set side by side: each is put under its parent, as guides have it.

use serde_json::Value;

/// The children of a set, each level under the one that the table of levels names as its parent.
pub fn under_parents(body: &Value, set: &str, levels: &Value) -> Value {
    let Some(parents) = parents(set, levels) else {
        return body.clone();
    };
    let mut roots: Vec<Value> = Vec::new();
    for node in body.as_array().into_iter().flatten() {
        let parent = level(node).and_then(|level| parents[level][0].as_str());
        let holder = parent.and_then(|parent| {
            let mut rest = roots.iter_mut();
            rest.find_map(|root| find(root, parent))
        });
        match holder.and_then(|holder| holder["body"].as_array_mut()) {
            Some(children) => {
                let mut node = node.clone();
                // Positions are those of the standard, in which all levels are one loop.
                node["pos"] = Value::Null;
                children.push(node);
            }
            None => roots.push(node.clone()),
        }
    }
    Value::Array(roots)
}

/// The parents of each level of a set: the entry whose name has the set among those that it joins.
fn parents<'l>(set: &str, levels: &'l Value) -> Option<&'l Value> {
    let entries = levels["parents"].as_object()?;
    let mut entries = entries.iter();
    let found = entries.find(|(names, _)| names.split('/').any(|name| name == set))?;
    Some(found.1)
}

/// What a loop says in HL03, if it is a level.
fn level(node: &Value) -> Option<&str> {
    let first = &node["body"][0];
    let told = &first["el"].as_array()?.iter().find(|it| it["pos"] == 3)?["codes"][0];
    told.as_str().filter(|_| first["seg"] == "HL")
}

/// The level of a code, in a loop and those below it.
fn find<'n>(node: &'n mut Value, code: &str) -> Option<&'n mut Value> {
    if level(node) == Some(code) {
        return Some(node);
    }
    let children = node["body"].as_array_mut()?;
    children.iter_mut().find_map(|child| find(child, code))
}
