"""How threads of OpenMP wait: passively, unless the user chose."""

import pytest

from mmwsss.compat.openmp import CHOICES, wait_without_spinning


def test_threads_wait_passively_by_default():
    environment = {'OMP_NUM_THREADS': '2'}
    wait_without_spinning(environment, loaded={'numpy'})
    assert environment == {'OMP_NUM_THREADS': '2', 'OMP_WAIT_POLICY': 'PASSIVE'}


@pytest.mark.parametrize('name', CHOICES)
def test_the_choice_of_the_user_stays(name):
    environment = {name: '7'}
    wait_without_spinning(environment, loaded=())
    assert environment == {name: '7'}


def test_nothing_is_set_when_the_library_has_read_its_settings():
    environment: dict[str, str] = {}
    wait_without_spinning(environment, loaded={'torch'})
    assert environment == {}
