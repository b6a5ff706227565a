//! Shows and makes keys.

use std::io::Write;

use super::arguments::KeysVerb;
use super::{Home, Stop, table};
use crate::clock::{Clock, SystemClock};
use crate::keys::KeyFile;
use crate::kms::Kms;
use crate::openpgp::Description;
use crate::profile::KmsSettings;

/// Days before its end from which on a key is to be seen to.
const SOON_DAYS: i64 = 60;

/// Does what is asked.
pub async fn run(home: &Home, verb: Option<&KeysVerb>, out: &mut impl Write) -> Result<(), Stop> {
    match verb {
        None | Some(KeysVerb::List) => list(home, out).await,
        Some(KeysVerb::Export) => {
            let settings = home.settings()?;
            home.settle(&settings)?;
            for certificate in home.own(&settings)?.certificates() {
                out.write_all(&certificate.armored()?)?;
            }
            Ok(())
        }
        Some(KeysVerb::Rotate) => {
            home.must_exist()?;
            let settings = home.settings()?;
            if let Some(key) = &settings.kms.key {
                let file = settings.kms.digest_file().display();
                return Err(Stop::no(format!(
                    "a key service has the keys: let it rotate {key}, or let an alias point to another key there\nold ones still open as long as it has them, and nothing opens without the one that {file} names: `keys list`"
                )));
            }
            home.settle(&settings)?;
            let id = KeyFile::rotate(&home.folder().join(&settings.keys.sealing))?;
            Ok(writeln!(
                out,
                "what is stored from the next start on is sealed by {id}"
            )?)
        }
    }
}

async fn list(home: &Home, out: &mut impl Write) -> Result<(), Stop> {
    home.must_exist()?;
    let now = SystemClock.now();
    let profiles = home.profiles()?;
    home.settle(&profiles.settings)?;
    let mut rows: Vec<_> = home
        .own(&profiles.settings)?
        .describe(now)
        .iter()
        .map(|key| row("ours", key))
        .collect();
    for (partner, certificates) in home.certificates(&profiles)?.partners() {
        rows.extend(certificates.iter().map(|c| row(partner, &c.describe(now))));
    }
    let head = ["whose", "fingerprint", "good for", "ends"];
    table::write(out, &head, &rows)?;
    let kms = &profiles.settings.kms;
    match &kms.key {
        Some(key) => list_of_service(home, kms, key, out).await,
        None => Ok(()),
    }
}

/// What a key service says of the key that seals, and of the one without which nothing opens.
async fn list_of_service(
    home: &Home,
    kms: &KmsSettings,
    key: &str,
    out: &mut impl Write,
) -> Result<(), Stop> {
    let file = kms.digest_file();
    let of_digests = Kms::digest_wrapped_by(&home.folder().join(file))?;
    let sealing = (key.to_owned(), format!("sealing, as {key}"));
    let opening = of_digests.map(|key| (key, format!("opening {}", file.display())));
    let mut rows = Vec::new();
    for (key, good_for) in [Some(sealing), opening].into_iter().flatten() {
        let (name, state) = match Kms::look(kms, &key).await {
            Ok(known) => (known.name, known.state),
            Err(failure) => (key, failure.reason().text),
        };
        rows.push(vec![name, good_for, state.to_owned()]);
    }
    writeln!(out)?;
    Ok(table::write(
        out,
        &["key of the service", "good for", "state"],
        &rows,
    )?)
}

fn row(whose: &str, key: &Description) -> Vec<String> {
    let mut good_for = Vec::new();
    if key.encrypts {
        good_for.push("encrypting");
    }
    if key.signs {
        good_for.push("signing");
    }
    if key.revoked {
        good_for.push("nothing: it was revoked");
    }
    let ends = match key.days_left(SystemClock.now()) {
        None => "never".to_owned(),
        Some(days) if days < 0 => format!("{} days ago", -days),
        Some(days) if days < SOON_DAYS => format!("soon, in {days} days"),
        Some(days) => format!("in {days} days"),
    };
    vec![
        whose.to_owned(),
        key.fingerprint.clone(),
        good_for.join(", "),
        ends,
    ]
}
