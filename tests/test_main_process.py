"""Errors that all processes raise together."""

import pytest

from mmwsss import main_process
from mmwsss.main_process import call_on_main_process, raise_together


@pytest.mark.parametrize(
    ('error', 'message'),
    [
        (ValueError('other settings'), '^other settings$'),
        (FileNotFoundError('no folder'), '^no folder$'),
        (TypeError('not JSON'), '^TypeError: not JSON$'),
    ],
)
def test_other_processes_learn_of_any_error_of_the_main_one(monkeypatch, error, message):
    def fail():
        raise error

    told = []
    monkeypatch.setattr(main_process, 'all_gather_object', lambda x: told.append(x) or [x, None])
    with pytest.raises(ValueError, match=message) as raised:
        call_on_main_process(fail)
    assert raised.value.__cause__ is error
    # What another process makes of it; the function is not called there.
    monkeypatch.setattr(main_process, 'is_main_process', lambda: False)
    monkeypatch.setattr(main_process, 'all_gather_object', lambda x: [told[0], x])
    with pytest.raises(ValueError, match=message):
        call_on_main_process(lambda: pytest.fail('called'))


@pytest.mark.parametrize('text', ['', 'told'])
def test_error_of_any_process_is_raised_on_all(monkeypatch, text):
    error = KeyError(text)
    told = []
    monkeypatch.setattr(main_process, 'all_gather_object', lambda x: told.append(x) or [None, x])
    with pytest.raises(KeyError) as raised:
        raise_together(error)
    assert raised.value is error
    monkeypatch.setattr(main_process, 'all_gather_object', lambda x: [x, told[0]])
    with pytest.raises(RuntimeError) as raised:
        raise_together(None)
    assert str(raised.value) == f"process 1 failed: KeyError: '{text}'"


@pytest.mark.parametrize('error', [None, ValueError('')])
def test_process_without_others_raises_its_own_error(error):
    if error is None:
        raise_together(None)
        call_on_main_process(lambda: None)
        return
    with pytest.raises(ValueError) as raised:
        raise_together(error)
    assert raised.value is error
    with pytest.raises(ValueError, match=r'^$'):
        call_on_main_process(lambda: (_ for _ in ()).throw(error))
