"""What every service starts on: settings, logs, traces, health, a graceful stop.

A service is one function that builds its parts on a `Process`, and one line that runs it:

    async def start(process: Process[Settings]) -> None:
        channel = process.channel()
        add_GreeterServicer_to_server(Greeter(PeerStub(channel)), process.server())


    def main() -> None:
        run("greeter", Settings, start)

Errors:

    ChassisError
    +-- SettingsError   the environment does not describe a service that can start
    +-- StartError      the environment is right, yet something needed is not there
    +-- ...             and those of `chassis.tokens`, which verifies access tokens
"""

from chassis._errors import ChassisError, SettingsError, StartError
from chassis._health import Health, Report
from chassis._process import Process
from chassis._run import run
from chassis._settings import LogFormat, LogLevel, Settings, load

__all__ = [
    "ChassisError",
    "Health",
    "LogFormat",
    "LogLevel",
    "Process",
    "Report",
    "Settings",
    "SettingsError",
    "StartError",
    "load",
    "run",
]
