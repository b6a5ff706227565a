//! The catalog: what is built in loads, and documents find their guides.

#![expect(clippy::unwrap_used, reason = "a test that finds nothing fails")]

use std::sync::Arc;

use x12_schemas::table::{CodeList, Guide, NONE};
use x12_schemas::{Catalog, Match};

#[test]
fn every_built_in_guide_loads_and_its_indexes_are_in_range() {
    let catalog = Catalog::builtin();
    for entry in catalog.entries() {
        let guide = catalog.guide_of_set(entry.id, entry.set).unwrap();
        assert_eq!(
            (guide.id.as_str(), guide.set.as_str(), guide.group.as_str()),
            (entry.id, entry.set, entry.group)
        );
        check(&guide);
    }
    check(&catalog.envelope());
}

#[test]
fn the_envelope_has_the_control_segments() {
    let envelope = Catalog::builtin().envelope();
    let ids: Vec<_> = envelope
        .segments
        .iter()
        .map(|segment| segment.id.as_str())
        .collect();
    for id in ["ISA", "TA1", "GS", "ST", "SE", "GE", "IEA"] {
        assert!(ids.contains(&id), "{id} is missing among {ids:?}");
    }
}

#[test]
fn a_guide_is_loaded_once_and_shared_by_clones() {
    let catalog = Catalog::builtin();
    let id = catalog.ids()[0].to_owned();
    let (one, other) = (
        catalog.guide(&id).unwrap(),
        catalog.clone().guide(&id).unwrap(),
    );
    assert!(Arc::ptr_eq(&one, &other));
    assert!(catalog.guide("nothing of this name").is_none());
}

#[test]
fn documents_find_their_guides() {
    let catalog = toys();
    // GS08, ST01, ST03; what is found, `~` before it if by an alias.
    let cases = [
        ("T1", "900", Some("T1"), "T1"),
        ("T1A2", "900", Some("T1A2"), "T1A2"),
        ("T1A2", "900", Some("T1"), "T1"),
        ("T1", "900", Some("T1A2"), "T1A2"),
        ("T1A2", "900", None, "T1A2"),
        ("T1A2", "900", Some(""), "T1A2"),
        ("T1A2", "900", Some("unknown"), "T1A2"),
        ("unknown", "900", Some("T1A2"), "T1A2"),
        ("unknown", "900", Some("unknown"), ""),
        ("unknown", "900", None, ""),
        ("T1A2", "901", Some("T1A2"), ""),
        ("T2", "900", Some("T2"), "~T2A1"),
        ("T2A2", "900", Some("T2"), "~T2A2"),
        ("T2", "900", Some("T2A2"), "T2A2"),
        ("T2A1", "900", None, "T2A1"),
        ("T3A1", "902", Some("T3"), "T3A1"),
        ("T3", "902", None, "~T3A1"),
        ("T4", "903", Some("T4"), "T4"),
        ("T4", "904", Some("T4"), "T4"),
    ];
    for (gs08, st01, st03, expected) in cases {
        let found = catalog.find("XX", gs08, st01, st03);
        let said = found.map_or(String::new(), |Match { guide, by_alias }| {
            assert_eq!(guide.set, st01);
            format!("{}{}", if by_alias { "~" } else { "" }, guide.id)
        });
        assert_eq!(said, expected, "{gs08} {st01} {st03:?}");
    }
}

#[test]
fn a_guide_that_is_added_takes_the_place_of_a_built_in_one() {
    let catalog = Catalog::builtin();
    let entries = catalog.entries();
    let mut guide = Guide::clone(&catalog.guide_of_set(entries[0].id, entries[0].set).unwrap());
    guide.label = "replaced".to_owned();
    let (id, set, group) = (guide.id.clone(), guide.set.clone(), guide.group.clone());
    let changed = catalog.clone().with(guide);
    assert_eq!(changed.entries().len(), entries.len());
    assert_eq!(changed.guide_of_set(&id, &set).unwrap().label, "replaced");
    assert_eq!(
        changed.find(&group, &id, &set, None).unwrap().guide.label,
        "replaced"
    );
    assert_ne!(catalog.guide_of_set(&id, &set).unwrap().label, "replaced");
}

#[test]
fn a_guide_compiled_at_run_time_rests_on_the_built_in_standard() {
    let text = "guide \"OWN\" standard=\"005010\" set=\"837\" group=\"HC\" { segment ST R { ST01 R \"837\"; ST02 R } }";
    let guide = Catalog::builtin().compile("own.kdl", text).unwrap();
    check(&guide);
    let catalog = Catalog::builtin().with(guide);
    assert_eq!(
        catalog
            .find("HC", "OWN", "837", None)
            .map(|found| found.guide.segments.len()),
        Some(1)
    );
    let errors = Catalog::builtin()
        .compile("own.kdl", &text.replace("ST01", "ST0l"))
        .unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "own.kdl:1:69: `ST0l` is no element of ST\n  did you mean `ST01`?"
    );
}

