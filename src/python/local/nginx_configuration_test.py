from pathlib import Path

import pytest

from local.nginx_configuration import UnknownVariableError, render, substitute


def test_only_variables_in_capitals_and_braces_are_replaced() -> None:
    text = "# ${NAME} explains\nlisten ${NAME}; try $uri ${lower};\n"
    assert substitute(text, {"NAME": "8080"}) == (
        "# ${NAME} explains\nlisten 8080; try $uri ${lower};\n"
    )


def test_variable_without_a_value_is_named() -> None:
    with pytest.raises(UnknownVariableError, match=r"\$\{MISSING\}") as refused:
        substitute("a ${MISSING};", {})
    assert refused.value.variable == "MISSING"


def test_main_file_and_sites_are_rendered_for_their_folder(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    (source / "templates").mkdir(parents=True)
    (source / "nginx.conf.template").write_text("pid ${PID_FILE};\ninclude ${CONF_FOLDER}/*;\n")
    (source / "templates" / "site.conf.template").write_text("listen ${LISTEN};\n")
    render(source, out, {"LISTEN": "80"})
    main = f"pid {out}/nginx.pid;\ninclude {out}/conf.d/*;\n"
    assert (out / "nginx.conf").read_text() == main
    assert (out / "conf.d" / "site.conf").read_text() == "listen 80;\n"
