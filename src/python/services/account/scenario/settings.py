"""What the scenario is told by its environment."""

from typing import Annotated

from pydantic import AfterValidator, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.account.settings import safe_url


class Settings(BaseSettings):
    """Who signs in; as all settings by variables, or by files in `TANDEM_SECRETS_DIR`."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_", frozen=True, extra="ignore")

    public_url: Annotated[str, AfterValidator(safe_url)] | None = None
    """How people reach the site, if that is another URL than the one that is asked."""

    scenario_email: str = "scenario@tandem.example"
    """Of the account, which is opened by the first run."""

    scenario_password: SecretStr
    """Of the account."""
