//! Keys of a key service: moto's KMS, which `.ci/with-s3` started. It enforces the encryption context, but neither the key that is named
//! when something is opened, nor that a key is disabled or about to be deleted: a gate before it refuses as AWS does.

mod faults;
pub mod gate;

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::Builder;
use tokio::runtime::Runtime;
use x12_pipeline::failure::Result;
use x12_pipeline::keys::{DataKey, Keys, WrappedKey};
use x12_pipeline::kms::Kms;
use x12_pipeline::object::{JobId, ObjectId, Step};
use x12_pipeline::profile::KmsSettings;
use x12_pipeline::seal::Vault;
use x12_pipeline::store::FolderStore;

use crate::checker::check;
use crate::house::{House, How, folder_of_our_own};
use crate::servers::{Servers, Started};
use crate::ways::{loaded, profile};

/// The service, an alias of ours with a key, and a house's folder.
struct Service {
    client: Client,
    endpoint: String,
    alias: String,
    folder: PathBuf,
    runtime: &'static Runtime,
}

impl Service {
    fn given() -> Self {
        Self::at(Servers::given().s3.expect("no X12_TEST_S3"))
    }

    fn at(endpoint: String) -> Self {
        let config = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(Builder::new().build_http())
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .region(Region::new("us-east-1"))
            .endpoint_url(&endpoint);
        let folder = folder_of_our_own("kms");
        fs::create_dir_all(&folder).expect("the target folder can be written");
        let service = Self {
            client: Client::from_conf(config.build()),
            endpoint,
            alias: format!("alias/{}", JobId::new()),
            folder,
            // It lives as long as the process: the door waits on it.
            runtime: Box::leak(Box::new(Runtime::new().expect("there are threads"))),
        };
        service.point();
        service
    }

    fn make_key(&self) -> String {
        let made = self.runtime.block_on(self.client.create_key().send());
        let made = made.expect("it makes keys").key_metadata;
        made.expect("it tells of it").key_id
    }

    /// The alias points to a new key.
    fn point(&self) {
        let key = self.make_key();
        let made = self.client.create_alias().alias_name(&self.alias);
        let made = self.runtime.block_on(made.target_key_id(key).send());
        made.expect("it makes aliases");
    }

    /// It points to another from now on; moto cannot move one.
    fn rotate(&self) {
        let removed = self.client.delete_alias().alias_name(&self.alias);
        let removed = self.runtime.block_on(removed.send());
        removed.expect("it removes aliases");
        self.point();
    }

    fn try_open(&self, digest_file: &str) -> Result<Kms> {
        let settings = KmsSettings {
            endpoint: Some(self.endpoint.clone()),
            ..KmsSettings::default()
        };
        let digest_file = self.folder.join(digest_file);
        let opened = Kms::open(&settings, &self.alias, &digest_file);
        self.runtime.block_on(opened)
    }

