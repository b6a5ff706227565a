//! Whether an upload is whole yet.

use x12_pipeline::openpgp::{Frame, Kind, sniff};

use super::{World, document};

/// Whether these bytes are whole, passed in pieces of a size.
fn is_whole(bytes: &[u8], pieces: usize) -> bool {
    let mut frame = Frame::default();
    for piece in bytes.chunks(pieces) {
        frame.pass(piece);
    }
    frame.is_whole()
}

/// Messages as partners send them: of `gpg` and of ours, armored and binary, with a length in the front and in parts.
fn messages(world: &World, bytes: usize) -> Vec<Vec<u8>> {
    let document = document(bytes);
    let (us, path) = (world.us(), world.gpg.path("document"));
    std::fs::write(&path, &document).expect("the folder is ours");
    let path = path.to_str().expect("it is UTF-8");
    let file = |packing: &str| {
        // With a file, `gpg` knows the length.
        let arguments = [
            "--recipient",
            &us,
            "--sign",
            "--encrypt",
            "--compress-algo",
            packing,
            "--output",
            "-",
            path,
        ];
        world.gpg.run(&arguments, b"")
    };
    vec![
        file("none"),
        file("zlib"),
        world.received(&["--sign", "--compress-algo", "none"], &document),
        world.received(&["--sign"], &document),
        world.received(&["--sign", "--armor"], &document),
        world.received(&["--sign", "--armor", "--comment", "a header"], &document),
        world.received(&["--sign", "--recipient", &world.theirs], &document),
        world.received(&["--rfc2440"], &document),
        world.sent(false, &document),
        world.sent(true, &document),
    ]
}

#[test]
fn a_message_is_whole_at_its_end_and_not_before() {
    let world = World::new();
    let (mut cuts, mut binary) = (0, 0);
    for size in [0, 300, 20_000, 1_500_000] {
        for message in messages(&world, size) {
            binary += usize::from(sniff(&message) == Kind::OpenPgpBinary);
            let length = message.trim_ascii_end().len();
            let length = if message[0] == b'-' {
                length
            } else {
                message.len()
            };
            let smallest = if size > 20_000 { 1_000 } else { 1 };
            for pieces in [smallest, 4_096, usize::MAX] {
                assert!(is_whole(&message, pieces));
                for part in 0..64 {
                    let cut = &message[..length * part / 64];
                    assert!(!is_whole(cut, pieces), "{} of {length}", cut.len());
                    cuts += 1;
                }
                assert!(!is_whole(&message[..length - 1], pieces));
            }
        }
    }
    assert_eq!((cuts, binary), (10 * 4 * 3 * 64, 7 * 4));
}

#[test]
fn a_small_message_cut_at_any_byte_is_not_whole() {
    let world = World::new();
    for message in messages(&world, 300) {
        let length = match message[0] {
            b'-' => message.trim_ascii_end().len(),
            _ => message.len(),
        };
        for at in 0..length {
            assert!(!is_whole(&message[..at], usize::MAX), "{at} of {length}");
        }
    }
}

#[test]
fn lengths_of_all_forms_are_followed() {
    // Encrypted data: in the new format with lengths of one, two and five octets and in parts, in the former format with one, two and
    // four octets.
    for head in [
        &b"\xD2\x0A"[..],
        b"\xD2\xFF\x00\x00\x00\x0A",
        b"\xA4\x0A",
        b"\xA5\x00\x0A",
        b"\xA6\x00\x00\x00\x0A",
    ] {
        let message = [head, &[1; 10]].concat();
        for at in 0..message.len() {
            assert!(!is_whole(&message[..at], 1), "{head:?}: {at}");
        }
        assert!(is_whole(&message, 1), "{head:?}");
    }
    let two = [&b"\xD2\xC0\x08"[..], &[1; 200]].concat();
    assert!(is_whole(&two, 3) && !is_whole(&two[..two.len() - 1], 3));
    let parts = [
        &b"\xD2\xE9"[..],
        &[1; 512],
        b"\xE9",
        &[1; 512],
        b"\xC0\x08",
        &[1; 200],
    ]
    .concat();
    let none_behind = [&b"\xD2\xE9"[..], &[1; 512], b"\x00"].concat();
    for message in [&parts, &none_behind] {
        for at in 0..message.len() {
            assert!(!is_whole(&message[..at], 5), "{at}");
        }
        assert!(is_whole(message, 5));
    }
}

#[test]
fn what_cannot_be_told_is_not_waited_for() {
    // Nothing yet.
    for nothing in [&b""[..], b"\n \n", b"\xEF\xBB\xBF"] {
        assert!(!is_whole(nothing, 1), "{nothing:?}");
    }
    // A packet without a length, and no packets.
    for told in [&b"\xA7\x01"[..], b"ISA*00*", b"{"] {
        assert!(is_whole(told, 1), "{told:?}");
    }
    // A session key, announced signature or marker waits for what it is for.
    for waiting in [
        &b"\xC1\x01\x03"[..],
        b"\xC3\x01\x04",
        b"\xC4\x01\x03",
        b"\xCA\x03PGP",
    ] {
        assert!(!is_whole(waiting, 1), "{waiting:?}");
    }
}

#[test]
fn an_armor_ends_with_its_last_line_and_not_within() {
    let begin = "\u{feff}\r\n-----BEGIN PGP MESSAGE-----\r\nComment: -----END PGP MESSAGE-----\r\n\r\nhF4D\r\n";
    let end = "-----END PGP MESSAGE-----";
    for at in 0..end.len() {
        let text = format!("{begin}{}", &end[..at]);
        assert!(!is_whole(text.as_bytes(), 3), "{at}");
    }
    for behind in ["", "\n", "\r\n\r\n", "\n-- \nsent by mail"] {
        let text = format!("{begin}{end}{behind}");
        assert!(is_whole(text.as_bytes(), 3), "{behind:?}");
    }
}
