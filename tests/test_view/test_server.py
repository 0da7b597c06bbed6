"""The server of the page: what it tells and saves, and whom it refuses."""

import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from reviewed_run import CLASSES, LABELS, SHAPE, UNTAGGED

pytest.importorskip('flask', reason="the page needs Flask: pip install 'mmwsss[app]'")

from mmwsss.datasets.voc import voc_palette
from mmwsss.masks.corrections import Correction, Corrections
from mmwsss.structures import DataError
from mmwsss.view.review import Review
from mmwsss.view.server import PAGE, TOKEN_HEADER, create_app

TOKEN = 'secret'
WRITES = {TOKEN_HEADER: TOKEN}
KEYS = (*LABELS, UNTAGGED)


@pytest.fixture
def review(run_folder) -> Review:
    return Review(run_folder)


@pytest.fixture
def strange(review):
    """A client that knows no token."""
    return create_app(review, TOKEN).test_client()


@pytest.fixture
def client(strange):
    assert strange.get(f'/?token={TOKEN}').status_code == 302
    return strange


@pytest.fixture
def photos(client) -> dict[str, dict]:
    return {photo['name']: photo for photo in client.get('/api/run').json['photos']}


def image(response) -> np.ndarray:
    assert response.status_code == 200
    return np.asarray(Image.open(io.BytesIO(response.data)))


def read(run_folder) -> dict[str, Correction]:
    return Corrections.read(run_folder / 'corrections.json', KEYS, CLASSES).images


def test_run_is_described_as_it_lies_there(client, photos):
    run = client.get('/api/run').json
    assert [one['name'] for one in run['classes']] == [*CLASSES]
    assert [one['colour'] for one in run['classes']] == ['#800000', '#008000', '#808000']
    assert set(photos) == set(KEYS)
    both, new = photos['both.png'], photos[UNTAGGED]
    assert both['tags'] == both['given'] == both['responses'] == [*CLASSES[:2]]
    assert both['layers'] == ['mask', 'training label'] and both['split'] == 'train'
    assert photos['held.png']['layers'] == ['mask', 'prediction']
    assert new['tags'] is None and new['split'] == 'untagged' and new['uncertainty'] is None
    assert photos['none.png']['uncertainty'] == 0 and 0 < both['uncertainty'] < 1


def test_layers_are_drawn_in_the_colours_of_the_classes(client, photos):
    address = f'/api/photos/{photos["both.png"]["id"]}'
    assert image(client.get(f'{address}/photo')).shape == (*SHAPE, 3)
    mask = image(client.get(f'{address}/mask'))
    assert not mask[:4, :, 3].any()
    assert mask[10, 0].tolist() == [*voc_palette(3)[1], 255]
    assert mask[10, 31].tolist() == [*voc_palette(3)[2], 255]
    assert image(client.get(f'{address}/response/1')).shape == (*SHAPE, 3)
    assert image(client.get(f'/api/photos/{photos[UNTAGGED]["id"]}/thumb')).shape == (*SHAPE, 3)


@pytest.mark.parametrize(
    'path',
    [
        '/api/photos/0123456789abcdef/photo',
        '/api/photos/..%2f..%2fetc%2fpasswd/photo',
        '/api/photos/both.png/photo',
        '/api/photos/{both}/prediction',
        '/api/photos/{both}/..%2fmask',
        '/api/photos/{both}/response',
        '/api/photos/{both}/response/2',
        '/api/photos/{both}/response/99',
        '/page/..%2freview.py',
        '/page/%2e%2e/server.py',
        '/page//etc/passwd',
    ],
)
def test_what_the_run_does_not_have_is_not_found(client, photos, path):
    path = path.replace('{both}', photos['both.png']['id'])
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code == 404 and 'error' in answer.json


def test_corrections_are_saved_and_taken_back(client, photos, run_folder):
    def say(name, **said) -> dict:
        answer = client.put(f'/api/photos/{photos[name]["id"]}', json=said, headers=WRITES)
        assert answer.status_code == 200, answer.data
        return answer.json

    assert say('both.png', tags=[CLASSES[2]])['tags'] == [CLASSES[2]]
    assert say('held.png', mask='bad')['mask'] == 'bad'
    assert say(UNTAGGED, tags=[])['tags'] == []
    assert say('held.png', tags=[])['mask'] == 'bad'
    saved = read(run_folder)
    assert saved['both.png'] == Correction((CLASSES[2],))
    assert saved['held.png'].tags == () and saved['held.png'].mask == 'bad'
    assert saved[UNTAGGED] == Correction(())
    assert say('both.png', tags=[CLASSES[1], CLASSES[0]])['tags'] == [*CLASSES[:2]]
    assert say(UNTAGGED, tags=None)['tags'] is None
    say('held.png', mask=None)
    assert read(run_folder) == {'held.png': Correction(())}


@pytest.mark.parametrize(
    ('said', 'fault'),
    [
        ({'tags': ['cow']}, "unknown class 'cow'"),
        ({'tags': 'cow'}, '"tags" is'),
        ({'mask': 'fine'}, '"mask" is'),
        ({'path': '/etc/passwd'}, 'alone'),
    ],
)
def test_impossible_corrections_are_refused(client, photos, run_folder, said, fault):
    address = f'/api/photos/{photos["both.png"]["id"]}'
    answer = client.put(address, json=said, headers=WRITES)
    assert answer.status_code == 422 and fault in answer.json['error']
    assert client.put(address, json=[], headers=WRITES).status_code == 400
    assert client.put(address, data='{', headers=WRITES).status_code in (400, 415)
    assert client.put('/api/photos/x', json={'tags': []}, headers=WRITES).status_code == 404
    assert not (run_folder / 'corrections.json').exists()


