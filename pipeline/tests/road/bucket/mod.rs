//! The server with buckets that `.ci/with-s3` started, as its operator sees it; credentials for it stand in the environment.
//!
//! Without it there is nothing that these tests could ask, so they are ignored; `make test` runs all of them beside one, by
//! `--include-ignored`.

mod events;
mod faults;
mod files;
mod gate;
mod store;
mod versions;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketVersioningStatus, Delete, ObjectIdentifier, VersioningConfiguration,
};
use aws_smithy_http_client::Builder;
use tokio::runtime::Runtime;
use x12_pipeline::object::JobId;

/// The bucket that is there.
pub const BUCKET: &str = "x12-test";

/// The server, and a bucket of it.
pub struct Server {
    client: Client,
    bucket: String,
    runtime: Runtime,
}

impl Server {
    /// The server of this address.
    pub fn new(endpoint: &str) -> Self {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(Builder::new().build_http())
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .force_path_style(true);
        Self {
            client: Client::from_conf(config.build()),
            bucket: BUCKET.to_owned(),
            runtime: Runtime::new().expect("there are threads"),
        }
    }

    /// A bucket of our own, which keeps no versions yet.
    pub fn with_own_bucket(endpoint: &str) -> Self {
        let server = Self {
            bucket: format!("road-{}", JobId::new()),
            ..Self::new(endpoint)
        };
        let made = server.client.create_bucket().bucket(&server.bucket);
        let made = server.runtime.block_on(made.send());
        made.expect("it makes buckets");
        server
    }

    /// From now on versions are kept.
    pub fn keep_versions(&self) {
        let how = VersioningConfiguration::builder();
        let how = how.status(BucketVersioningStatus::Enabled).build();
        let put = self.client.put_bucket_versioning();
        let put = put.bucket(&self.bucket).versioning_configuration(how);
        let put = self.runtime.block_on(put.send());
        put.expect("it keeps versions");
    }

    /// Keys of all versions that are there, and how many markers hide some.
    pub fn versions(&self) -> (Vec<String>, usize) {
        let list = self.client.list_object_versions().bucket(&self.bucket);
        let listed = self.runtime.block_on(list.send()).expect("it lists");
        let versions = listed.versions().iter();
        let keys = versions.map(|of| of.key().expect("it has a key").to_owned());
        (keys.collect(), listed.delete_markers().len())
    }

    /// Removes an object, as one does who does not know of versions.
    pub fn delete(&self, key: &str) {
        let delete = self.client.delete_object().bucket(&self.bucket).key(key);
        self.runtime.block_on(delete.send()).expect("it is there");
    }

    /// Keys and contents of all objects below a prefix.
    pub fn objects(&self, prefix: &str) -> Vec<(String, Vec<u8>)> {
        self.runtime.block_on(async {
            let list = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(prefix);
            let mut pages = list.into_paginator().send();
            let mut objects = Vec::new();
            while let Some(page) = pages.next().await {
                for object in page.expect("it lists").contents() {
                    let key = object.key().expect("it has a key");
                    let got = self
                        .client
                        .get_object()
                        .bucket(&self.bucket)
                        .key(key)
                        .send();
                    let body = got.await.expect("it is there").body;
                    let bytes = body.collect().await.expect("it comes whole");
                    objects.push((key.to_owned(), bytes.to_vec()));
                }
            }
            objects
        })
    }

    /// Removes all objects below a prefix, as far as the server does.
    pub fn delete_below(&self, prefix: &str) {
        self.runtime.block_on(async {
            let list = self.client.list_objects_v2();
            let list = list.bucket(&self.bucket).prefix(prefix);
            let mut pages = list.into_paginator().send();
            while let Some(Ok(page)) = pages.next().await {
                let keys = page.contents().iter().filter_map(|object| object.key());
                let which = keys.map(|key| ObjectIdentifier::builder().key(key).build());
                let which = which.map(|which| which.expect("it has a key")).collect();
                let which = Delete::builder().set_objects(Some(which)).build();
                let delete = self.client.delete_objects().bucket(&self.bucket);
                let delete = delete.delete(which.expect("it has objects"));
                let _ = delete.send().await;
            }
        });
    }

    /// Leaves an object.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let body = ByteStream::from(bytes.to_vec());
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .body(body);
        self.runtime.block_on(put.send()).expect("it takes it");
    }

    /// Uploads that were begun and neither completed nor discarded.
    pub fn uploads(&self, prefix: &str) -> usize {
        let list = self
            .client
            .list_multipart_uploads()
            .bucket(&self.bucket)
            .prefix(prefix);
        let listed = self.runtime.block_on(list.send()).expect("it lists");
        listed.uploads().len()
    }
}
