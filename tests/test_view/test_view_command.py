"""The command ``mmwsss view``: its address, its end and its errors."""

import socket
import sys
import threading
import urllib.error
import urllib.request

import pytest

pytest.importorskip('flask', reason="the page needs Flask: pip install 'mmwsss[app]'")

from mmwsss.cli.command import main
from mmwsss.masks.corrections import Correction, Corrections
from mmwsss.view import server
from mmwsss.view.review import Review


@pytest.fixture
def stopped(monkeypatch):
    """Servers that stop at once, as by Ctrl-C."""
    monkeypatch.setattr('werkzeug.serving.BaseWSGIServer.serve_forever', lambda self: None)


def test_the_address_is_printed_and_opened_and_the_end_says_what_to_do(
    run_folder, stopped, monkeypatch, capsys
):
    opened: list[str] = []
    monkeypatch.setattr('webbrowser.open', opened.append)
    assert main(['view', str(run_folder)]) == 0
    address, end = capsys.readouterr().out.splitlines()
    assert address.startswith(f'{opened[0]} ') and opened[0].startswith('http://127.0.0.1:')
    assert end == 'nothing is corrected'
    Corrections({'none.png': Correction(mask='bad')}).write(run_folder / 'corrections.json')
    assert main(['view', str(run_folder), '--no-browser']) == 0
    assert '1 photo; the next `mmwsss masks` takes it up' in capsys.readouterr().out
    assert len(opened) == 1


def test_an_error_is_one_line(run_folder, stopped, monkeypatch, tmp_path, capsys):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(['view', str(run_folder), '--no-browser', '--port', port]) == 1
        assert f'port {port}: Address already in use' in capsys.readouterr().err
    assert main(['view', str(run_folder), '--port', '70000']) == 1
    assert '--port must be' in capsys.readouterr().err
    assert main(['view', str(tmp_path / 'none')]) == 1
    assert 'none: no such folder' in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, 'flask', None)
    monkeypatch.delitem(sys.modules, 'mmwsss.view.server')
    assert main(['view', str(run_folder)]) == 1
    error = capsys.readouterr().err
    assert "flask is not installed, which the page needs: pip install 'mmwsss[app]'" in error


def test_server_answers_on_this_machine_alone(run_folder, monkeypatch):
    servers, addresses, ready = [], [], threading.Event()

    def make_server(*args, **kwargs):
        servers.append(original(*args, **kwargs))
        return servers[0]

    def opened(address: str) -> None:
        addresses.append(address)
        ready.set()

    original = server.make_server
    monkeypatch.setattr(server, 'make_server', make_server)
    thread = threading.Thread(target=server.serve, args=(Review(run_folder), 0, opened))
    thread.start()
    try:
        assert ready.wait(10)
        assert servers[0].socket.getsockname()[0] == '127.0.0.1'
        with pytest.raises(urllib.error.HTTPError, match='403'):
            urllib.request.urlopen(addresses[0].split('?')[0], timeout=10)
        with urllib.request.urlopen(
            addresses[0].split('?')[0] + 'page/page.js', timeout=10
        ) as answer:
            assert answer.headers['Content-Type'].startswith('text/javascript')
    finally:
        servers[0].shutdown()
        thread.join()
