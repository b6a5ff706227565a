//! The server with buckets that `.ci/with-s3` started, as its operator sees it; credentials for it stand in the environment.

mod faults;
mod files;
mod gate;
mod store;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_http_client::Builder;
use tokio::runtime::Runtime;

/// The bucket that is there.
pub const BUCKET: &str = "x12-test";

/// The server.
pub struct Server {
    client: Client,
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
            runtime: Runtime::new().expect("there are threads"),
        }
    }

    /// Keys and contents of all objects below a prefix.
    pub fn objects(&self, prefix: &str) -> Vec<(String, Vec<u8>)> {
        self.runtime.block_on(async {
            let list = self.client.list_objects_v2().bucket(BUCKET).prefix(prefix);
            let mut pages = list.into_paginator().send();
            let mut objects = Vec::new();
            while let Some(page) = pages.next().await {
                for object in page.expect("it lists").contents() {
                    let key = object.key().expect("it has a key");
                    let got = self.client.get_object().bucket(BUCKET).key(key).send();
                    let body = got.await.expect("it is there").body;
                    let bytes = body.collect().await.expect("it comes whole");
                    objects.push((key.to_owned(), bytes.to_vec()));
                }
            }
            objects
        })
    }

    /// Leaves an object.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let body = ByteStream::from(bytes.to_vec());
        let put = self.client.put_object().bucket(BUCKET).key(key).body(body);
        self.runtime.block_on(put.send()).expect("it takes it");
    }

    /// Uploads that were begun and neither completed nor discarded.
    pub fn uploads(&self, prefix: &str) -> usize {
        let list = self
            .client
            .list_multipart_uploads()
            .bucket(BUCKET)
            .prefix(prefix);
        let listed = self.runtime.block_on(list.send()).expect("it lists");
        listed.uploads().len()
    }
}
