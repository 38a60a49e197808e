"""The models of GnnService built from PyG's public modules, with the same parameter names and the same outputs.

Members of the spec are those of a run's "model" object; those left out have the service's defaults.
"""

import torch
import torch.nn.functional as F
import torch_geometric.nn as pyg
from torch.nn import BatchNorm1d, Dropout, LayerNorm, Linear, Module, ModuleList, ReLU, Sequential

DEFAULTS = {
    "convolution": "gcn", "backbone": "res+", "layers": 16, "hiddenChannels": 64, "normalization": "layer",
    "dropout": 0.5, "inputDropout": 0.0, "stem": "linear", "fusion": "last", "prediction": "mlp", "predictionHidden": [],
    "aggregation": "softmax", "learnTemperature": True, "heads": 1, "groups": 2, "alpha": 0.1, "theta": 0.5,
}


class MRConv(pyg.MessagePassing):
    """Max-relative convolution (DeepGCNs, arXiv:1904.03751); PyG has none."""

    def __init__(self, in_channels, out_channels):
        super().__init__(aggr="max")
        self.nn = Sequential(Linear(2 * in_channels, out_channels), ReLU())

    def forward(self, x, edge_index):
        return self.nn(torch.cat([x, self.propagate(edge_index, x=x)], dim=1))

    def message(self, x_i, x_j):
        return x_j - x_i


