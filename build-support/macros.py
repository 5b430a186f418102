# Names for BUILD files; Pants makes them known everywhere.

# Packages of src/protos/tandem/, each for a service of that name.
CONTRACTS = (
    "database",
    "identity",
)

# Packages of src/python/services/; what each serves and calls is in infra/kafka/services.toml.
SERVICES = ("account", *CONTRACTS)


def service_image(name, modules, copied=()):
    """The image of a program: requirements in one layer, sources in the next, by the Dockerfile beside the BUILD file.

    `name` is the image's, `tandem/NAME`; `modules` are the targets that it runs, whose imports say what else is in it;
    `copied` are targets of files that the Dockerfile copies.
    """
    pex_binary(
        name="requirements",
        dependencies=modules,
        include_sources=False,
        include_tools=True,
        layout="packed",
    )
    pex_binary(
        name="sources",
        dependencies=modules,
        include_requirements=False,
        include_tools=True,
        layout="packed",
    )
    # For tests, which build it as Pants does.
    files(name="dockerfile", sources=["Dockerfile"])
    docker_image(
        name="image",
        repository="tandem/" + name,
        image_tags=["dev"],
        dependencies=[":requirements", ":sources", "//infra/images/runtime:scripts", *copied],
    )


def server_image(name, *copied):
    """The image of a server: its base with our settings, by the Dockerfile beside the BUILD file.

    `name` is the image's, `tandem/NAME`; `copied` are the targets of files that the Dockerfile copies.
    """
    # For the test that holds its base to infra/images/bases.env.
    files(name="dockerfile", sources=["Dockerfile"])
    docker_image(name="image", repository="tandem/" + name, image_tags=["dev"], dependencies=copied)
