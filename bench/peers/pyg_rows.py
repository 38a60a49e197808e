"""The training rows and kNN of bench/README.md with PyTorch Geometric's public API, one JSON line a row, in the form of `bench -- peers --json`.

    python bench/peers/pyg_rows.py [--rows resgcn-7,gcn-2] [--threads 2] [--repeat 5]

Needs torch and torch_geometric; torch_scatter, torch_sparse and torch_cluster are used by them where they are installed. The graph is made by the formula of
BenchGraph.cs. Linux only (peak memory is read from /proc). The Cora rows read the Planetoid set (--cora FOLDER, downloaded by PyG if it is not there).
"""
import argparse
import gc
import json
import statistics
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn import LayerNorm, Linear, ModuleList, ReLU
from torch_geometric.nn import DeepGCNLayer, GCN2Conv, GCNConv, GENConv, GroupAddRev, SAGEConv

NODES, UNDIRECTED, FEATURES, CLASSES = 20_000, 200_000, 128, 10


def uniform(stream, k):
    """SplitMix64 of (stream, k) in [0, 1)."""
    with np.errstate(over="ignore"):
        z = (np.uint64(stream) << np.uint64(40)) + (k.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z ^= z >> np.uint64(30)
        z *= np.uint64(0xBF58476D1CE4E5B9)
        z ^= z >> np.uint64(27)
        z *= np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def bell(stream, i):
    r = [uniform(stream, 4 * i + np.uint64(part)) for part in range(4)]
    return (((r[0] + r[1]) + r[2]) + r[3] - 2.0) * 1.7320508075688772


def bench_graph():
    kept, edges, t, block = set(), [], 0, 1 << 16
    while len(edges) < UNDIRECTED:
        k = np.arange(3 * t, 3 * (t + block), dtype=np.uint64).reshape(-1, 3)
        r = uniform(1, k)
        u, v = np.floor(NODES * r[:, 0] * r[:, 0]).astype(int), np.floor(NODES * r[:, 1] * r[:, 1]).astype(int)
        for a, b, r3 in zip(u.tolist(), v.tolist(), r[:, 2].tolist()):
            w = b - b % CLASSES + a % CLASSES
            if r3 < 0.8 and w < NODES:
                b = w
            key = (min(a, b), max(a, b))
            if a == b or key in kept:
                continue
            kept.add(key)
            edges.append((a, b))
            if len(edges) == UNDIRECTED:
                break
        t += block
    one_way = torch.tensor(edges).t()
    labels = np.arange(NODES) % CLASSES
    means = bell(2, np.arange(CLASSES * FEATURES, dtype=np.uint64)).reshape(CLASSES, FEATURES)
    noise = bell(3, np.arange(NODES * FEATURES, dtype=np.uint64)).reshape(NODES, FEATURES)
    x = torch.from_numpy((0.5 * means[labels] + noise).astype(np.float32))
    train = torch.from_numpy(np.flatnonzero(np.arange(NODES) // 10 % 10 < 6))
    return x, torch.cat([one_way, one_way.flip(0)], dim=1), torch.from_numpy(labels), train


class ResGcn(torch.nn.Module):
    def __init__(self, layers, width=128):
        super().__init__()
        self.stem, self.head = Linear(FEATURES, width), Linear(width, CLASSES)
        self.layers = ModuleList(
            DeepGCNLayer(GENConv(width, width, aggr="softmax", t=1.0, learn_t=True, num_layers=2, norm="layer"), LayerNorm(width), ReLU(), block="res+", dropout=0)
            for _ in range(layers))

    def forward(self, x, edge_index):
        x = self.layers[0].conv(self.stem(x), edge_index)
        for layer in self.layers[1:]:
            x = layer(x, edge_index)
        return self.head(self.layers[0].act(self.layers[0].norm(x)))


class SageBlock(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.conv = LayerNorm(width), SAGEConv(width, width)

    def forward(self, x, edge_index):
        return self.conv(self.norm(x).relu(), edge_index)


class RevSage(torch.nn.Module):
    def __init__(self, layers, width=128):
        super().__init__()
        self.stem, self.norm, self.head = Linear(FEATURES, width), LayerNorm(width), Linear(width, CLASSES)
        self.layers = ModuleList(GroupAddRev(SageBlock(width // 2), num_groups=2) for _ in range(layers))

    def forward(self, x, edge_index):
        x = self.stem(x)
        for layer in self.layers:
            x = layer(x, edge_index)
        return self.head(self.norm(x).relu())


class Gcn(torch.nn.Module):
    def __init__(self, features, hidden, classes, dropout=0.0):
        super().__init__()
        self.first, self.second = GCNConv(features, hidden, cached=True), GCNConv(hidden, classes, cached=True)
        self.dropout = dropout

    def forward(self, x, edge_index):
        x = F.dropout(x, self.dropout, self.training)
        x = F.dropout(self.first(x, edge_index).relu(), self.dropout, self.training)
        return self.second(x, edge_index)


class Gcnii(torch.nn.Module):
    def __init__(self, features, classes, layers=64, width=64, dropout=0.6):
        super().__init__()
        self.stem, self.head, self.dropout = Linear(features, width), Linear(width, classes), dropout
        self.layers = ModuleList(GCN2Conv(width, alpha=0.1, theta=0.5, layer=l + 1, cached=True) for l in range(layers))

    def forward(self, x, edge_index):
        x = first = self.stem(F.dropout(x, self.dropout, self.training)).relu()
        for layer in self.layers:
            x = layer(F.dropout(x, self.dropout, self.training), first, edge_index).relu()
        return self.head(F.dropout(x, self.dropout, self.training))


def training(model, x, edge_index, labels, train, decay=0.0):
    groups = [{"params": list(model.parameters()), "weight_decay": 0.0}]
    if decay:
        first = list(next(model.children()).parameters())
        groups = [{"params": first, "weight_decay": decay},
                  {"params": [p for p in model.parameters() if all(p is not q for q in first)], "weight_decay": 0.0}]
    optimizer = torch.optim.Adam(groups, lr=0.01)
    model.train()

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x, edge_index)[train], labels[train]).backward()
        optimizer.step()

    return step


def row_work(row, cora):
    kind, *rest = row.split("-")
    if kind == "knn":
        count, dimensions = int(rest[0]), int(rest[1][1:])
        points = torch.from_numpy(uniform(109, np.arange(count * dimensions, dtype=np.uint64)).astype(np.float32)).view(count, dimensions)
        if dimensions <= 3:
            from torch_cluster import knn_graph
            return lambda: knn_graph(points, 16)
        return lambda: torch.topk(torch.cdist(points, points).fill_diagonal_(float("inf")), 16, largest=False)
    if kind == "cora":
        from torch_geometric.datasets import Planetoid
        data = Planetoid(cora, "Cora")[0]
        model = Gcn(data.num_features, 16, 7, dropout=0.5) if rest[0] == "gcn" else Gcnii(data.num_features, 7)
        return training(model, data.x, data.edge_index, data.y, data.train_mask.nonzero().view(-1), decay=5e-4)
    x, edge_index, labels, train = bench_graph()
    model = {"resgcn": ResGcn, "revsage": RevSage}[kind](int(rest[0])) if kind != "gcn" else Gcn(FEATURES, 128, CLASSES)
    return training(model, x, edge_index, labels, train)


def status(field):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def measure(row, threads, repeat, cora):
    work = row_work(row, cora)
    gc.collect()
    base = status("VmRSS")
    with open("/proc/self/clear_refs", "w") as reset:
        reset.write("5")
    for _ in range(2):
        work()
    taken = []
    for _ in range(repeat):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return {"row": row, "median": statistics.median(taken), "min": min(taken), "max": max(taken),
            "peakMiBAboveBase": round(status("VmHWM") - base, 1), "threads": threads}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", default="resgcn-7,revsage-28,gcn-2,knn-16384-d3,knn-16384-d64,cora-gcn-2,cora-gcnii-64")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--cora", default="planetoid")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in options.rows.split(","):
        print(json.dumps(measure(name, options.threads, options.repeat, options.cora)), flush=True)
