"""What is written of calls that were served."""

import grpc
import pytest
from structlog.testing import capture_logs

from chassis import _access_log
from chassis._served import Ended


@pytest.mark.parametrize("code", [grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND])
def test_method_status_and_duration_are_written(code: grpc.StatusCode) -> None:
    with capture_logs() as entries:
        _access_log.write(Ended("/tandem.test.Counter/Count", code, 0.12345678))
    assert entries == [
        {
            "event": "rpc served",
            "log_level": "info",
            "method": "/tandem.test.Counter/Count",
            "code": code.name,
            "seconds": 0.123457,
        }
    ]
