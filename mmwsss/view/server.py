"""The local server of the page: what it answers, and to whom.

It listens on 127.0.0.1 alone, and answers a browser that opened the address with the token, which
`mmwsss view` prints. Requests must name this machine as their host, so that no page of another
site can rebind its name to it; a change needs the token in a header, which no other page can send.
"""

import logging
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

from flask import Flask, Response, abort, jsonify, make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server

from mmwsss.structures import DataError

from .review import Review

HOST = '127.0.0.1'
PAGE = Path(__file__).parent / 'page'
HEADERS = {
    'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
}
OPEN_THE_ADDRESS = 'Open the address that `mmwsss view` printed; it is another one at each start.'
TOKEN_HEADER = 'X-Mmwsss-Token'
MAX_REQUEST = 1 << 20


def create_app(review: Review, token: str) -> Flask:
    """Build the server's application.

    Args:
        review (Review): The run under review.
        token (str): What a browser must know.

    Returns:
        Flask: The application.
    """
    app = Flask(__name__, static_folder=str(PAGE), static_url_path='/page', template_folder=PAGE)
    app.config.update(TRUSTED_HOSTS=[HOST, 'localhost'], MAX_CONTENT_LENGTH=MAX_REQUEST)
    app.before_request(lambda: _admit(token))
    app.after_request(_harden)
    app.register_error_handler(HTTPException, _say_http_error)
    app.register_error_handler(DataError, lambda error: (jsonify(error=str(error)), 422))
    app.register_error_handler(OSError, lambda error: (jsonify(error=str(error)), 500))

    @app.get('/')
    def page() -> str:
        return render_template('index.html', token=token)

    @app.get('/api/run')
    def describe() -> Response:
        return jsonify(review.describe())

    @app.put('/api/photos/<number>')
    def correct(number: str) -> Response:
        said = request.get_json()
        if not isinstance(said, dict):
            abort(400, 'no object')
        return jsonify(_found(lambda: review.correct(number, said)))

    @app.get('/api/photos/<number>/<layer>')
    @app.get('/api/photos/<number>/<layer>/<int:index>')
    def draw(number: str, layer: str, index: int | None = None) -> Response:
        content, kind = _found(lambda: review.draw(number, layer, index))
        response = make_response(content)
        response.mimetype = kind
        # The page names the version of the run in each address.
        response.headers['Cache-Control'] = 'private, max-age=86400'
        return response

    return app


def serve(review: Review, port: int, opened: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C.

    Args:
        review (Review): The run under review.
        port (int): Port on 127.0.0.1; 0: any free one.
        opened (Callable[[str], None]): Takes the address once the server listens.

    Raises:
        OSError: If the port is taken.
    """
    token = secrets.token_urlsafe(24)
    logging.getLogger('werkzeug').setLevel(logging.ERROR)
    with _listen(port) as listener:
        port = listener.getsockname()[1]
        app = create_app(review, token)
        server = make_server(HOST, port, app, threaded=True, fd=listener.fileno())
        opened(f'http://{HOST}:{port}/?token={token}')
        server.serve_forever()


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise OSError(f'port {port}: {error.strerror}; give another --port, or none') from error


def _found(call: Callable):
    try:
        return call()
    except KeyError:
        abort(404, 'no such photo or layer; load the page anew')


def _admit(token: str) -> Response | None:
    """Let in who knows the token, by a cookie that the address with the token sets."""
    _ = request.host  # stops at a host that is not trusted
    cookie = f'mmwsss-{request.environ["SERVER_PORT"]}'
    if request.path == '/' and _is(request.args.get('token'), token):
        answer = make_response(redirect('/'))
        answer.set_cookie(cookie, token, httponly=True, samesite='Strict')
        return answer
    if request.path.startswith('/page/'):
        return None
    if not _is(request.cookies.get(cookie), token):
        abort(403, OPEN_THE_ADDRESS)
    if request.method not in ('GET', 'HEAD') and not _is(request.headers.get(TOKEN_HEADER), token):
        abort(403, OPEN_THE_ADDRESS)
    return None


def _is(said: str | None, token: str) -> bool:
    return said is not None and secrets.compare_digest(said.encode(), token.encode())


def _harden(response: Response) -> Response:
    response.headers.update(HEADERS)
    response.headers.setdefault('Cache-Control', 'no-store')
    return response


def _say_http_error(error: HTTPException) -> tuple[Response, int]:
    return jsonify(error=error.description), error.code or 500
