"""How far PyTorch's own float32 gradient is from its float64 one, and that from itself after weights move by float32's rounding."""
import copy, pathlib, sys

import torch

SHARED = next(folder / "shared" for folder in pathlib.Path(__file__).resolve().parents if (folder / "shared/oracle").is_dir())
sys.path.insert(0, str(SHARED / "oracle"))
from nets import load_images, load_net, to_input
torch.set_num_threads(2)
net=load_net(f"{SHARED}/data/checkpoints/oecc_cifar10_densenet_baseline.pth").eval()
images,labels=load_images(f"{SHARED}/data/cifar-10-batches-bin/test_batch.bin",24)
y=torch.from_numpy(labels).long()
def g(net,x,y):
    net.zero_grad(); torch.nn.functional.cross_entropy(net(x).double(),y).backward()
    return torch.cat([p.grad.double().flatten() for p in net.parameters()])
for k in range(3):
    s=slice(8*k,8*k+8)
    x64=to_input(images[s],"hendrycks",torch.float64)
    d=copy.deepcopy(net).double(); g64=g(d,x64,y[s]); g32=g(net,x64.float(),y[s])
    n=g64.norm(); out=[]
    for seed in range(4):
        torch.manual_seed(seed); p=copy.deepcopy(d)
        with torch.no_grad():
            for q in p.parameters(): q.mul_(1+6e-8*torch.randn_like(q))
        out.append(f"{((g(p,x64,y[s])-g64).norm()/n).item():.1e}")
    print(k,"norm",f"{n.item():.3e}","float32 off",f"{((g32-g64).norm()/n).item():.1e}","float64 moved",out,flush=True)