    fn open(&self) -> Kms {
        self.try_open("digest.wrapped")
            .unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// A house's keys are the service's from now on, which it finds at this address.
    fn use_by(&self, house: &House, endpoint: &str) {
        let alias = &self.alias;
        house.configure(&format!(
            "[kms]\nkey = \"{alias}\"\nendpoint = \"{endpoint}\""
        ));
    }

    /// A vault over the store of the folder.
    fn vault(&self) -> Vault {
        let store = FolderStore::new(&self.folder.join("store")).expect("it is ours");
        Vault::new(Arc::new(store), Arc::new(self.open()))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // What is left behind lies in the target folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn refused(keys: &Kms, wrapped: &WrappedKey, context: &[u8]) -> &'static str {
    let unwrapped = keys.unwrap(wrapped, context);
    unwrapped.err().expect("it is refused").reason().code
}

#[test]
#[ignore = "needs a key service and credentials for it: .ci/with-s3"]
fn only_what_was_wrapped_so_is_unwrapped() {
    let service = Service::given();
    let keys = service.open();
    let data_key = DataKey::random().expect("there is randomness");
    let wrapped = keys.wrap(&data_key, b"context").expect("it wraps");
    let unwrapped = keys.unwrap(&wrapped, b"context").expect("it unwraps");
    assert_eq!(unwrapped.bytes(), data_key.bytes());
    assert!(wrapped.key_id.starts_with("arn:"), "{}", wrapped.key_id);
    assert_eq!(refused(&keys, &wrapped, b"another"), "object-broken");
    for at in 0..wrapped.bytes.len() {
        let mut changed = wrapped.clone();
        changed.bytes[at] ^= 1;
        let code = refused(&keys, &changed, b"context");
        // A changed key id in it is one that the service does not know.
        assert!(
            ["object-broken", "keys-unavailable"].contains(&code),
            "byte {at}: {code}"
        );
    }
    // The right bytes under another key's name.
    service.rotate();
    let other = keys.wrap(&data_key, b"context").expect("it wraps");
    let renamed = WrappedKey {
        key_id: other.key_id,
        ..wrapped.clone()
    };
    assert_eq!(refused(&keys, &renamed, b"context"), "object-broken");
    // Another house with the same key of the service wraps nothing that we take.
    let theirs = service.try_open("theirs.wrapped").expect("it is made");
    let foreign = theirs.wrap(&data_key, b"context").expect("it wraps");
    assert_eq!(refused(&keys, &foreign, b"context"), "object-broken");
}

#[test]
#[ignore = "needs a key service and credentials for it: .ci/with-s3"]
fn old_objects_stay_readable_and_new_ones_use_the_new_key() {
    let service = Service::given();
    let running = service.vault();
    let write = |vault: &Vault| {
        let id = ObjectId {
            job: JobId::new(),
            step: Step::Translate,
            ordinal: 0,
        };
        let mut object = vault.seal(&id, "acme").expect("it seals");
        object.write_all(b"what is kept").expect("it takes it");
        (id, object.finish().expect("it is whole").digest)
    };
    let key_of = |id: &ObjectId| {
        let mut sealed = Vec::new();
        let mut object = running.store().open(id).expect("it is there");
        object.read_to_end(&mut sealed).expect("it comes whole");
        sealed[9..9 + usize::from(sealed[8])].to_vec()
    };
    let (old, digest) = write(&running);
    service.rotate();
    let restarted = service.vault();
    let (new, same) = write(&restarted);
    assert_eq!(digest, same, "the key of digests is not rotated");
    assert_ne!(key_of(&old), key_of(&new));
    for vault in [&running, &restarted] {
        for id in [&old, &new] {
            let mut bytes = Vec::new();
            let mut object = vault.open(id, "acme").expect("it opens");
            object.read_to_end(&mut bytes).expect("it comes whole");
            assert_eq!(bytes, b"what is kept");
        }
    }
}

#[test]
#[ignore = "needs a key service and credentials for it: .ci/with-s3"]
fn without_its_key_nothing_opens() {
    let server = Started::by("with-s3");
    let service = Service::at(server.told("X12_TEST_S3").to_owned());
    let keys = service.open();
    let data_key = DataKey::random().expect("there is randomness");
    let wrapped = keys.wrap(&data_key, b"context").expect("it wraps");
    let digest_file = fs::read(service.folder.join("digest.wrapped")).expect("it was made");
    // It ends, and all keys with it.
    drop(server);
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!(refused(&keys, &wrapped, b"context"), "keys-unavailable");
    let unopened = service.try_open("digest.wrapped").err();
    assert_eq!(
        unopened.expect("it is refused").reason().code,
        "keys-unavailable"
    );
    let other = Started::by("with-s3");
    let service = Service::at(other.told("X12_TEST_S3").to_owned());
    let file = service.folder.join("digest.wrapped");
    fs::write(file, digest_file).expect("it is ours");
    assert!(
        service.try_open("digest.wrapped").is_err(),
        "its keys are others"
    );
}

#[test]
#[ignore = "needs a key service and credentials for it: .ci/with-s3"]
fn a_house_whose_keys_are_in_a_key_service_goes_its_way() {
    let service = Service::given();
    let (house, inputs) = loaded();
    service.use_by(&house, &service.endpoint);
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "with a key service");
    assert!(!house.home.join("keys/sealing.keys").exists());
    assert!(house.text("keys/digest.wrapped").starts_with("arn:"));
    let objects = house.objects();
    assert!(!objects.is_empty());
    let is_wrapped_there =
        |(_, sealed): &(String, Vec<u8>)| sealed[9..].starts_with(b"arn:aws:kms:");
    assert!(objects.iter().all(is_wrapped_there));
    let rotate = house.command(&["keys", "rotate"], &How::default()).output();
    let rotate = rotate.expect("the command starts");
    assert_eq!(rotate.status.code(), Some(1));
    let said = String::from_utf8(rotate.stderr).expect("it says words");
    assert!(said.contains(&service.alias), "{said}");
}

#[test]
#[ignore = "needs a key service and credentials for it: .ci/with-s3"]
fn keys_of_the_service_are_listed_with_their_state() {
    let service = Service::given();
    let gate = gate::Gate::before(&service.endpoint);
    let house = House::new(&profile());
    service.use_by(&house, &gate.endpoint);
    let list = || {
        let listed = house.print(&["keys", "list"]);
        let (ours, theirs) = listed.split_once("key of the service").expect("it says so");
        assert!(ours.contains("encrypting"), "{ours}");
        let lines = theirs.lines().skip(1).map(str::to_owned);
        lines.collect::<Vec<_>>()
    };
    let [sealing] = &list()[..] else {
        panic!("the file of the key of digests is not made yet")
    };
    assert!(sealing.contains(&service.alias), "{sealing}");
    assert!(house.run(&How::default()).success());
    let text = house.text("keys/digest.wrapped");
    let (old, _) = text.split_once(' ').expect("it has two words");
    service.rotate();
    let (_, id) = old.rsplit_once('/').expect("it is an ARN");
    let disabled = service.client.disable_key().key_id(id);
    let disabled = service.runtime.block_on(disabled.send());
    disabled.expect("it disables keys");
    let lines = list();
    assert!(lines[0].starts_with("arn:") && !lines[0].contains(old));
    assert!(lines[0].ends_with("enabled"), "{lines:?}");
    assert!(lines[1].starts_with(old) && lines[1].contains("digest.wrapped"));
    assert!(lines[1].ends_with("disabled"), "{lines:?}");
    gate.set(gate::Mode::Away);
    let lines = list();
    assert!(lines[0].starts_with(&service.alias), "{lines:?}");
    assert!(lines[0].ends_with("the key service cannot be used"));
}
