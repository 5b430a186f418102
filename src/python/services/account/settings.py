"""What the account service is told by its environment."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from chassis import Settings as ChassisSettings
from chassis.web.site import PublicUrl

type Network = IPv4Network | IPv6Network


def _networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())


class Settings(ChassisSettings):
    """Settings of the account service, besides those of every service."""

    public_url: PublicUrl
    """How browsers reach the site: https, or http on loopback."""

    call_deadline: float = Field(5.0, gt=0, le=60)
    """Seconds that another service may take to answer."""

    streams: int = Field(256, ge=1, le=10_000)
    """Most live streams of this process at the same time; each holds two connections of nginx."""

    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = (
        ip_network("127.0.0.0/8"),
        ip_network("::1/128"),
    )
    """Networks, separated by commas, whose X-Real-IP header is believed."""
