"""The models of GnnService built from PyG's public modules, with the same parameter names and the same outputs.

Members of the spec are those of a run's "model" object; those left out have the service's defaults.
"""

import torch
import torch.nn.functional as F
import torch_geometric.nn as pyg
from torch.nn import BatchNorm1d, Dropout, LayerNorm, Linear, Module, ModuleList, ReLU, Sequential

DEFAULTS = {
    "convolution": "gcn", "backbone": "res+", "layers": 16, "hiddenChannels": 64, "normalization": "layer",
    "dropout": 0.5, "inputDropout": 0.0, "tieWeights": False, "stem": "linear", "fusion": "last", "prediction": "mlp",
    "predictionHidden": [], "readout": "mean", "aggregation": "default", "learnTemperature": True, "temperature": 1.0,
    "messageNorm": False, "mlpLayers": 2, "edgeFeatures": False, "heads": 1, "groups": 2, "alpha": 0.1, "theta": 0.5,
    "separateWeights": False,
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


class RectifiedGIN(pyg.GINConv):
    """GINE on edges without features, which PyG's GINEConv does not take."""

    def message(self, x_j):
        return x_j.relu()


def convolution(spec, in_channels, out_channels, edge_channels=None):
    kind, heads, aggregation = spec["convolution"], spec["heads"], spec["aggregation"]
    if kind == "gcn":
        return pyg.GCNConv(in_channels, out_channels)
    if kind == "gen":
        return gen_convolution(spec, in_channels, out_channels, edge_channels)
    if kind == "graph":
        return pyg.GraphConv(in_channels, out_channels, aggr="sum" if aggregation == "default" else aggregation)
    if kind == "sage":
        return pyg.SAGEConv(in_channels, out_channels, aggr="mean" if aggregation == "default" else aggregation)
    if kind in ("gin", "gine"):
        mlp = Sequential(Linear(in_channels, out_channels), ReLU(), Linear(out_channels, out_channels))
        if kind == "gine" and edge_channels is not None:
            return pyg.GINEConv(mlp, train_eps=True, edge_dim=edge_channels)
        return (pyg.GINConv if kind == "gin" else RectifiedGIN)(mlp, train_eps=True)
    if kind in ("gat", "gatv2"):
        concat = out_channels % heads == 0
        conv = pyg.GATConv if kind == "gat" else pyg.GATv2Conv
        width = out_channels // heads if concat else out_channels
        return conv(in_channels, width, heads, concat=concat, dropout=spec["dropout"], edge_dim=edge_channels)
    if kind == "edge":
        return pyg.EdgeConv(Sequential(Linear(2 * in_channels, out_channels), ReLU()), aggr="max")
    if kind == "mr":
        return MRConv(in_channels, out_channels)
    raise ValueError(f"convolution: found {kind}")


def gen_convolution(spec, in_channels, out_channels, edge_channels):
    aggregation = {"default": "softmax", "softmaxStopped": "softmax", "power": "powermean"}.get(spec["aggregation"], spec["aggregation"])
    # A softmax whose weights are constants in the backward pass has the same outputs and, as in PyG, no temperature to learn.
    learn, value = spec["learnTemperature"], spec["temperature"]
    options = {
        "softmax": {"t": value, "learn_t": learn and spec["aggregation"] != "softmaxStopped"},
        "powermean": {"p": value, "learn_p": learn},
    }.get(aggregation, {})
    return pyg.GENConv(
        in_channels, out_channels, aggr=aggregation, msg_norm=spec["messageNorm"], learn_msg_scale=spec["messageNorm"],
        norm=spec["normalization"] if spec["normalization"] in ("batch", "layer") else None,
        num_layers=spec["mlpLayers"], edge_dim=edge_channels, **options)


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
        self.conv = pyg.GCN2Conv(width, spec["alpha"], spec["theta"], layer, shared_weights=not spec["separateWeights"])
        self.norm = normalization(spec, width)
        self.dropout = spec["dropout"]

    def forward(self, x, x_0, edge_index):
        h = self.conv(F.dropout(x, self.dropout, self.training), x_0, edge_index)
        return (h if self.norm is None else self.norm(h)).relu()


class CouplingBlock(Module):
    """The function of one channel group in a reversible layer; dropout is left to the caller's training loop."""

    def __init__(self, spec, channels, edge_channels):
        super().__init__()
        self.norm = normalization(spec, channels)
        self.conv = convolution({**spec, "dropout": 0.0}, channels, channels, edge_channels)

    def forward(self, x, edge_index, *edges):
        return self.conv((x if self.norm is None else self.norm(x)).relu(), edge_index, *edges)


class Fusion(Module):
    """Brings all layers together; "global" adds their maximum over the nodes in front, "nodeMax" that over the channels of each node."""

    def __init__(self, spec, widths):
        super().__init__()
        self.kind = spec["fusion"]
        mode = self.kind if self.kind in ("max", "lstm") else "cat"
        self.jump = pyg.JumpingKnowledge(mode, widths[0], len(widths)) if mode == "lstm" else pyg.JumpingKnowledge(mode)
        self.out_channels = sum(widths) if mode == "cat" else widths[0]
        if self.kind in ("global", "nodeMax"):
            self.lin = Linear(self.out_channels, 1024)
            self.norm = normalization(spec, 1024)
            self.out_channels += 1024 if self.kind == "global" else 1

    def forward(self, outputs, batch):
        h = self.jump(outputs)
        if self.kind not in ("global", "nodeMax"):
            return h
        fused = self.lin(h)
        fused = (fused if self.norm is None else self.norm(fused)).relu()
        largest = fused.amax(1, keepdim=True) if self.kind == "nodeMax" else pyg.global_max_pool(fused, batch)[batch]
        return torch.cat([largest, h], dim=1)


def readout(kind, h, batch):
    mean, largest, total = pyg.global_mean_pool, pyg.global_max_pool, pyg.global_add_pool
    if kind == "meanMax":
        return torch.cat([mean(h, batch), largest(h, batch)], dim=1)
    return {"mean": mean, "max": largest, "sum": total}[kind](h, batch)


class DeepGCN(Module):
    """features, classes: channels in and out. edge_channels: of the edge features, where the spec uses them. graphs: classify whole graphs."""

    def __init__(self, spec, features, classes, edge_channels=None, graphs=False):
        super().__init__()
        self.spec = spec = {**DEFAULTS, **spec}
        self.graphs = graphs
        self.edge_channels = edge_channels if spec["edgeFeatures"] else None
        width, backbone = spec["hiddenChannels"], spec["backbone"]
        self.stem = Linear(features, width) if spec["stem"] == "linear" else None

        self.depth = 0 if backbone == "appnp" else spec["layers"] - (spec["prediction"] == "convolution")
        self.layers = ModuleList()
        outputs = []
        for index in range(self.depth):
            before = outputs[-1] if outputs else width if self.stem is not None else features
            if index < 2 or not spec["tieWeights"]:
                self.layers.append(self._layer(index, before))
            outputs.append(before + width if index > 0 and backbone == "dense" else width)

        last = outputs[-1] if outputs else width
        self.norm = normalization(spec, last) if backbone in ("res+", "rev") else None
        self.fusion = Fusion(spec, outputs) if spec["fusion"] != "last" and outputs else None
        fused = last if self.fusion is None else self.fusion.out_channels
        if spec["prediction"] == "convolution":
            self.prediction = convolution(spec, fused, classes, self.edge_channels)
        else:
            self.head = self._head(2 * fused if graphs and spec["readout"] == "meanMax" else fused, classes)
        if backbone == "appnp":
            self.appnp = pyg.APPNP(spec["layers"], spec["alpha"])

    def _layer(self, index, in_channels):
        spec, width = self.spec, self.spec["hiddenChannels"]
        backbone = spec["backbone"]
        if backbone == "initial":
            return InitialResidualLayer(spec, index + 1)
        if backbone == "rev":
            groups = spec["groups"]
            return pyg.GroupAddRev(ModuleList(CouplingBlock(spec, width // groups, self.edge_channels) for _ in range(groups)))
        conv = convolution(spec, in_channels, width, self.edge_channels)
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

    def forward(self, x, edge_index, edge_attr=None, batch=None):
        spec, backbone = self.spec, self.spec["backbone"]
        edges = () if self.edge_channels is None else (edge_attr,)
        batch = x.new_zeros(x.size(0), dtype=torch.long) if batch is None else batch
        h = F.dropout(x, spec["inputDropout"], self.training)
        if self.stem is not None:
            h = self.stem(h)
        if backbone in ("initial", "appnp"):
            h = h.relu()

        first, outputs = h, []
        for index in range(self.depth):
            layer = self.layers[min(index, len(self.layers) - 1)]
            h = layer(h, first, edge_index) if backbone == "initial" else layer(h, edge_index, *edges)
            outputs.append(h)

        if backbone in ("initial", "appnp"):
            h = F.dropout(h, spec["dropout"], self.training)
        elif backbone == "rev" or (backbone == "res+" and self.depth > 0):
            h = (h if self.norm is None else self.norm(h)).relu()
            h = F.dropout(h, spec["dropout"], self.training)

        if self.fusion is not None:
            h = self.fusion([*outputs[:-1], h], batch)
        if self.graphs:
            h = readout(spec["readout"], h, batch)
        if spec["prediction"] == "convolution":
            return self.prediction(h, edge_index, *edges)
        h = self.head(h)
        return self.appnp(h, edge_index) if backbone == "appnp" else h