#[test]
fn every_list_that_a_built_in_guide_names_is_at_hand_or_left_to_the_user() {
    // Not free to use, or changing too often to be built in: at most what their codes look like.
    let of_users = [
        "adjustmentReasons",
        "remarkCodes",
        "taxonomies",
        "currencies",
        "exchangePaymentTypes",
        "claimStatusCategories",
        "claimStatusCodes",
        "billTypes",
        "admissionTypes",
        "admissionSources",
        "patientStatuses",
        "conditionCodes",
        "occurrenceCodes",
        "occurrenceSpanCodes",
        "valueCodes",
        "revenueCodes",
    ];
    let catalog = Catalog::builtin();
    let has_codes = |name: &str| {
        let list = catalog.list(name);
        list.is_some_and(|list| !list.codes.is_empty() || !list.times.is_empty())
    };
    for entry in catalog.entries() {
        let guide = catalog.guide_of_set(entry.id, entry.set).unwrap();
        for element in guide.elements.iter().chain(&guide.components) {
            let name = element.list.as_str();
            assert_ne!(
                has_codes(name),
                name.is_empty() || of_users.contains(&name),
                "{name}"
            );
        }
    }
}

#[test]
fn a_list_is_loaded_once_and_shared_by_clones() {
    let catalog = Catalog::builtin();
    let one = catalog.list("states").unwrap();
    let other = catalog.clone().list("states").unwrap();
    assert!(Arc::ptr_eq(&one, &other));
    assert!(one.codes.is_sorted_by(|one, other| one < other));
    assert!(one.codes.iter().any(|code| code == "FL"));
    assert!(catalog.list("nothing of this name").is_none());
}

#[test]
fn a_list_that_is_added_takes_the_place_of_one_of_its_name() {
    let catalog = Catalog::builtin();
    let text = "list states source=own date=\"2026-01-31\" { codes \"ZZ\" }\n\
                list own source=own date=\"2026-01-31\" { codes \"1\" \"01\" }";
    let lists = catalog.compile_lists("own.kdl", text).unwrap();
    let changed = lists.into_iter().fold(catalog.clone(), Catalog::with_list);
    assert_eq!(changed.list("states").unwrap().codes, ["ZZ"]);
    assert_eq!(changed.list("own").unwrap().codes, ["01", "1"]);
    let again = changed.with_list(CodeList {
        name: "own".to_owned(),
        ..CodeList::default()
    });
    assert!(again.list("own").unwrap().codes.is_empty());
    assert_ne!(catalog.list("states").unwrap().codes, ["ZZ"]);
    let errors = catalog
        .compile_lists("own.kdl", &text.replace("\"ZZ\"", "ZZ"))
        .unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "own.kdl:1:50: `ZZ` must stand in quotes\n  write \"ZZ\""
    );
}

fn toys() -> Catalog {
    let toy = |id: &str, set: &str, aliases: &[&str], identified_by_set| Guide {
        id: id.to_owned(),
        set: set.to_owned(),
        group: "XX".to_owned(),
        aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
        identified_by_set,
        ..Guide::default()
    };
    Catalog::builtin()
        .with(toy("T1", "900", &[], true))
        .with(toy("T1A2", "900", &["T1"], true))
        .with(toy("T2A1", "900", &["T2"], true))
        .with(toy("T2A2", "900", &["T2"], true))
        .with(toy("T3A1", "902", &["T3"], false))
        .with(toy("T4", "903", &[], true))
        .with(toy("T4", "904", &[], true))
}

/// Whether the tables hold together: parents before children, runs within their tables.
fn check(guide: &Guide) {
    assert!(!guide.segments.is_empty(), "{} is empty", guide.id);
    assert_eq!(guide.loops[0].parent, NONE);
    for (index, a_loop) in guide.loops.iter().enumerate().skip(1) {
        assert!(usize::from(a_loop.parent) < index);
    }
    for a_loop in &guide.loops {
        run(&guide.items, a_loop.first_item, a_loop.item_count);
    }
    for item in &guide.items {
        assert!(item.child == NONE || usize::from(item.child) < guide.loops.len());
        assert!(usize::from(item.segment) < guide.segments.len());
    }
    for element in guide.elements.iter().chain(&guide.components) {
        assert!(element.codes == NONE || usize::from(element.codes) < guide.codes.len());
        run(
            &guide.components,
            element.first_component,
            element.component_count,
        );
    }
    for segment in &guide.segments {
        run(&guide.notes, segment.first_note, segment.note_count);
        let elements = run(
            &guide.elements,
            segment.first_element,
            segment.element_count,
        );
        for key in &segment.keys {
            let element = &elements[usize::from(key.element) - 1];
            assert!(u16::from(key.component) <= element.component_count);
            assert!(key.codes == NONE || usize::from(key.codes) < guide.codes.len());
        }
    }
    for codes in &guide.codes {
        assert!(codes.is_sorted_by(|one, other| one < other), "{codes:?}");
    }
}

/// A run of a table, which must lie within it.
fn run<T>(table: &[T], first: u16, count: u16) -> &[T] {
    &table[usize::from(first)..][..usize::from(count)]
}