def convolution(spec, in_channels, out_channels):
    kind, heads = spec["convolution"], spec["heads"]
    if kind == "gcn":
        return pyg.GCNConv(in_channels, out_channels)
    if kind == "gen":
        aggregation = spec["aggregation"]
        inner = spec["normalization"] if spec["normalization"] in ("batch", "layer") else None
        learn = spec["learnTemperature"] and aggregation == "softmax"
        return pyg.GENConv(in_channels, out_channels, aggr=aggregation, learn_t=learn, norm=inner)
    if kind == "graph":
        return pyg.GraphConv(in_channels, out_channels)
    if kind == "sage":
        return pyg.SAGEConv(in_channels, out_channels)
    if kind == "gin":
        mlp = Sequential(Linear(in_channels, out_channels), ReLU(), Linear(out_channels, out_channels))
        return pyg.GINConv(mlp, train_eps=True)
    if kind in ("gat", "gatv2"):
        concat = out_channels % heads == 0
        conv = pyg.GATConv if kind == "gat" else pyg.GATv2Conv
        return conv(in_channels, out_channels // heads if concat else out_channels, heads, concat=concat, dropout=spec["dropout"])
    if kind == "edge":
        return pyg.EdgeConv(Sequential(Linear(2 * in_channels, out_channels), ReLU()), aggr="max")
    if kind == "mr":
        return MRConv(in_channels, out_channels)
    raise ValueError(f"convolution: found {kind}")


def normalization(spec, channels):
    return {
        "none": lambda: None,
        "batch": lambda: BatchNorm1d(channels),
        "layer": lambda: LayerNorm(channels),
        "graph": lambda: pyg.GraphNorm(channels),
        "instance": lambda: pyg.InstanceNorm(channels),
        "pair": lambda: pyg.PairNorm(),
        "mean": lambda: pyg.MeanSubtractionNorm(),
        "group": lambda: pyg.DiffGroupNorm(channels, groups=10),
    }[spec["normalization"]]()


class InitialResidualLayer(Module):
    """One layer of GCNII."""

    def __init__(self, spec, layer):
        super().__init__()
        width = spec["hiddenChannels"]
        self.conv = pyg.GCN2Conv(width, spec["alpha"], spec["theta"], layer)
        self.norm = normalization(spec, width)
        self.dropout = spec["dropout"]

    def forward(self, x, x_0, edge_index):
        h = self.conv(F.dropout(x, self.dropout, self.training), x_0, edge_index)
        return (h if self.norm is None else self.norm(h)).relu()


class CouplingBlock(Module):
    """The function of one channel group in a reversible layer; dropout is left to the caller's training loop."""

    def __init__(self, spec, channels):
        super().__init__()
        self.norm = normalization(spec, channels)
        self.conv = convolution({**spec, "dropout": 0.0}, channels, channels)

    def forward(self, x, edge_index):
        return self.conv((x if self.norm is None else self.norm(x)).relu(), edge_index)


class Fusion(Module):
    """All layers concatenated; "global" adds their pooled maximum in front."""

    def __init__(self, spec, channels):
        super().__init__()
        self.out_channels = channels
        if spec["fusion"] == "global":
            self.lin = Linear(channels, 1024)
            self.norm = normalization(spec, 1024)
            self.out_channels += 1024

    def forward(self, outputs):
        h = torch.cat(outputs, dim=1)
        if not hasattr(self, "lin"):
            return h
        fused = self.lin(h)
        fused = (fused if self.norm is None else self.norm(fused)).relu()
        return torch.cat([fused.amax(0, keepdim=True).expand(h.size(0), -1), h], dim=1)


class DeepGCN(Module):
    def __init__(self, spec, features, classes):
        super().__init__()
        self.spec = spec = {**DEFAULTS, **spec}
        width, backbone = spec["hiddenChannels"], spec["backbone"]
        self.stem = Linear(features, width) if spec["stem"] == "linear" else None

        self.layers = ModuleList()
        outputs = []
        for index in range(spec["layers"] - (spec["prediction"] == "convolution")):
            before = outputs[-1] if outputs else width if self.stem is not None else features
            self.layers.append(self._layer(index, before))
            outputs.append(before + width if index > 0 and backbone == "dense" else width)

        last = outputs[-1] if outputs else width
        self.norm = normalization(spec, last) if backbone in ("res+", "rev") else None
        self.fusion = Fusion(spec, sum(outputs)) if spec["fusion"] != "last" else None
        fused = last if self.fusion is None else self.fusion.out_channels
        if spec["prediction"] == "convolution":
            self.prediction = convolution(spec, fused, classes)
        else:
            self.head = self._head(fused, classes)

    def _layer(self, index, in_channels):
        spec, width = self.spec, self.spec["hiddenChannels"]
        backbone = spec["backbone"]
        if backbone == "initial":
            return InitialResidualLayer(spec, index + 1)
        if backbone == "rev":
            groups = spec["groups"]
            return pyg.GroupAddRev(ModuleList(CouplingBlock(spec, width // groups) for _ in range(groups)))
        conv = convolution(spec, in_channels, width)
        if index == 0 and backbone == "res+":
            return pyg.DeepGCNLayer(conv, None, None, block="plain")
        block = "plain" if index == 0 else backbone
        return pyg.DeepGCNLayer(conv, normalization(spec, width), ReLU(), block=block, dropout=spec["dropout"])

    def _head(self, in_channels, classes):
        modules = []
        for hidden in self.spec["predictionHidden"]:
            norm = normalization(self.spec, hidden)
            modules += [Linear(in_channels, hidden), *([] if norm is None else [norm]), ReLU(), Dropout(self.spec["dropout"])]
            in_channels = hidden
        return Sequential(*modules, Linear(in_channels, classes))

    def forward(self, x, edge_index):
        spec, backbone = self.spec, self.spec["backbone"]
        h = F.dropout(x, spec["inputDropout"], self.training)
        if self.stem is not None:
            h = self.stem(h)
        if backbone == "initial":
            h = h.relu()

        first, outputs = h, []
        for layer in self.layers:
            h = layer(h, first, edge_index) if backbone == "initial" else layer(h, edge_index)
            outputs.append(h)

        if backbone == "initial":
            h = F.dropout(h, spec["dropout"], self.training)
        elif backbone == "rev" or (backbone == "res+" and len(self.layers) > 0):
            h = (h if self.norm is None else self.norm(h)).relu()
            h = F.dropout(h, spec["dropout"], self.training)

        if self.fusion is not None:
            h = self.fusion([*outputs[:-1], h])
        return self.head(h) if spec["prediction"] == "mlp" else self.prediction(h, edge_index)
