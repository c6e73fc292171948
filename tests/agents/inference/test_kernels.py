"""Hand-written backward passes against automatic differentiation of the plain formulas."""

from __future__ import annotations

import torch

from selfplay_gym.agents.inference.kernels import rms_norm, rotate


def draw(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64)


def test_rms_norm_gradients_by_finite_differences():
    x, weight = draw(5, 3, 7).requires_grad_(), (1 + draw(7)).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: rms_norm(a, b, 1e-6), (x, weight))


def test_rms_norm_value():
    x, weight = draw(4, 6), 1 + draw(6)
    expected = x / (x.square().mean(-1, keepdim=True) + 1e-3).sqrt() * weight
    torch.testing.assert_close(rms_norm(x.requires_grad_(), weight, 1e-3), expected.detach())


def test_rotation_gradients_by_finite_differences():
    angle = draw(5, 1, 3)
    assert torch.autograd.gradcheck(lambda a: rotate(a, angle.cos(), angle.sin()), (draw(5, 2, 6).requires_grad_(),))


def test_rotation_is_that_of_complex_numbers():
    x, angle = draw(5, 2, 6), draw(5, 1, 3)
    turned = torch.complex(x[..., :3], x[..., 3:]) * torch.polar(torch.ones_like(angle), angle)
    torch.testing.assert_close(rotate(x, angle.cos(), angle.sin()), torch.cat([turned.real, turned.imag], -1))