def test_a_judged_mask_that_has_changed_is_told(client, photos, run_folder):
    address = f'/api/photos/{photos["both.png"]["id"]}'
    assert not client.put(address, json={'mask': 'bad'}, headers=WRITES).json['stale']
    mask = run_folder / 'stages/masks/whole/both.png'
    Image.fromarray(np.zeros(SHAPE, np.uint8)).save(mask)
    both = [x for x in client.get('/api/run').json['photos'] if x['name'] == 'both.png']
    assert both[0]['stale'] and both[0]['mask'] == 'bad'
    assert client.put(address, json={'tags': []}, headers=WRITES).json['stale']
    assert not client.put(address, json={'mask': 'bad'}, headers=WRITES).json['stale']


def test_edits_of_the_file_by_hand_stay_and_their_faults_are_told(client, photos, run_folder):
    Corrections({'none.png': Correction(CLASSES[:1])}).write(run_folder / 'corrections.json')
    address = f'/api/photos/{photos["both.png"]["id"]}'
    client.put(address, json={'tags': []}, headers=WRITES)
    assert set(read(run_folder)) == {'none.png', 'both.png'}
    (run_folder / 'corrections.json').write_text('{')
    for answer in (
        client.put(address, json={'tags': []}, headers=WRITES),
        client.get('/api/run'),
    ):
        assert answer.status_code == 422 and 'corrections.json: not JSON' in answer.json['error']
    assert (run_folder / 'corrections.json').read_text() == '{'


def test_names_reach_the_page_as_json_alone(client):
    page = client.get('/').text
    assert not any(name in page for name in (*CLASSES, *LABELS))
    assert json.loads(client.get('/api/run').data)['classes'][0]['name'] == CLASSES[0]
    assert client.get('/api/run').mimetype == 'application/json'


def test_page_writes_no_markup_and_loads_nothing_from_elsewhere():
    for file in PAGE.iterdir():
        text = file.read_text().replace('http://www.w3.org/2000/svg', '')
        assert not re.search(r'innerHTML|outerHTML|insertAdjacent|document\.write|eval\(', text)
        assert not re.search(r'https?:|//[a-z0-9.-]+\.[a-z]', text) and ' style=' not in text


@pytest.mark.parametrize('path', ['/', '/api/run', '/?token=guess', '/api/photos/x/photo'])
def test_who_lacks_the_token_sees_nothing(strange, path):
    answer = strange.get(path)
    assert answer.status_code == 403 and 'mmwsss view' in answer.json['error']


@pytest.mark.parametrize('headers', [{}, {TOKEN_HEADER: 'guess'}, {TOKEN_HEADER: 'ü'}])
def test_a_change_needs_the_token_in_a_header(client, photos, run_folder, headers):
    address = f'/api/photos/{photos["both.png"]["id"]}'
    assert client.put(address, json={'tags': []}, headers=headers).status_code == 403
    assert client.post(address, data={'tags': ''}).status_code in (403, 405)
    assert not (run_folder / 'corrections.json').exists()


@pytest.mark.parametrize('path', ['/', '/api/run', '/page/page.js'])
@pytest.mark.parametrize('host', ['evil.example', '127.0.0.1.evil.example', 'evil.example:80', ''])
def test_another_host_is_refused(client, path, host):
    cookie = {'Cookie': f'mmwsss-80={TOKEN}; mmwsss-443={TOKEN}'}
    assert client.get(path, headers={'Host': host, **cookie}).status_code == 400


@pytest.mark.parametrize('host', ['127.0.0.1:8000', 'localhost:8000', 'localhost'])
def test_this_machine_is_a_host(client, host):
    assert client.get('/page/page.js', headers={'Host': host}).status_code == 200


@pytest.mark.parametrize('path', ['/', '/page/page.js', '/api/run', '/api/photos/x/photo'])
def test_every_answer_has_the_headers_that_protect(client, path):
    headers = client.get(path).headers
    policy = dict(
        part.strip().split(' ', 1) for part in headers['Content-Security-Policy'].split(';')
    )
    assert policy['default-src'] == "'none'" and policy['script-src'] == "'self'"
    assert policy['frame-ancestors'] == "'none'" and 'unsafe' not in ' '.join(policy.values())
    assert headers['X-Content-Type-Options'] == 'nosniff'
    assert headers['Cross-Origin-Resource-Policy'] == 'same-origin'


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(DataError, match='no such folder'):
        Review(tmp_path / 'none')
    with pytest.raises(FileNotFoundError, match='run `mmwsss masks` to its end first'):
        Review(tmp_path)


def test_a_stage_that_is_gone_is_not_shown(run_folder):
    (run_folder / 'stages/cams/stage.json').unlink()
    photo = Review(run_folder).describe()['photos'][0]
    assert photo['responses'] == [] and photo['uncertainty'] is None and 'mask' in photo['layers']


def test_a_new_run_is_seen_without_a_new_start(client, run_folder):
    before = client.get('/api/run').json['version']
    index = run_folder / 'data/photos.json'
    content = json.loads(index.read_bytes())
    content['photos'].pop('none.png')
    index.write_text(json.dumps(content))
    now = client.get('/api/run').json
    assert now['version'] != before and len(now['photos']) == len(KEYS) - 1
