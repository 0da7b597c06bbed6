"""Each remedy works, and only where its condition holds."""

import subprocess
import sys

import pytest
import torch
from mmengine.config import Config

import mmwsss
from mmwsss.compat import config_scopes, cpu_distributed, torchvision_ops, versions


def run_python(code: str) -> str:
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def config_from(tmp_path, text: str) -> Config:
    file = tmp_path / 'config.py'
    file.write_text(text)
    return Config.fromfile(str(file))


def test_torchvision_imports_beside_mmwsss():
    run_python('import mmwsss, torchvision; from torchvision.ops import nms')


def test_library_that_does_not_load_is_noticed(tmp_path):
    assert not torchvision_ops._library_loads(tmp_path)
    (tmp_path / '_C.so').write_bytes(b'not a library')
    assert not torchvision_ops._library_loads(tmp_path)


def test_operators_are_declared_only_where_torchvision_cannot_load(monkeypatch):
    monkeypatch.setattr(torchvision_ops, '_library_loads', lambda path: True)
    assert torchvision_ops.define_missing_torchvision_ops() == []
    monkeypatch.setattr(torchvision_ops.importlib.util, 'find_spec', lambda name: None)
    assert torchvision_ops.define_missing_torchvision_ops() == []


def test_declared_operator_still_refuses_to_run():
    if torchvision_ops._KEEP_ALIVE:
        with pytest.raises(NotImplementedError, match='nms'):
            torch.ops.torchvision.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
    else:
        boxes = torch.tensor([[0.0, 0, 1, 1]])
        assert torch.ops.torchvision.nms(boxes, torch.ones(1), 0.5).tolist() == [0]


@pytest.mark.parametrize(
    'base, key',
    [
        ('mmwsss::mixup_cam.py', 'model'),
        ('mmwsss::msrc/cam_efficientnet-lite0_msrc.py', 'model'),
        ('mmseg::_base_/schedules/schedule_20k.py', 'optim_wrapper'),
        ('mmpretrain::_base_/models/resnet50.py', 'model'),
    ],
)
def test_configs_of_packages_are_bases(tmp_path, base, key):
    assert key in config_from(tmp_path, f"_base_ = '{base}'\n")


def test_unknown_config_of_a_package_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no_such\.py'):
        config_from(tmp_path, "_base_ = 'mmwsss::no_such.py'\n")


def test_scope_is_mapped_only_where_its_distribution_is_absent(monkeypatch):
    mapping = {'mmseg': 'mmsegmentation', 'mmwsss': 'mmwsss', 'mmpretrain': 'mmpretrain'}
    monkeypatch.setattr(config_scopes, 'MODULE2PACKAGE', mapping)
    monkeypatch.setattr(config_scopes, '_is_distribution', lambda name: True)
    assert config_scopes.map_config_scopes() == {}
    monkeypatch.setattr(config_scopes, '_is_distribution', lambda name: False)
    assert config_scopes.map_config_scopes()['mmseg'] == 'mmseg'
    assert mapping['mmseg'] == 'mmseg'


def test_remedies_may_be_applied_twice(tmp_path):
    mmwsss.apply_remedies()
    assert 'model' in config_from(tmp_path, "_base_ = 'mmwsss::cam.py'\n")


def test_one_process_needs_no_process_group():
    cfg = Config(dict(launcher='none'))
    assert not cpu_distributed.prepare_cpu_distributed(cfg)
    assert 'model_wrapper_cfg' not in cfg


@pytest.mark.parametrize('end', ['', "raise SystemExit('an error')"])
def test_no_process_group_is_left_when_the_interpreter_ends(tmp_path, end):
    code = f"""
import atexit
import torch.distributed as dist
atexit.register(lambda: print('left:', dist.is_initialized()))
from mmwsss.compat import cpu_distributed
from mmengine.config import Config
cpu_distributed.get_device = lambda: 'cpu'
dist.init_process_group = lambda backend, start=dist.init_process_group: start(
    backend, init_method='file://{tmp_path}/store', rank=0, world_size=1)
assert cpu_distributed.prepare_cpu_distributed(Config(dict(launcher='pytorch')))
print('begun:', dist.is_initialized())
{end}
"""
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert result.stdout.splitlines()[-2:] == ['begun: True', 'left: False'], result.stderr


def test_other_launchers_need_an_accelerator(monkeypatch):
    monkeypatch.setattr(cpu_distributed, 'get_device', lambda: 'cpu')
    with pytest.raises(ValueError, match='--launcher pytorch'):
        cpu_distributed.prepare_cpu_distributed(Config(dict(launcher='slurm')))
    monkeypatch.setattr(cpu_distributed, 'get_device', lambda: 'cuda')
    assert not cpu_distributed.prepare_cpu_distributed(Config(dict(launcher='slurm')))


@pytest.mark.parametrize('found', ['0.9.0', '1.0.0'])
def test_wrong_version_is_an_error_with_the_remedy(monkeypatch, found):
    monkeypatch.setattr(versions, 'REQUIREMENTS', {'mmengine': (('x',), '0.10.4', '1.0.0')})
    monkeypatch.setattr(versions, 'installed_version', lambda names: found)
    with pytest.raises(
        ImportError, match=rf'mmengine >=0\.10\.4,<1\.0\.0 but {found}.*pip install'
    ):
        versions.check_versions()


def test_missing_package_is_an_error_with_the_remedy(monkeypatch):
    monkeypatch.setattr(versions, 'REQUIREMENTS', {'no_such_module': (('no-such',), '1', '2')})
    with pytest.raises(ImportError, match=r'needs no_such_module.*pip install'):
        versions.check_versions()


def test_installed_versions_pass():
    versions.check_versions()
    assert versions.installed_version(('no-such-distribution', 'torch')) is not None
