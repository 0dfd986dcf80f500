#![allow(clippy::unwrap_used)]

use super::*;

fn str(text: &str) -> Value {
    Value::Str(text.into())
}

fn list(items: Vec<Value>) -> Value {
    Value::List(Arc::new(items))
}

fn tuple(items: Vec<Value>) -> Value {
    Value::Tuple(Arc::new(items))
}

/// `{'a': [1, -2, 300, 70000, 2**40, -2**70], 'b': (True, None, 1.5), 'c': 'é'}` by CPython's pickle.
const PROTOCOL_0: &[u8] = b"(dp0\nVa\np1\n(lp2\nI1\naI-2\naI300\naI70000\naL1099511627776L\naL-1180591620717411303424L\nasVb\np3\n(I01\nNF1.5\ntp4\nsVc\np5\nV\xe9\np6\ns.";
const PROTOCOL_2: &[u8] = b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xfe\xff\xff\xffM,\x01Jp\x11\x01\x00\x8a\x06\x00\x00\x00\x00\x00\x01\x8a\t\x00\x00\x00\x00\x00\x00\x00\x00\xc0eX\x01\x00\x00\x00bq\x03\x88NG?\xf8\x00\x00\x00\x00\x00\x00\x87q\x04X\x01\x00\x00\x00cq\x05X\x02\x00\x00\x00\xc3\xa9q\x06u.";
const PROTOCOL_4: &[u8] = b"\x80\x04\x95=\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94]\x94(K\x01J\xfe\xff\xff\xffM,\x01Jp\x11\x01\x00\x8a\x06\x00\x00\x00\x00\x00\x01\x8a\t\x00\x00\x00\x00\x00\x00\x00\x00\xc0e\x8c\x01b\x94\x88NG?\xf8\x00\x00\x00\x00\x00\x00\x87\x94\x8c\x01c\x94\x8c\x02\xc3\xa9\x94u.";

#[test]
fn the_same_value_comes_out_of_protocols_2_and_4() {
    let minus_2_to_70 = Value::BigInt([0, 0, 0, 0, 0, 0, 0, 0, 0xc0][..].into());
    let numbers = [1, -2, 300, 70_000, 1 << 40].map(Value::Int).into_iter().chain([minus_2_to_70]).collect();
    let expected = Value::Dict(Arc::new(vec![
        (str("a"), list(numbers)),
        (str("b"), tuple(vec![Value::Bool(true), Value::None, Value::Float(1.5)])),
        (str("c"), str("é")),
    ]));
    for stream in [PROTOCOL_2, PROTOCOL_4] {
        assert_eq!(parse(stream).unwrap(), (expected.clone(), stream.len()));
    }
}

#[test]
fn protocol_0_reads_alike_and_refuses_integers_beyond_64_bits() {
    let error = parse(PROTOCOL_0).unwrap_err().to_string();
    assert!(error.contains("expected an integer of 64 bits"), "{error}");
    let small: Vec<u8> =
        String::from_utf8_lossy(PROTOCOL_0).replace("aL-1180591620717411303424L\n", "").replace('\u{fffd}', "\\u00e9").into();
    let value = parse(&small).unwrap().0;
    assert_eq!(value.get("a").unwrap().as_slice().unwrap()[4], Value::Int(1 << 40));
    assert_eq!(value.get("b").unwrap().as_slice().unwrap()[0], Value::Bool(true));
    assert_eq!(value.get("c"), Some(&str("é")));
}

#[test]
fn several_pickles_in_a_row_are_read_one_by_one() {
    let stream = b"\x80\x02K\x01.\x80\x02K\x02.rest";
    let (first, consumed) = parse(stream).unwrap();
    let (second, _) = parse(&stream[consumed..]).unwrap();
    assert_eq!((first, consumed, second), (Value::Int(1), 5, Value::Int(2)));
}

#[test]
fn a_call_becomes_an_inert_object_and_its_global_is_listed() {
    let stream = b"cos\nsystem\n(S'touch /tmp/flatland-was-here'\ntR.";
    let (value, _) = parse(stream).unwrap();
    let object = value.as_object().unwrap();
    assert_eq!(object.constructor.to_string(), "os.system");
    assert_eq!(object.args, tuple(vec![str("touch /tmp/flatland-was-here")]));
    assert_eq!(globals(stream), vec![Global { module: "os".into(), name: "system".into() }]);
    // A stream that breaks after the call has named it all the same.
    assert_eq!(globals(b"cos\nsystem\n(S'id'\ntR\xff").len(), 1);
    assert!(!std::path::Path::new("/tmp/flatland-was-here").exists());
}

