import torch
from torch import nn

from mmwsss.registry import OPTIM_WRAPPERS


class Model(nn.Module):
    """A linear model that remembers the type of its output."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 1)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        output = self.linear(inputs)
        self.seen = output.dtype
        return output.float().square().mean()


def test_forward_in_bfloat16_and_weights_in_float32() -> None:
    model = Model()
    wrapper = OPTIM_WRAPPERS.build(
        dict(
            type='BFloat16OptimWrapper',
            optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        )
    )
    inputs = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    before = model.linear.weight.detach().clone()
    with torch.no_grad():
        output = model.linear(inputs)
    with wrapper.optim_context(model):
        loss = model(inputs)
    assert model.seen == torch.bfloat16
    wrapper.update_params(loss)
    assert model.linear.weight.dtype == torch.float32
    # d/dw of (w·x + b)² is 2 (w·x + b) x.
    expected = before - 0.1 * 2 * output * inputs
    torch.testing.assert_close(model.linear.weight.detach(), expected, rtol=0.02, atol=0.02)
