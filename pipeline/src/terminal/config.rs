//! Looks after the configuration.

use std::fs;
use std::io::Write;

use super::{Home, Stop};
use crate::profile::{Location, Profiles, Usage, is_partner_id};

/// Says what is wrong, or that nothing is.
pub fn check(home: &Home, out: &mut impl Write) -> Result<(), Stop> {
    home.must_exist()?;
    let profiles = home.profiles()?;
    let Profiles { partners, .. } = &profiles;
    for profile in partners.values() {
        let usage = match profile.usage {
            Usage::Test => "test",
            Usage::Production => "production",
        };
        writeln!(
            out,
            "{}: {usage}, from {} to {}",
            profile.id,
            profiles.inbox(profile),
            profiles.outbox(profile)
        )?;
    }
    let count = partners.len();
    Ok(writeln!(
        out,
        "the configuration is good: {count} trading partners"
    )?)
}

/// Writes a profile to be filled in.
pub fn add_partner(home: &Home, id: &str, out: &mut impl Write) -> Result<(), Stop> {
    if !is_partner_id(id) {
        return Err(Stop::could_not(
            "a partner's id has up to 40 small letters, digits and hyphens",
        ));
    }
    let folder = home.folder().join("partners");
    let file = folder.join(format!("{id}.toml"));
    if file.exists() {
        return Err(Stop::no(format!("{} is there already", file.display())));
    }
    let settings = home.settings()?;
    home.settle(&settings)?;
    let could_not = |error: std::io::Error| {
        let file = file.display();
        Stop::could_not(format!("could not write {file}: {}", error.kind()))
    };
    let exchange = home.folder().join("exchange").join(id);
    let backend = settings.backend.folder.below(home.folder());
    let submit = match backend.join("submit").join(id) {
        Location::Folder(folder) => Some(folder),
        _ => None,
    };
    let folders = [
        Some(exchange.join("in")),
        Some(exchange.join("out")),
        submit,
    ];
    for folder in folders.into_iter().flatten() {
        fs::create_dir_all(folder).map_err(could_not)?;
    }
    let text = include_str!("partner.toml").replace("PARTNER", &id.to_uppercase());
    fs::write(&file, text.replace("FOLDER", id)).map_err(could_not)?;
    let (file, key) = (
        file.display(),
        home.folder().join("keys").join(format!("{id}.asc")),
    );
    let key = key.display();
    writeln!(
        out,
        "wrote {file}: fill in the ids, and put the partner's public key into {key}"
    )?;
    Ok(writeln!(
        out,
        "`keys export` prints yours; `config check` says what is missing yet"
    )?)
}
