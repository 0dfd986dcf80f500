"""Makes fused_convolution.pt: the two operators of oneDNN that libtorch registers but its C++ functions, and so tch, do not name.
Run it with the PyTorch that libtorch is of: python3 make.py"""
from typing import List, Optional

import torch
from torch import Tensor


class FusedConvolution(torch.nn.Module):
    @torch.jit.export
    def conv(self, x: Tensor, weight: Tensor, bias: Optional[Tensor], stride: List[int], padding: List[int], dilation: List[int], groups: int) -> Tensor:
        """conv(x) + bias, also of packed weights"""
        return torch.ops.mkldnn._convolution_pointwise(x, weight, bias, padding, stride, dilation, groups, "none", [], "")

    @torch.jit.export
    def conv_relu(self, x: Tensor, weight: Tensor, bias: Optional[Tensor], stride: List[int], padding: List[int], dilation: List[int], groups: int) -> Tensor:
        """relu(conv(x) + bias)"""
        return torch.ops.mkldnn._convolution_pointwise(x, weight, bias, padding, stride, dilation, groups, "relu", [], "")

    @torch.jit.export
    def conv_add(self, x: Tensor, weight: Tensor, bias: Optional[Tensor], stride: List[int], padding: List[int], dilation: List[int], groups: int, other: Tensor, then: Optional[str]) -> Tensor:
        """then(other + conv(x) + bias), written over `other`; `then` is "relu" or nothing."""
        return torch.ops.mkldnn._convolution_pointwise_(
            other, x, weight, bias, padding, stride, dilation, groups, "add", 1.0, then, [], ""
        )


torch.jit.script(FusedConvolution()).save("fused_convolution.pt")
