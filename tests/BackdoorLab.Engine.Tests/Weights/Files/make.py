"""Makes the files beside it with PyTorch; run it in this folder."""
import collections

import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(2, 2)

    def forward(self, x):
        return self.fc(x)


values = torch.arange(24, dtype=torch.float32)
state = collections.OrderedDict()
state["module.conv1.weight"] = values.reshape(2, 3, 2, 2).contiguous(memory_format=torch.channels_last)
state["module.fc.weight"] = (values[:6] / 4).reshape(2, 3).half()
state["module.fc.bias"] = torch.nn.Parameter(torch.tensor([0.5, -2.0]).bfloat16())
state["module.bn1.running_mean"] = values.double()[3:6]
state["module.bn1.num_batches_tracked"] = torch.tensor(7)

torch.save({"net": state, "acc": 93.25, "epoch": 300, "best": True, "history": [1, 2.5, None], "classes": ("cat", "dog")}, "wrapped.pth")
torch.save(state, "old-form.pth", _use_new_zipfile_serialization=False)
torch.save(Net(), "whole-model.pth")
torch.jit.script(Net()).save("script.pt")
