from local import broker


def test_started_broker_names_a_loopback_address() -> None:
    owner, address = broker.start()
    host, _, port = address.rpartition(":")
    assert host == "127.0.0.1"
    assert int(port) > 0
    del owner
