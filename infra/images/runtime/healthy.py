"""Asks the service in this container whether it is healthy; the exit code is 0 when it is.

    /app/bin/python /app/healthy.py [PATH]

The port is TANDEM_HTTP_PORT. What is wrong is written as the service says it. With a path, such as
/metrics, it is asked for that instead.
"""

import os
import sys
import urllib.error
import urllib.request

_TIMEOUT_SECONDS = 5


def main() -> int:
    """Ask once; return the exit code."""
    path = sys.argv[1] if len(sys.argv) > 1 else "/healthz"
    url = f"http://127.0.0.1:{os.environ['TANDEM_HTTP_PORT']}{path}"
    # Not a proxy's affair, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_TIMEOUT_SECONDS) as answer:
            print(answer.read().decode())
    except urllib.error.HTTPError as error:
        print(error.read().decode())
        return 1
    except OSError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
