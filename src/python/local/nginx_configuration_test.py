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
    for folder in ("templates", "servers", "parts"):
        (source / folder).mkdir(parents=True)
    (source / "nginx.conf.template").write_text("pid ${PID_FILE};\ninclude ${CONF_FOLDER}/*;\n")
    (source / "templates/shared.conf.template").write_text("include ${LANE_FOLDER}/live.conf;\n")
    (source / "servers/plain.conf.template").write_text("listen ${LISTEN};\n")
    (source / "servers/tls.conf.template").write_text("certificate ${NOT_GIVEN};\n")
    (source / "parts/site.conf.template").write_text("static ${STATIC_ROOT};\n")
    render(source, out, {"LISTEN": "80", "STATIC_ROOT": "/srv"})
    main = f"pid {out}/nginx.pid;\ninclude {out}/conf.d/*;\n"
    assert (out / "nginx.conf").read_text() == main
    written = {file.name: file.read_text() for file in (out / "conf.d").iterdir()}
    assert written == {"shared.conf": f"include {out}/live.conf;\n", "plain.conf": "listen 80;\n"}
    assert (out / "parts" / "site.conf").read_text() == "static /srv;\n"
    assert (out / "live.conf").read_text() == "default blue;\n"
