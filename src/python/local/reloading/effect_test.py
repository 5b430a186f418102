import signal
from pathlib import Path

from local.program import Program
from local.reloading.effect import Effect, effect_of, restarts

TOP = Path("/checkout")
PROGRAMS = [
    Program("codegen", ("true",), watches=(TOP / "protos",)),
    Program("configure", ("true",), watches=(TOP / "nginx",)),
    Program("static", ("true",), watches=(TOP / "static",)),
    Program("nginx", ("x",), requires=("configure", "static"), reload_signal=signal.SIGHUP),
    Program("identity", ("x",), requires=("codegen",)),
]


def test_template_is_rendered_again_and_nginx_takes_it_over() -> None:
    changed = [TOP / "nginx" / "templates" / "a.template"]
    assert effect_of(changed, PROGRAMS) == Effect(("configure",), ("nginx",))


def test_contract_is_compiled_again_and_no_server_reloads() -> None:
    assert effect_of([TOP / "protos" / "a.proto"], PROGRAMS) == Effect(("codegen",), ())


def test_file_that_nothing_watches_has_no_effect() -> None:
    assert effect_of([TOP / "src" / "a.py", TOP / "static2" / "x"], PROGRAMS) == Effect()


def test_services_that_are_made_of_the_file_restart() -> None:
    closures = {
        "identity": frozenset({TOP / "a.py", TOP / "shared.py"}),
        "account": frozenset({TOP / "b" / "__init__.py", TOP / "shared.py"}),
    }
    page = TOP / "b" / "page.html"
    owners = {page: TOP / "b" / "__init__.py"}
    assert restarts([TOP / "a.py"], closures, owners) == ("identity",)
    assert restarts([TOP / "shared.py"], closures, owners) == ("identity", "account")
    assert restarts([page], closures, owners) == ("account",)
    assert restarts([TOP / "c.py"], closures, owners) == ()
