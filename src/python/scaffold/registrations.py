"""The lines that name a service in files that name all of them."""

from scaffold.edits import Edit, Item, Lines
from scaffold.words import Service

TOPOLOGY = "infra/kafka/services.toml"
_COMPOSE = "infra/compose"
_OBSERVABILITY = "infra/observability"
_FOLDER = "../../src/python/services"
_MODELS = "src/python/services/database/models.py"
_STORES = "src/python/services/database/stores/__init__.py"
_SERVING = "src/python/services/database/service.py"


def registrations(service: Service) -> list[Edit]:
    """All of them, in the order in which they are made."""
    edits = [
        *_builds(service.name),
        *_topology(service),
        *_compose(service.name),
        *_observability(service.name),
        Item("deploy.toml", f'"{service.name}"', r"^services = \[", before='"database"'),
        _page_of_the_site(service),
    ]
    if service.web:
        edits += _pages(service.name)
    if service.data:
        edits += _rows(service)
    return edits


def _builds(name: str) -> list[Edit]:
    contracts = r"^CONTRACTS = \("
    return [
        Lines("build-support/macros.py", f'    "{name}",\n', contracts, r"\)", among=r"    "),
    ]


def _topology(service: Service) -> list[Edit]:
    calls = f'"tandem.database.v1.{service.store}"' if service.data else ""
    text = (
        f"\n[applications.{service.name}]\n"
        f'serves = ["tandem.{service.name}.v1.{service.title}"]\n'
        f"calls = [{calls}]\n"
    )
    return [Lines(TOPOLOGY, text)]


def _compose(name: str) -> list[Edit]:
    password = f"kafka_{name}_password"
    secret = f'  {password}: {{file: "${{TANDEM_SECRETS:-./secrets}}/{password}"}}\n'
    image = f"${{TANDEM_IMAGE_{name.upper()}:-tandem/{name}:${{TANDEM_VERSION:-dev}}}}"
    in_lane = (
        f"  {name}:\n"
        f"    extends: {{file: {_FOLDER}/{name}/docker-compose.yml, service: {name}}}\n"
        "    depends_on: !reset {}\n"
        f"    image: &{name} {image}\n\n"
    )
    whole, kafka, lane = (f"{_COMPOSE}/{file}.yml" for file in ("docker-compose", "kafka", "lane"))
    included = f"  - {_FOLDER}/{name}/docker-compose.yml\n"
    more_brokers = f"  {name}: {{environment: *bootstrap}}\n"
    return [
        Lines(whole, included, r"include:", r"  - observability\.yml"),
        Item(kafka, password, r"^    secrets: \[kafka_admin\.properties, kafka_account"),
        Lines(kafka, secret, r"secrets:"),
        Lines(lane, in_lane, r"services:", r"  database-prepare:"),
        Lines(lane, secret, r"secrets:", r"  tandem_"),
        Lines(f"{_COMPOSE}/three-brokers.yml", more_brokers, r"  account: ", r"\n"),
    ]


def _observability(name: str) -> list[Edit]:
    alert = f'          or absent(up{{job="tandem", service="{name}"}})\n'
    series = f'up{{job="tandem", service="{name}", instance="{name}:8080"}}'
    up = f"      - {{series: '{series}', values: "
    told = f"{_OBSERVABILITY}/rules_test.yml"
    return [
        Item(f"{_OBSERVABILITY}/prometheus.yml", name, r"^      - \{names: \["),
        Lines(f"{_OBSERVABILITY}/rules.yml", alert, r"      - alert: ServiceGone", r"        for:"),
        Lines(told, f"{up}1x80}}\n", r"  - name: a quiet system", r".*grpc_kafka_queue_lag"),
        Lines(told, f"{up}1x40}}\n", r"  - name: a service without a process", r"    alert_rule"),
    ]


def _page_of_the_site(service: Service) -> Edit:
    text = f'    {{ "{service.title}" = "services/{service.name}.md" }},\n'
    further = r'    \{ "\w+" = "services/(?!index)'
    return Lines("zensical.toml", text, r'  \{ "Services" = \[', r"  \] \},", among=further)


def _pages(name: str) -> list[Edit]:
    task = (
        f"  {name}-static:\n"
        f"    extends: {{file: {_FOLDER}/{name}/docker-compose.yml, service: {name}-static}}\n"
        "    profiles: [task]\n"
        "    depends_on: !reset {}\n"
        f"    image: *{name}\n\n"
    )
    return [
        Lines(f"{_COMPOSE}/lane.yml", task, r"services:", r"  kafka-topics:"),
        Item("deploy.toml", f'"{name}-static"', r"^publish = \["),
    ]


def _rows(service: Service) -> list[Edit]:
    name, model, plural = service.name, service.model, service.title
    package = f"tandem.database.v1.{name}_pb2_grpc"
    adding = f"add_{service.store}Servicer_to_server"
    table = f"""

class {model}(Base):
    \"\"\"One of the {name}; written once, never changed.\"\"\"

    __tablename__ = "{name}"
    __table_args__ = (
        _made_at_a_time("id"),
        CheckConstraint(
            f"char_length(title) BETWEEN 1 AND {{{_most(service)}}}",
            "title_length",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
"""
    imports = r"from services\.database\.stores import \($"
    contracts = r"from tandem\.database\.v1 import \($"
    return [
        Lines(
            TOPOLOGY,
            f'  "tandem.database.v1.{service.store}",\n',
            r"\[applications\.database\]",
            r"\]",
            among=r"  ",
        ),
        Lines(_MODELS, f"{_most(service)} = 80\n", r"EMAIL_MOST", r"\n"),
        Lines(_MODELS, table),
        Lines(
            _STORES,
            f"from services.database.stores.{name} import {plural}\n",
            before=r"__all__",
            among=r"from ",
        ),
        Lines(_STORES, f'    "{plural}",\n', r"__all__", r"\]", among=r"    "),
        Lines(_SERVING, f"    {plural},\n", imports, r"\)", among=r"    "),
        Lines(_SERVING, f"from {package} import {adding}\n", contracts, r"\n", among=r"from "),
        Lines(
            _SERVING, f"    {adding}({plural}(transactions), server)\n", r"def add_stores", r"\n"
        ),
    ]


def _most(service: Service) -> str:
    return f"{service.record.upper()}_TITLE_MOST"
