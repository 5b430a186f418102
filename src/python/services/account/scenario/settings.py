"""What the scenario is told by its environment."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.web.site import PublicUrl


class Settings(BaseSettings):
    """Who signs in; as all settings by variables, or by files in `TANDEM_SECRETS_DIR`."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_", frozen=True, extra="ignore")

    public_url: PublicUrl | None = None
    """How people reach the site, if that is another URL than the one that is asked."""

    scenario_email: str = "scenario@tandem.example"
    """Of the account, which is opened by the first run."""

    scenario_password: SecretStr
    """Of the account."""