#[test]
fn the_result_of_a_call_may_be_called_without_anything_happening() {
    let (value, _) = parse(b"cbuiltins\ngetattr\n(cos\nos\nS'system'\ntR(S'id'\ntR.").unwrap();
    assert_eq!(value.as_object().unwrap().constructor.to_string(), "<computed>");
}

#[test]
fn an_ordered_dict_keeps_its_items_and_its_state() {
    let stream =
        b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01(X\x01\x00\x00\x00wK\x07X\x01\x00\x00\x00bK\x08u}X\x09\x00\x00\x00_metadataNsb.";
    let (value, _) = parse(stream).unwrap();
    assert_eq!(value.as_pairs().unwrap(), [(str("w"), Value::Int(7)), (str("b"), Value::Int(8))]);
    assert_eq!(value.get("b"), Some(&Value::Int(8)));
    assert_eq!(value.as_object().unwrap().state.as_ref().unwrap().get("_metadata"), Some(&Value::None));
}

#[test]
fn a_persistent_id_is_kept() {
    let stream = b"\x80\x02(X\x07\x00\x00\x00storageX\x01\x00\x00\x000K\x03tQ.";
    assert_eq!(parse(stream).unwrap().0, Value::Persistent(Arc::new(tuple(vec![str("storage"), str("0"), Value::Int(3)]))));
}

#[test]
fn strings_of_python_2_are_text_where_they_can_be_and_bytes_otherwise() {
    let value = parse(b"(U\x02okU\x02\xff\xfet.").unwrap().0;
    let items = value.as_slice().unwrap();
    assert_eq!(items[0], str("ok"));
    assert_eq!(items[1].as_bytes(), Some(&b"\xff\xfe"[..]));
}

#[test]
fn a_memoized_list_is_seen_as_it_was_filled_later() {
    // x = []; y = (x, x); x.append(1)
    let value = parse(b"\x80\x02]q\x00h\x00\x86q\x01h\x00K\x01a0.").unwrap().0;
    assert_eq!(value, tuple(vec![list(vec![Value::Int(1)]), list(vec![Value::Int(1)])]));
}

#[test]
fn a_list_that_contains_itself_is_refused() {
    let error = parse(b"]q\x00h\x00a.").unwrap_err().to_string();
    assert!(error.contains("a value that contains itself"), "{error}");
}

#[test]
fn a_billion_laughs_are_refused() {
    // x = (x, x), forty times over.
    let mut stream = b"K\x00".to_vec();
    stream.extend(std::iter::repeat_n(*b"2\x86", 40).flatten());
    stream.push(b'.');
    assert!(matches!(parse(&stream), Err(PickleError::Refused(_))));
}

#[test]
fn nesting_beyond_the_bound_is_refused() {
    let nested = |levels: usize| [vec![b')'], vec![0x85; levels], vec![b'.']].concat();
    assert!(parse(&nested(400)).is_ok());
    assert!(matches!(parse(&nested(100_000)), Err(PickleError::Refused(_))));
}

#[test]
fn every_truncation_and_every_changed_byte_is_an_error_or_a_value_never_a_panic() {
    let object =
        b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01(X\x01\x00\x00\x00wK\x07X\x01\x00\x00\x00bK\x08u}X\x09\x00\x00\x00_metadataNsb.";
    for stream in [PROTOCOL_0, PROTOCOL_2, PROTOCOL_4, object] {
        for end in 0..stream.len() {
            assert!(parse(&stream[..end]).is_err(), "cut at {end}");
        }
        let mut changed = stream.to_vec();
        for at in 0..stream.len() {
            for byte in 0..=255 {
                changed[at] = byte;
                let _ = parse(&changed);
                let _ = globals(&changed);
            }
            changed[at] = stream[at];
        }
    }
}

#[test]
fn what_is_not_a_pickle_says_what_was_found() {
    let html = parse(b"<!DOCTYPE html>").unwrap_err().to_string();
    assert_eq!(html, "not a valid pickle: expected an opcode, found byte 0x3c at byte 1");
    assert_eq!(parse(b"").unwrap_err().to_string(), "the pickle is cut off: expected an opcode at byte 0, found the end");
}
