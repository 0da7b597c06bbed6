"""Ctrl-C ends a tool with one line."""

import pytest

from mmwsss.cli.interrupt import end_on_interrupt


def test_an_interrupt_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    @end_on_interrupt
    def main() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 130
    assert capsys.readouterr().err.count('\n') == 1


def test_errors_pass() -> None:
    @end_on_interrupt
    def main() -> None:
        raise ValueError('a.png: wrong')

    with pytest.raises(ValueError, match=r'a\.png'):
        main()
