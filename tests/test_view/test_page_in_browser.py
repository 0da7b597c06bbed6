"""The page in a real browser: Debian's chromium, driven by Playwright."""

import shutil
import threading
from collections.abc import Iterator

import pytest
from reviewed_run import CLASSES, LABELS, SHAPE, UNTAGGED

pytest.importorskip('flask', reason="the page needs Flask: pip install 'mmwsss[app]'")

from werkzeug.serving import make_server

from mmwsss.masks.corrections import Corrections
from mmwsss.view.review import Review
from mmwsss.view.server import HOST, create_app

playwright = pytest.importorskip(
    'playwright.sync_api', reason='the page is tried in a browser by Playwright: pip install it'
)
CHROMIUM = shutil.which('chromium')
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason='no chromium: apt-get install chromium')
KEYS = (*LABELS, UNTAGGED)


@pytest.fixture(scope='module')
def browser() -> Iterator:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox'])
        yield chromium
        chromium.close()


@pytest.fixture
def address(run_folder) -> Iterator[str]:
    server = make_server(HOST, 0, create_app(Review(run_folder), 'secret'), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f'http://{HOST}:{server.server_port}/?token=secret'
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser, address) -> Iterator:
    """The page, in which nothing may fail, and which may ask no other host."""
    opened = browser.new_page(viewport={'width': 1280, 'height': 800})
    opened.set_default_timeout(20_000)
    faults: list[str] = []
    opened.on('pageerror', lambda error: faults.append(str(error)))
    opened.on('console', lambda line: faults.append(line.text) if line.type == 'error' else None)
    opened.on('dialog', lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    asked: list[str] = []
    opened.on('request', lambda request: asked.append(request.url))
    opened.goto(address)
    opened.wait_for_selector('#list button')
    yield opened
    opened.close()
    assert [fault for fault in faults if '422' not in fault] == []  # the server's own refusal
    assert {url.split('/')[2] for url in asked} == {address.split('/')[2]}


def rows(page) -> list[str]:
    return page.locator('#list .file').all_inner_texts()


def saved(page, run_folder) -> dict:
    playwright.expect(page.locator('#status')).to_contain_text('Saved in')
    return Corrections.read(run_folder / 'corrections.json', KEYS, CLASSES).images


def tag(page, name: str):
    return page.get_by_role('group', name='Classes').get_by_role('button', name=name, exact=True)


def test_open_filter_correct_a_tag_save_and_see_it_again(page, run_folder):
    assert sorted(rows(page)) == sorted(KEYS)
    assert rows(page)[-1] == UNTAGGED  # has no uncertainty
    page.get_by_label('Class', exact=True).select_option(label=CLASSES[2])
    assert rows(page) == ['חתול/1.png']
    assert page.locator('#title').inner_text() == 'חתול/1.png'
    tag(page, CLASSES[1]).click()
    assert saved(page, run_folder)['חתול/1.png'].tags == CLASSES[1:]
    assert '1 photo corrected' in page.locator('#pending').inner_text()

    page.reload()
    page.wait_for_selector('#list button')
    assert page.locator('#title').inner_text() == 'חתול/1.png'
    assert tag(page, CLASSES[1]).get_attribute('aria-pressed') == 'true'
    page.get_by_label('Marked').select_option('tags')
    assert rows(page) == ['חתול/1.png']
    page.get_by_role('button', name='Take the original tags again').click()
    page.wait_for_selector('#reset', state='hidden')
    page.wait_for_load_state('networkidle')
    assert Corrections.read(run_folder / 'corrections.json', KEYS, CLASSES).images == {}


def test_names_are_text(page):
    tags = page.locator('#tags button').all_inner_texts()
    assert tags == [*CLASSES, 'None of these']
    assert page.locator('main img[src=x], main b').count() == 0
    assert [*CLASSES] == page.locator('#by-class option').all_inner_texts()[1:-1]


def test_keys_go_on_and_judge(page, run_folder):
    order = rows(page)
    page.keyboard.press('ArrowRight')
    page.keyboard.press('ArrowRight')
    page.keyboard.press('ArrowLeft')
    assert page.locator('#title').inner_text() == order[1]
    page.keyboard.press('b')
    assert saved(page, run_folder)[order[1]].mask == 'bad'
    page.keyboard.press('0')
    playwright.expect(page.locator('#tags .none')).to_have_attribute('aria-pressed', 'true')
    page.get_by_label('Marked').select_option('bad')
    assert rows(page) == [order[1]]


def test_overlay_has_the_layers_and_the_opacity(page):
    page.get_by_label('Photos', exact=True).and_(page.locator('select')).select_option('held out')
    titles = page.locator('#layers button').all_inner_texts()
    assert titles == ['Photo', 'Mask', 'Segmentor', f'Response: {CLASSES[0]}']
    page.locator('#opacity').fill('25')
    assert page.locator('#overlay').evaluate('image => image.style.opacity') == '0.25'
    for index, ending in enumerate((None, '/mask', '/prediction', '/response/0')):
        page.locator('#layers button').nth(index).click()
        source = page.locator('#overlay').get_attribute('src')
        assert source is None if ending is None else source.split('?')[0].endswith(ending)
    playwright.expect(page.locator('#overlay')).to_have_js_property('complete', True)
    assert page.locator('#overlay').evaluate('image => image.naturalWidth') == SHAPE[1]


def test_a_correction_that_is_not_saved_is_taken_back_and_told(page, run_folder):
    (run_folder / 'corrections.json').write_text('{')
    page.keyboard.press('g')
    page.wait_for_selector('#status.failed')
    assert 'corrections.json: not JSON' in page.locator('#status').inner_text()
    assert page.locator('#good').get_attribute('aria-pressed') == 'false'
