"""Networks whose published checkpoints benchmarks and tests read, with the names of their tensors. PyTorch."""
import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Of a CIFAR ResNet of He et al. 2016 with option A."""

    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False), nn.BatchNorm2d(planes)
        self.pad = planes // 4 if inputs != planes else 0

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad)) if self.pad else x))


class ResNet(nn.Module):
    """For CIFAR-10, of akamaster/pytorch_resnet_cifar10; 3 blocks a stage are ResNet-20."""

    def __init__(self, blocks):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        for stage, planes in enumerate((16, 32, 64)):
            first = Block(planes // 2, planes, 2) if stage else Block(16, 16, 1)
            setattr(self, f"layer{stage + 1}", nn.Sequential(first, *(Block(planes, planes, 1) for _ in range(blocks - 1))))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Digits(nn.Module):
    """The network of hendrycks/outlier-exposure for MNIST."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5)
        self.fc1, self.fc2 = nn.Linear(320, 50), nn.Linear(50, 10)

    def forward(self, x):
        gelu = lambda x: torch.sigmoid(1.702 * x) * x
        x = gelu(F.max_pool2d(self.conv1(x), 2))
        x = gelu(F.max_pool2d(self.conv2(x), 2))
        return self.fc2(gelu(self.fc1(x.flatten(1))))
